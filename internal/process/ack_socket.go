package process

import (
	"syscall"

	"rota/internal/einhorn"
)

// ackSocket is where one worker, and no other, can acknowledge to einhorn that it is ready. Unlike the notify
// socket it is a file, because einhorn's clients know nothing else.
type ackSocket struct{ *einhorn.Listener }

// AcksUnavailable is logged where there is no ack socket.
const AcksUnavailable = "programs can't acknowledge in einhorn's way"

// openAckSocket returns nil if it fails, which must not keep a worker from starting.
func (l *Launcher) openAckSocket(worker string) *ackSocket {
	if l.Acks == nil {
		return nil
	}
	made, err := l.Acks.Listen(worker)
	if err != nil {
		l.Log.Warn().Err(err).Str("worker_id", worker).Msg(AcksUnavailable)
		return nil
	}
	return &ackSocket{made}
}

// read sends a note for each acknowledgement until the socket or stop is closed.
func (s *ackSocket) read(leader int, notes chan<- Note, stop <-chan struct{}) {
	s.Acks(func(c syscall.Conn) bool { return trustedPeer(c, leader) }, func() {
		select {
		case notes <- Note{Acknowledged: true}:
		case <-stop:
		}
	})
}

func (s *ackSocket) close() {
	if s != nil {
		s.Close()
	}
}

// path is where to reach it; "" for nowhere.
func (s *ackSocket) path() string {
	if s == nil {
		return ""
	}
	return s.Path
}
