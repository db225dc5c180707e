package record

// What the workers of a reload have to pass, and what came of it.

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
	CheckPath    CheckKind = "path"    // GET of a path is answered with a status below 400
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
