package master

import (
	"context"
	"time"

	"rota/internal/kernel"
)

// What is asked of a reload while it is on trial. Who asks is a function that the master is given:
// it knows nothing of HTTP.

// Check is one thing to ask. Equal ones are the same check.
type Check struct {
	Kind   CheckKind
	Target string // the path with its query, the URL or the command; "" for CheckTCP
}

// CheckKind is a way to find out whether workers are well.
type CheckKind string

// The kinds.
const (
	CheckTCP     CheckKind = "tcp"     // connections to each stream listener are accepted
	CheckPath    CheckKind = "path"    // GET of a path, on the first TCP listener or else unix socket, is answered with a status below 400
	CheckURL     CheckKind = "url"     // the same of a URL, which may lead elsewhere
	CheckCommand CheckKind = "command" // /bin/sh -c exits with 0
)

// String is the check as --check takes it.
func (c Check) String() string {
	switch c.Kind {
	case CheckTCP:
		return string(CheckTCP)
	case CheckPath:
		return "http:" + c.Target
	default:
		return c.Target
	}
}

// RunChecks asks each check of a round once. It ends early at the first that failed, and when the
// context is over.
type RunChecks func(context.Context, Round) Result

// Round is what the checks of a reload are asked with, once.
type Round struct {
	Checks     []Check
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

	Listeners []ListenAddress // of the generation that serves, where they can be reached
	Workers   []string        // the new ones that ought to answer
	Slots     map[string]int  // theirs

	// Serves reports whether a worker still has its slot, in which it may have been replaced meanwhile. nil: each has.
	Serves func(worker string) bool

	// Holders tells which worker has accepted each of the connections: "" for one that somebody
	// else holds, and nothing for one that waits to be accepted. nil: nobody can tell.
	Holders func([]Client) (map[Client]string, error)
	// Shirks reports whether the kernel shows that a worker does not wait for connections at the listener. nil: nobody can tell.
	Shirks func(worker string, a ListenAddress) bool
	// Queues tells how full the listeners' accept queues are, by name. nil: nobody can tell.
	Queues func() (map[string]kernel.Queue, error)
	// Command runs a line with /bin/sh and returns what it printed last, and why it did not exit
	// with 0. Who starts processes otherwise disturbs the master, which waits for all of its children.
	Command func(ctx context.Context, line string, env []string) (output []string, err error)
	// Opened is told of each connection that is made to a listener, and Closed when it is over. nil: nobody wants to know.
	Opened, Closed func(Client)
}

// Result is what a round found.
type Result struct {
	OK      bool     // no check failed. A round that was broken off by its context has found nothing
	Check   string   // that failed; "" for none
	Message string   // one sentence
	Worker  string   // that gave the bad answer; "" if none did, or nobody knows which
	Output  []string // of a failed command, its last lines
	Passed  int      // checks that the generation on trial has answered well

	// Each check that asks workers is to reach each of them.
	Of      int      // workers that ought to answer; 0 if no check asks workers
	Reached int      // workers that every such check has reached, as far as it was seen
	Missed  []string // those that were not
	Unseen  bool     // of others it is unknown: somebody answered whom nobody could tell from them
}
