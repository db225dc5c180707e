package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"

	"rota/internal/master"
)

// signals are those that the master is told by.
type signals chan os.Signal

// catchSignals keeps them from doing what they do by default. They wait until obey comes to
// them, so that a SIGHUP that is early does no harm. SIGPIPE is caught and not ignored, because
// workers would inherit that: a closed stderr must not end the master, and what it means
// to a worker is the worker's business.
func catchSignals() signals {
	caught := make(signals, 16)
	signal.Notify(caught, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT,
		syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGPIPE)
	return caught
}

// release gives them up; obey returns.
func (s signals) release() {
	signal.Stop(s)
	close(s)
}

// obey passes each signal on to the master.
func (s signals) obey(m *master.Master, log zerolog.Logger) {
	stopping := false
	for sig := range s {
		if sig == syscall.SIGPIPE {
			continue
		}
		log.Info().Stringer("signal", sig).Msg(meaning(sig, stopping))
		if err := obey(m, sig, &stopping); err != nil {
			log.Warn().Err(err).Stringer("signal", sig).Msg("signal not obeyed")
		}
	}
}

// meaning says what the signal brings about, to somebody who may wonder why it takes a while.
func meaning(sig os.Signal, stopping bool) string {
	switch sig {
	case syscall.SIGHUP:
		return "signal received: reload"
	case syscall.SIGTTIN:
		return "signal received: one worker more"
	case syscall.SIGTTOU:
		return "signal received: one worker fewer"
	case syscall.SIGQUIT:
		return "signal received: stop at once"
	}
	if stopping {
		return "signal received again: stop at once"
	}
	return "signal received: stop when every connection is done, at the latest after the drain timeout; the signal again stops at once"
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
