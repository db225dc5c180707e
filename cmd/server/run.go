package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"rota/internal/admin"
	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/settings"
	"rota/web"
)

// adminGrace is how long requests to the admin API may take to finish once the workers are gone.
const adminGrace = 3 * time.Second

func runCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "run [flags] [-- command [argument]...]",
		Short: "Start the master and its workers",
		Args:  onlyACommand,
		RunE: func(command *cobra.Command, program []string) error {
			s, err := load(command.Flags(), program)
			if err != nil {
				return usageError{err}
			}
			return run(s, func() (settings.Settings, error) { return load(command.Flags(), program) })
		},
	}
	command.Flags().String("config", "", "YAML `file` with settings; $ROTA_CONFIG names it too")
	settings.Register(command.Flags())
	return command
}

// run wires the master, the admin API and the signals. It returns when the master was told to stop and its
// last worker is gone. reread reads the settings again for a reload.
func run(s settings.Settings, reread func() (settings.Settings, error)) error {
	signals := catchSignals()
	defer signals.release()
	log, closeLog := openLog(s.LogLevel, s.LogFormat)
	defer closeLog()
	if err := keepThreads(log); err != nil {
		return err
	}

	listener, err := net.Listen("tcp", s.Admin)
	if err != nil {
		return fmt.Errorf("cannot listen on %s for the admin API (--admin): %w", s.Admin, listen.Hint("tcp", err))
	}
	m, err := newMaster(s, reread, log)
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
		log.Warn().Stringer("address", address).Msg("other machines can reach the admin API, and it asks for no password")
	}
	warnOfHostNames(log, s.Admin)
	stopServing := serve(api, listener, log)
	go signals.obey(m, log)
	m.Run()
	stopServing()
	log.Info().Msg("rota has stopped")
	return nil
}

// serve answers requests until stop is called. stop lets running requests finish.
func serve(api *admin.Server, listener net.Listener, log zerolog.Logger) (stop func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := api.Serve(listener); err != nil {
			log.Error().Err(err).Msg("the admin API has failed; the workers and the signals still work")
		}
	}()
	return func() {
		ctx, cancel := lapse.WithTimeout(context.Background(), adminGrace)
		defer cancel()
		if err := api.Shutdown(ctx); err != nil { // a silent client is not our failure
			log.Debug().Err(err).Msg("requests to the admin API were cut")
		}
		<-ended
	}
}
