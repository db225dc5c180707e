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

	"github.com/rs/zerolog"

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
	signals := catchSignals()
	defer signals.release()
	log, closeLog := openLog(s.LogLevel, s.LogFormat)
	defer closeLog()

	listener, err := net.Listen("tcp", s.Admin)
	if err != nil {
		return fmt.Errorf("cannot listen on %s for the admin API (--admin): %w", s.Admin, master.Hint("tcp", err))
	}
	m, err := newMaster(s, log)
	if err != nil {
		return errors.Join(err, listener.Close())
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
		Str("admin", "http://"+listener.Addr().String()).Msg("rota starts")
	if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsLoopback() {
		log.Warn().Stringer("address", address).Msg("the admin API asks for no password and can be reached from other machines")
	}
	stopServing := serve(api, listener, log)
	go signals.obey(m, log)
	m.Run()
	stopServing()
	log.Info().Msg("rota has stopped")
	return nil
}

func newMaster(s settings.Settings, log zerolog.Logger) (*master.Master, error) {
	addresses, problems := master.ParseListen(s.Listen)
	if err := errors.Join(problems...); err != nil {
		return nil, usageError{err}
	}
	spec := master.Spec{
		Listen:       addresses,
		Command:      builtInWorker(s),
		Workers:      s.Workers,
		StartTimeout: s.StartTimeout,
		DrainTimeout: s.DrainTimeout,
	}
	if len(s.Command) > 0 {
		spec.Command, spec.Ready = s.Command, master.Undecided()
	}
	return master.New(master.Options{Spec: spec, Log: log})
}

// serve has the API answer until stop is called, which lets it finish what it is about.
func serve(api *admin.Server, listener net.Listener, log zerolog.Logger) (stop func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := api.Serve(listener); err != nil {
			log.Error().Err(err).Msg("the admin API has ended; the workers go on, and signals are obeyed")
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminGrace)
		defer cancel()
		if err := api.Shutdown(ctx); err != nil { // a client that says nothing is no failure of ours
			log.Debug().Err(err).Msg("requests to the admin API were cut")
		}
		<-ended
	}
}

// builtInWorker is the command of the hello-world worker: this program, by the name it was
// called, so that the file which stands there at the next reload is the one that runs.
func builtInWorker(s settings.Settings) []string {
	return []string{ownPath(), workerVerb, "--log-level", s.LogLevel, "--orphan-timeout", s.DrainTimeout.String()}
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
