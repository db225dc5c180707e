package master

import (
	"context"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/record"
)

// What is asked of a reload while it is on trial. Who asks is a function that the master is given:
// it knows nothing of HTTP.

// RunChecks asks each check of a round once. It ends early at the first that failed, and when the
// context is over.
type RunChecks func(context.Context, Round) record.Result

// Round is what the checks of a reload are asked with, once.
type Round struct {
	Checks     []record.Check
	Headers    []string      // of requests to the workers, a line each
	Timeout    time.Duration // of one answer; 0: DefaultCheckTimeout
	Reload     string        // its id
	Generation int           // that is on trial
	Revision   string

	// Live says that nobody but the generation on trial accepts connections, so that whoever is unknown is one
	// of it. Before, that may be an older worker, and what it says does not count.
	Live     bool
	Again    bool   // a round of the same workers has gone well when it was live
	Commands bool   // commands are run, too: it is live, or its canary can be tried
	Canary   string // where its canary, and nobody else, can be asked; "" where there is no such address

	Listeners []listen.ListenAddress // of the generation that serves, where they can be reached
	Workers   []string               // the new ones that ought to answer
	Slots     map[string]int         // theirs

	// Serves reports whether a worker still has its slot, in which it may have been replaced meanwhile. nil: each has.
	Serves func(worker string) bool

	// Holders tells which worker has accepted each of the connections: "" for one that somebody
	// else holds, and nothing for one that waits to be accepted. nil: nobody can tell.
	Holders func([]listen.Client) (map[listen.Client]string, error)
	// Shirks reports whether the kernel shows that a worker does not wait for connections at the listener. nil: nobody can tell.
	Shirks func(worker string, a listen.ListenAddress) bool
	// Queues tells how full the listeners' accept queues are, by name. nil: nobody can tell.
	Queues func() (map[string]kernel.Queue, error)
	// Command runs a line with /bin/sh and returns what it printed last, and why it did not exit
	// with 0. Who starts processes otherwise disturbs the master, which waits for all of its children.
	Command func(ctx context.Context, line string, env []string) (output []string, err error)
	// Opened is told of each connection that is made to a listener, and Closed when it is over. nil: nobody wants to know.
	Opened, Closed func(listen.Client)
}
