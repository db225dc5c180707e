package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"rota/internal/admin"
	"rota/internal/master"
	"rota/internal/settings"
	"rota/web"
)

// adminGrace is how long requests to the admin API may take to end once the workers are gone.
const adminGrace = 3 * time.Second

// run wires the master, the admin API and the signals, and returns when the master was
// told to stop and its last worker is gone.
func run(s settings.Settings) error {
	log, closeLog := openLog(s.LogLevel, s.LogFormat)
	defer closeLog()

	addresses, problems := master.ParseListen(s.Listen)
	if err := errors.Join(problems...); err != nil {
		return usageError{err}
	}
	adminListener, err := net.Listen("tcp", s.Admin)
	if err != nil {
		return fmt.Errorf("cannot listen on %s for the admin API: %w; choose another address with --admin", s.Admin, err)
	}
	m, err := master.New(master.Options{
		Listen:       addresses,
		Command:      builtInWorker(s.LogLevel),
		Workers:      s.Workers,
		StartTimeout: s.StartTimeout,
		DrainTimeout: s.DrainTimeout,
		Log:          log,
	})
	if err != nil {
		return errors.Join(err, adminListener.Close())
	}
	api := admin.New(m, admin.Options{
		Version:    currentVersion(),
		Address:    s.Admin,
		Hosts:      s.AdminHost,
		MaxStreams: s.EventStreams,
		Page:       web.Files,
		Log:        log,
	})
	log.Info().Str("version", currentVersion()).Int("pid", os.Getpid()).
		Str("admin", "http://"+adminListener.Addr().String()).Msg("rota starts")

	served := make(chan error, 1)
	go func() { served <- api.Serve(adminListener) }()
	ignoreSignals := obeySignals(m, log)
	defer ignoreSignals()

	err = m.Run()
	ctx, cancel := context.WithTimeout(context.Background(), adminGrace)
	defer cancel()
	return errors.Join(err, api.Shutdown(ctx), <-served)
}

// builtInWorker is the command of the hello-world worker: this program, by the name it was
// called, so that the file which stands there at the next reload is the one that runs.
func builtInWorker(logLevel string) []string {
	return []string{ownPath(), workerVerb, "--log-level", logLevel}
}

// ownPath is the path this program was called by, with its symbolic links; a deploy may
// switch those. Where that leads elsewhere, it is where the kernel says the program is.
func ownPath() string {
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
