package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rota/internal/kernel"
	"rota/internal/record"
)

// life is how a trial ended and what it left behind.
type life struct {
	asTold    bool // it ended, or was ended, after it had been ready and told to stop; nobody was impatient
	exit      record.Exit
	took      time.Duration // from the stop signal to the end
	left      kernel.Family
	listens   bool
	unblocked bool   // O_NONBLOCK was cleared
	waits     waits  // how it waited for connections when it was told to stop
	lost      string // what has become of a unix socket's file; "": it is there
	backlog   uint32 // of the accept queue, when it ended; 0: not known
}

func (e *examination) life(t *trial, asTold bool) life {
	left, _ := t.left.Load(t.worker)
	l := life{
		asTold: asTold, exit: *t.exit, took: t.at.Sub(t.stopped),
		unblocked: t.unblock && !t.socket.nonBlocking(), // looked at before it is touched
		waits:     t.waits,
		lost:      t.lost(),
		backlog:   t.socket.backlog(),
	}
	l.left, _ = left.(kernel.Family) // none for one that could not be started
	l.listens = t.socket.listens()
	if path := e.guards.touched(); path != "" && l.lost == "" {
		l.lost = "while it ran, the file at " + path + " was removed or replaced"
	}
	return l
}

// lost says which socket's file is not there any more.
func (t *trial) lost() string {
	for _, s := range t.sockets {
		if !s.linked() {
			return "when it had ended, the file of the listener " + s.at.Name + " was gone, or another one"
		}
	}
	return ""
}

// lingers reports whether the program is known not to leave when it should, so that it is of no
// use to wait for it once more.
func (e *examination) lingers() bool {
	for _, l := range e.lives {
		if l.asTold && l.late(e.Spec.DrainTimeout) {
			return true
		}
	}
	return false
}

// judgeLives reports on what holds for every life.
func (e *examination) judgeLives() {
	e.judgeExits()
	e.judgeAll(leavesNoProcess, life.byItself, func(l life) string {
		if len(l.left) == 0 {
			return ""
		}
		var names []string
		for _, p := range l.left {
			names = append(names, fmt.Sprintf("%s (pid %d)", p.Name, p.PID))
		}
		return strings.Join(names, ", ") + " outlived it"
	})
	e.judgeAll(neverShutsDown, every, func(l life) string {
		if l.listens {
			return ""
		}
		return "when it had ended, nobody could connect any more"
	})
	e.judgeAll(keepsNonBlocking, every, func(l life) string {
		if !l.unblocked {
			return ""
		}
		return "it has cleared O_NONBLOCK"
	})
	e.judgePolled()
	e.judgeQueue()
	if !e.onPath() && !slices.ContainsFunc(e.lives, func(l life) bool { return l.lost != "" }) {
		e.skip(keepsFile, "it was examined on TCP; --listen unix:/any/path examines it on a unix socket")
		return
	}
	e.judgeAll(keepsFile, every, func(l life) string {
		return l.lost
	})
}

func (e *examination) judgeQueue() {
	e.judgeAll(keepsQueue, func(l life) bool { return l.backlog > 0 }, func(l life) string {
		if l.backlog >= e.backlog {
			return ""
		}
		return fmt.Sprintf("it has called listen, and so made it %d long instead of %d", l.backlog, e.backlog)
	})
}

func (e *examination) judgeExits() {
	slowest, stopped := time.Duration(0), 0
	for _, l := range e.lives {
		if !l.asTold {
			continue
		}
		if found := e.wrongExit(l); found != "" {
			e.fail(exitsInTime, found)
			return
		}
		stopped++
		slowest = max(slowest, l.took)
	}
	if stopped == 0 {
		e.skip(exitsInTime, "it was never ready and then told to stop")
		return
	}
	e.pass(exitsInTime, fmt.Sprintf("after %s at most", round(slowest)))
}

func (e *examination) wrongExit(l life) string {
	switch {
	case l.late(e.Spec.DrainTimeout):
		return fmt.Sprintf("still there after %s", e.Spec.DrainTimeout)
	case l.exit.Code != 0:
		return fmt.Sprintf("it %s%s", l.exit, lastWords(&l.exit))
	}
	return ""
}

// late: it was killed, or what it had started was, or it asked for more time.
func (l life) late(timeout time.Duration) bool {
	return l.exit.Signal == "SIGKILL" || l.took >= timeout
}

// judgeAll fails the check with what is wrong with the first life of which something is.
func (e *examination) judgeAll(c check, counts func(life) bool, wrong func(life) string) {
	seen := 0
	for _, l := range e.lives {
		if !counts(l) {
			continue
		}
		if found := wrong(l); found != "" {
			e.fail(c, found)
			return
		}
		seen++
	}
	if seen == 0 {
		e.skip(c, "it never ended by itself as it was told to")
		return
	}
	e.pass(c, "")
}

func every(life) bool { return true }

// byItself: when a program is killed, what it has started has had no chance to end.
func (l life) byItself() bool { return l.asTold && l.exit.Signal != "SIGKILL" }

func (e *examination) onPath() bool {
	_, examined := e.places("")
	return examined.Network == "unix"
}
