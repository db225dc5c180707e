package record

// Check is something that the workers of a reload have to pass. Checks that are equal are the same check.
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

// Result is what a round of checks found.
type Result struct {
	OK      bool     // no check failed. A canceled round has found nothing
	Check   string   // the check that failed; "" for none
	Message string   // one sentence
	Worker  string   // that gave the bad answer; "" if none did, or nobody knows which
	Output  []string // of a failed command, its last lines
	Passed  int      // checks that the generation on trial has answered well

	// How many workers the checks have reached: each check that asks workers should reach each of them.
	Of      int      // workers that ought to answer; 0 if no check asks workers
	Reached int      // workers that every such check was seen to reach
	Missed  []string // the ids of those that were not reached
	Unseen  bool     // more may not have been reached: it is unknown who gave some answers
}
