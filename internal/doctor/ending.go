package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rota/internal/kernel"
	"rota/internal/record"
)

// ending is how a run ended, and what the program left behind.
type ending struct {
	asTold    bool // it was ready, was told to stop, and had all the time that it is allowed
	exit      record.Exit
	took      time.Duration // from the stop signal to the end
	left      kernel.Family
	listens   bool
	unblocked bool   // the program cleared O_NONBLOCK
	waits     waits  // how the program waited for connections when it was told to stop
	lost      string // what happened to a unix socket's file; "": it is there
	backlog   uint32 // of the accept queue at the end; 0: not known
}

// ending records how a run ended, and what the program left behind.
func (e *examination) ending(r *run, asTold bool) ending {
	left, _ := r.left.Load(r.worker)
	end := ending{
		asTold: asTold, exit: *r.exit, took: r.at.Sub(r.stopped),
		unblocked: r.nonBlocking && !r.socket.nonBlocking(), // before listens changes it
		waits:     r.waits,
		lost:      r.lost(),
		backlog:   r.socket.backlog(),
	}
	end.left, _ = left.(kernel.Family) // none if the program could not be started
	end.listens = r.socket.listens()
	if path := e.guards.touched(); path != "" && end.lost == "" {
		end.lost = "while it ran, the file at " + path + " was removed or replaced"
	}
	return end
}

// lost says which socket's file is missing; "": none.
func (r *run) lost() string {
	for _, s := range r.sockets {
		if !s.linked() {
			return "when it had ended, the file of the listener " + s.at.Name + " was gone, or another one"
		}
	}
	return ""
}

// lingers reports whether the program was late in an earlier run. Then there is no use in waiting for it
// again.
func (e *examination) lingers() bool {
	for _, end := range e.endings {
		if end.asTold && end.late(e.Spec.DrainTimeout) {
			return true
		}
	}
	return false
}

// judgeEndings decides the checks that concern every run.
func (e *examination) judgeEndings() {
	e.judgeExits()
	e.judgeAll(leavesNoProcess, ending.byItself, func(end ending) string {
		if len(end.left) == 0 {
			return ""
		}
		var names []string
		for _, p := range end.left {
			names = append(names, fmt.Sprintf("%s (pid %d)", p.Name, p.PID))
		}
		return strings.Join(names, ", ") + " outlived it"
	})
	e.judgeAll(neverShutsDown, every, func(end ending) string {
		if end.listens {
			return ""
		}
		return "when it had ended, nobody could connect any more"
	})
	e.judgeAll(keepsNonBlocking, every, func(end ending) string {
		if !end.unblocked {
			return ""
		}
		return "it has cleared O_NONBLOCK"
	})
	e.judgePolled()
	e.judgeQueue()
	if !e.onPath() && !slices.ContainsFunc(e.endings, func(end ending) bool { return end.lost != "" }) {
		e.skip(keepsFile, "it was examined on TCP; --listen unix:/any/path examines it on a unix socket")
		return
	}
	e.judgeAll(keepsFile, every, func(end ending) string {
		return end.lost
	})
}

func (e *examination) judgeQueue() {
	e.judgeAll(keepsQueue, func(end ending) bool { return end.backlog > 0 }, func(end ending) string {
		if end.backlog >= e.backlog {
			return ""
		}
		return fmt.Sprintf("it has called listen, and so made it %d long instead of %d", end.backlog, e.backlog)
	})
}

func (e *examination) judgeExits() {
	slowest, stopped := time.Duration(0), 0
	for _, end := range e.endings {
		if !end.asTold {
			continue
		}
		if found := e.wrongExit(end); found != "" {
			e.fail(exitsInTime, found)
			return
		}
		stopped++
		slowest = max(slowest, end.took)
	}
	if stopped == 0 {
		e.skip(exitsInTime, "it was never ready and then told to stop")
		return
	}
	e.pass(exitsInTime, fmt.Sprintf("after %s at most", round(slowest)))
}

func (e *examination) wrongExit(end ending) string {
	switch {
	case end.late(e.Spec.DrainTimeout):
		return fmt.Sprintf("still there after %s", e.Spec.DrainTimeout)
	case end.exit.Code != 0:
		return fmt.Sprintf("it %s%s", end.exit, lastWords(&end.exit))
	}
	return ""
}

// late reports whether the program exceeded the timeout: it or its children were killed, or it asked for more
// time.
func (end ending) late(timeout time.Duration) bool {
	return end.exit.Signal == "SIGKILL" || end.took >= timeout
}

// judgeAll fails the check at the first run with which something is wrong.
func (e *examination) judgeAll(c check, counts func(ending) bool, wrong func(ending) string) {
	seen := 0
	for _, end := range e.endings {
		if !counts(end) {
			continue
		}
		if found := wrong(end); found != "" {
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

func every(ending) bool { return true }

// byItself reports whether the program exited without SIGKILL. Otherwise its children had no chance to exit.
func (end ending) byItself() bool { return end.asTold && end.exit.Signal != "SIGKILL" }

func (e *examination) onPath() bool {
	_, examined := e.places("")
	return examined.Network == "unix"
}
