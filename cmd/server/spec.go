package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/rs/zerolog"

	"rota/internal/check"
	"rota/internal/master"
	"rota/internal/probe"
	"rota/internal/settings"
)

// What the settings mean to the master, at its start and at every reload.

func newMaster(s settings.Settings, reread func() (settings.Settings, error), log zerolog.Logger) (*master.Master, error) {
	given, err := master.TakeGiven(os.Getenv)
	if err != nil {
		return nil, err
	}
	spec, err := specOf(s, len(given) > 0)
	if err != nil {
		return nil, usageError{err}
	}
	warnOfHostNames(log, hostNames(spec.Listen)...)
	return master.New(master.Options{
		Spec: spec,
		Reread: func() (master.Spec, error) {
			now, err := reread()
			if err != nil {
				return master.Spec{}, err
			}
			warnOfFixed(s, now, log)
			next, err := specOf(now, len(given) > 0)
			warnOfHostNames(log, hostNames(next.Listen)...)
			return next, err
		},
		Given: given,
		Probe: probe.HTTP,
		Check: check.Run,
		Log:   log,
	})
}

// specOf makes a spec of the settings. activated says that rota was started with sockets: then
// the default address is not for it to open.
func specOf(s settings.Settings, activated bool) (master.Spec, error) {
	if activated && s.ListenByDefault {
		s.Listen = nil
	}
	addresses, problems := master.ParseListen(s.Listen)
	ready, err := master.ParseReadiness(s.Ready)
	ready.Headers = s.ProbeHeader
	checks, err2 := checksOf(s)
	if err := errors.Join(append(problems, err, err2)...); err != nil {
		return master.Spec{}, err
	}
	spec := master.Spec{
		Listen:       addresses,
		Command:      s.Command,
		Workers:      s.Workers,
		StartTimeout: s.StartTimeout,
		DrainTimeout: s.DrainTimeout,
		Directory:    s.Dir,
		Env:          s.Env,
		Withhold:     settings.Variables(),
		User:         s.User,
		Groups:       s.Group,
		OpenFiles:    s.OpenFiles,
		NoNewPrivs:   s.NoNewPrivileges,
		Ready:        ready,
		StopSignal:   s.StopSignal,
		StopGroup:    s.StopGroup,
		Watchdog:     s.Watchdog,

		Checks:        checks,
		CheckHeaders:  s.ProbeHeader,
		CheckTimeout:  s.CheckTimeout,
		MaxDraining:   s.MaxDraining,
		ProbeInterval: s.ProbeInterval,
		Strategy: master.Strategy{
			Canary:       s.Canary,
			CanarySoak:   s.CanarySoak,
			PauseBetween: s.PauseBetween,
			Soak:         s.Soak,
		},
	}
	if spec.Strategy.Surge, err = master.ParseSurge(s.Surge); err != nil {
		return master.Spec{}, fmt.Errorf("surge: %w", err)
	}
	if s.Umask >= 0 {
		spec.Umask = &s.Umask
	}
	if len(s.Command) == 0 {
		spec.Command = builtInWorker(s)
		if s.StopSignal != 0 && s.StopSignal != syscall.SIGTERM {
			return master.Spec{}, fmt.Errorf("stop_signal: the built-in worker drains at SIGTERM, not at %s; leave it out, or name a command", s.StopSignal)
		}
	}
	return spec, nil
}

func checksOf(s settings.Settings) (list []master.Check, err error) {
	for _, text := range s.Check {
		c, bad := check.Parse(text)
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("check: %w", bad))
		}
		list = append(list, c)
	}
	return list, err
}

// warnOfFixed says which of the settings that differ now wait for the next start.
func warnOfFixed(was, now settings.Settings, log zerolog.Logger) {
	for key, changed := range map[string]bool{
		"admin":         was.Admin != now.Admin,
		"admin_host":    !slices.Equal(was.AdminHost, now.AdminHost),
		"event_streams": was.EventStreams != now.EventStreams,
		"log_level":     was.LogLevel != now.LogLevel,
		"log_format":    was.LogFormat != now.LogFormat,
	} {
		if changed {
			log.Warn().Str("key", key).Msg("this setting has changed, which takes effect when rota is started anew")
		}
	}
}

// builtInWorker is the command of the hello-world worker: this program, by the name it was
// called, so that the file which stands there at the next reload is the one that runs.
func builtInWorker(s settings.Settings) []string {
	return []string{ownPath(), workerVerb, "--log-level", s.LogLevel, "--orphan-timeout", s.DrainTimeout.String()}
}

// ownPath is the path this program was called by, with its symbolic links; a deploy may
// switch those. Where that leads elsewhere, it is where the kernel says the program is. Found once:
// later another file may stand there.
var ownPath = sync.OnceValue(findOwnPath)

func findOwnPath() string {
	running, err := os.Stat("/proc/self/exe")
	if err == nil {
		if path, err := exec.LookPath(os.Args[0]); err == nil {
			absolute, err := filepath.Abs(path)
			called, err2 := os.Stat(path)
			if err == nil && err2 == nil && os.SameFile(running, called) {
				return absolute
			}
		}
	}
	if path, err := os.Executable(); err == nil {
		return path
	}
	return os.Args[0]
}
