package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"

	"rota/internal/master"
	"rota/internal/record"
)

// signals are the signals that command the master.
type signals struct {
	caught   chan os.Signal
	pipe     chan os.Signal
	released chan struct{}
	terminal terminal
}

// catchSignals catches the signals. They wait for obey, so that an early SIGHUP does no harm. SIGPIPE is
// caught, so that a closed stderr does not end the master, and not ignored, because workers would inherit
// that.
func catchSignals() *signals {
	s := &signals{caught: make(chan os.Signal, 16), pipe: make(chan os.Signal, 1), released: make(chan struct{}), terminal: terminal{has: hasTerminal}}
	if !signal.Ignored(syscall.SIGHUP) { // ignored: rota is to outlive its terminal, as with nohup
		s.terminal.attend(s.released)
	}
	signal.Notify(s.caught, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT,
		syscall.SIGTTIN, syscall.SIGTTOU)
	signal.Notify(s.pipe, syscall.SIGPIPE) // nobody reads it, so that it takes no room from the others
	return s
}

// release makes obey return. The signals stay caught: one that comes while rota exits must not become its
// exit code.
func (s *signals) release() { close(s.released) }

// obey passes each signal on to the master.
func (s *signals) obey(m *master.Master, log zerolog.Logger) {
	var orders stopOrders
	for {
		var sig os.Signal
		select {
		case sig = <-s.caught:
		case <-s.released:
			return
		}
		switch {
		case mayHaveSent(sig):
			log.Warn().Stringer("signal", sig).Msg("signal not obeyed: the terminal sends it to background jobs; use rota scale instead")
			continue
		case sig == syscall.SIGHUP && s.terminal.hungUp():
			log.Warn().Msg("the terminal is gone, so rota stops; start it with nohup, setsid or a service manager to keep it running")
			sig = syscall.SIGTERM
		}
		urgency := none
		if sig == syscall.SIGTERM || sig == syscall.SIGINT {
			urgency = orders.next()
		}
		log.Info().Stringer("signal", sig).Msg(meaning(sig, urgency))
		if err := obey(m, sig, urgency); err != nil {
			log.Warn().Err(err).Stringer("signal", sig).Msg("signal not obeyed")
		}
	}
}

// meaning says what the signal does, and how long that may take.
func meaning(sig os.Signal, u urgency) string {
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
	switch u {
	case now:
		return "signal received again: stop at once"
	case none, drain: // below
	case echo:
		return "signal received again within a second: taken for the same order; send it once more to stop at once"
	}
	return "signal received: stop when every connection is done, at the latest after the drain timeout; send it again after a second to stop at once"
}

func obey(m *master.Master, s os.Signal, u urgency) error {
	switch s {
	case syscall.SIGHUP:
		_, err := m.Reload(record.ReloadRequest{Trigger: record.TriggerSignal, Reason: "SIGHUP"})
		return err
	case syscall.SIGTTIN:
		return m.Scale(+1)
	case syscall.SIGTTOU:
		return m.Scale(-1)
	case syscall.SIGQUIT:
		m.Kill()
	}
	switch u {
	case drain:
		m.Shutdown()
	case now:
		m.Kill()
	case none, echo:
	}
	return nil
}
