package master

import "time"

// A command is what somebody asks of the master. The pool does it or refuses. What had to be measured for the
// decision comes with the command.
type command interface{ isCommand() }

type (
	// askReload asks for a reload. The pool opens one with this id, or lets the request share the queued one.
	askReload struct {
		id       string
		request  ReloadRequest
		settings *settings // as they are now; nil: not known, or of no importance for this request
		room     headroom  // nil: not known, or of no importance for this request
	}
	// controlReload asks a reload that is under way to go back, wait or go on.
	controlReload struct {
		reload string
		verb   Verb
		reason string // free text, for an abort
	}
	// renewWorker asks for a worker to be replaced by another of its generation.
	renewWorker struct{ worker string }
	// scaleBy asks for more workers, or for fewer.
	scaleBy struct {
		delta int
		room  headroom
	}
	// scaleTo asks for a certain number of workers.
	scaleTo struct {
		size int
		room headroom
	}
	// stopMaster asks the master to end, with the workers drained or, if now, killed.
	stopMaster struct{ now bool }
)

func (askReload) isCommand()     {}
func (controlReload) isCommand() {}
func (renewWorker) isCommand()   {}
func (scaleBy) isCommand()       {}
func (scaleTo) isCommand()       {}
func (stopMaster) isCommand()    {}

// settings are what the settings say now about a reload that would be made from them.
type settings struct {
	strategy Strategy
	workers  int
}

// obey does what a command asks and returns what is to be done for that. A refused command changes nothing.
func (p *pool) obey(now time.Time, c command) ([]effect, error) {
	p.now, p.fresh = now, false
	if err := p.execute(c); err != nil {
		return nil, err
	}
	p.reconcile()
	return p.take(), nil
}

func (p *pool) execute(c command) error {
	switch c := c.(type) {
	case askReload:
		return p.askReload(c)
	case controlReload:
		return p.control(c)
	case renewWorker:
		return p.renew(c.worker)
	case scaleBy:
		return p.scale(len(p.slots)+c.delta, c.room)
	case scaleTo:
		return p.scale(c.size, c.room)
	case stopMaster:
		p.stop(c.now)
	}
	return nil
}
