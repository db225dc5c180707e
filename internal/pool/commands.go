package pool

import (
	"time"

	"rota/internal/record"
)

// Command is what somebody asks of the master. The pool does it or refuses. What had to be measured for the
// decision comes with the command.
type Command interface{ isCommand() }

type (
	// AskReload asks for a reload. The pool opens one with this id, or lets the request share the queued one.
	AskReload struct {
		ID       string
		Request  record.ReloadRequest
		Settings *Settings       // as they are now; nil: not known, or of no importance for this request
		Room     record.Headroom // nil: not known, or of no importance for this request
	}
	// ControlReload asks a reload that is under way to go back, wait or go on.
	ControlReload struct {
		Reload string
		Verb   record.Verb
		Reason string // free text, for an abort
	}
	// RenewWorker asks for a worker to be replaced by another of its generation.
	RenewWorker struct{ Worker string }
	// ScaleBy asks for more workers, or for fewer.
	ScaleBy struct {
		Delta int
		Room  record.Headroom
	}
	// ScaleTo asks for a certain number of workers.
	ScaleTo struct {
		Size int
		Room record.Headroom
	}
	// StopMaster asks the master to end, with the workers drained or, if now, killed.
	StopMaster struct{ Now bool }
)

func (AskReload) isCommand()     {}
func (ControlReload) isCommand() {}
func (RenewWorker) isCommand()   {}
func (ScaleBy) isCommand()       {}
func (ScaleTo) isCommand()       {}
func (StopMaster) isCommand()    {}

// Settings are what the settings say now about a reload that would be made from them.
type Settings struct {
	Strategy record.Strategy
	Workers  int
}

// Obey does what a command asks and returns what is to be done for that. A refused command changes nothing.
func (p *Pool) Obey(now time.Time, c Command) ([]Effect, error) {
	p.now, p.fresh = now, false
	if err := p.execute(c); err != nil {
		return nil, err
	}
	p.reconcile()
	return p.take(), nil
}

func (p *Pool) execute(c Command) error {
	switch c := c.(type) {
	case AskReload:
		return p.askReload(c)
	case ControlReload:
		return p.control(c)
	case RenewWorker:
		return p.renew(c.Worker)
	case ScaleBy:
		return p.scale(len(p.slots)+c.Delta, c.Room)
	case ScaleTo:
		return p.scale(c.Size, c.Room)
	case StopMaster:
		p.stop(c.Now)
	}
	return nil
}
