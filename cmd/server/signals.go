package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"

	"rota/internal/master"
)

// obeySignals passes each signal on to the master until stop is called. SIGPIPE is caught
// and not ignored, because workers would inherit that: a closed stderr must not end the
// master, and what it means to a worker is the worker's business.
func obeySignals(m *master.Master, log zerolog.Logger) (stop func()) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT,
		syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		defer close(done)
		stopping := false
		for s := range signals {
			if s != syscall.SIGPIPE {
				log.Info().Stringer("signal", s).Msg("signal received")
			}
			if err := obey(m, s, &stopping); err != nil {
				log.Warn().Err(err).Stringer("signal", s).Msg("signal not obeyed")
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}

func obey(m *master.Master, s os.Signal, stopping *bool) error {
	switch s {
	case syscall.SIGHUP:
		_, err := m.Reload(master.ReloadRequest{Trigger: master.TriggerSignal, Reason: "SIGHUP"})
		return err
	case syscall.SIGTTIN:
		return m.Scale(+1)
	case syscall.SIGTTOU:
		return m.Scale(-1)
	case syscall.SIGQUIT:
		m.Kill()
	case syscall.SIGTERM, syscall.SIGINT:
		if *stopping {
			m.Kill()
		} else {
			m.Shutdown()
		}
		*stopping = true
	}
	return nil
}
