package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Outcome is what came of a check.
type Outcome string

// The outcomes.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Skip Outcome = "skip" // it could not be made, or does not concern the program
)

// Result is the outcome of one check.
type Result struct {
	Check   string
	Outcome Outcome
	Detail  string // what was seen, and, of a fail, what to do; of a skip why; "" where there is nothing to add
	Took    time.Duration
}

// String is the result in one line.
func (r Result) String() string {
	line := string(r.Outcome) + "  " + r.Check
	if r.Detail != "" {
		line += ": " + r.Detail
	}
	return line
}

// Report is every result, in the order of the checks.
type Report struct {
	Results []Result
	Began   time.Time
}

// Count is how many checks had the outcome.
func (r Report) Count(o Outcome) int {
	n := 0
	for _, result := range r.Results {
		if result.Outcome == o {
			n++
		}
	}
	return n
}

// String is the counts in one line.
func (r Report) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", r.Count(Pass), r.Count(Fail), r.Count(Skip))
}

// check is something that a good worker does, and what to do about one that does not.
type check struct {
	name   string
	advice string
}

var (
	takesSocket = check{"takes the socket",
		"have it accept on the socket that it inherits (descriptor 3, told by LISTEN_FDS; {fd:NAME} in the arguments is its number), and open none itself"}
	saysReady = check{"says ready only when it accepts",
		"have it send READY=1 to NOTIFY_SOCKET once it accepts, or let rota find out: --ready tcp, http:/path or log:REGEX"}
	answersUnderLoad = check{"answers under load",
		"every connection that is accepted has to be answered; if it needs to be asked otherwise, give --path /x or --request TEXT"}
	leaksNoDescriptor = check{"leaks no descriptor under load",
		"close each connection, and what was opened for it, also when the client has closed first"}
	stopsAccepting = check{"stops accepting at the stop signal",
		"at the signal, close the listening socket (or no longer wait for it) at once, and answer whatever was accepted; new connections stay in the queue for the next worker"}
	answersSilent = check{"answers connections that were silent at the stop signal",
		"at the signal, give accepted connections on which nothing was said yet a few seconds for their request before closing them"}
	finishesRequests = check{"finishes requests in flight",
		"at the signal, go on reading and answering the requests that have begun, and exit when the last is answered"}
	closesIdle = check{"closes idle keep-alive connections",
		"at the signal, close connections that wait for another request, after a few seconds of grace at most"}
	letsBusyGo = check{"lets clients go that are never idle",
		"at the signal, answer with Connection: close from then on: a client that always has another request goes on with this worker for ever"}
	exitsInTime = check{"exits within the drain timeout with code 0",
		"have it handle the stop signal (--stop-signal, if it listens to another), and exit with 0 when the last connection is closed"}
	leavesNoProcess = check{"leaves no process behind",
		"have it wait for the processes that it started before it exits, or end them; a wrapper such as sh -c has to exec the program, or pass the signal on (--stop-group)"}
	neverShutsDown = check{"never shuts the shared socket down",
		"close(2) the listening socket and don't shutdown(2) it: that ends it for every process that shares it"}
	keepsNonBlocking = check{"keeps a non-blocking socket non-blocking",
		"don't clear O_NONBLOCK of the inherited socket (in Python setblocking(True), in Go File.Fd): all workers share the flag, and those that poll would hang in accept"}
	polledBlocks = check{"makes a socket non-blocking if it polls it",
		"set O_NONBLOCK on the inherited socket, or let rota do it (--listen …?nonblock=true, nonblock: true): of several processes that wake for a connection one gets it, and the others sleep in accept, with all the connections that they have"}
	keepsQueue = check{"keeps the accept queue as long as it was",
		"don't call listen on the inherited socket, or with a backlog of 4096 or more: all workers share the queue, and who finds it full waits a second or is refused"}
	keepsFile = check{"keeps the unix socket's file",
		"don't unlink the path of an inherited socket (in Go SetUnlinkOnClose(false)): nobody could connect any more"}
)

func (e *examination) tell(c check, o Outcome, detail string) {
	if e.over() != nil {
		return // what was found is the interruption's doing
	}
	now := time.Now()
	r := Result{Check: c.name, Outcome: o, Detail: oneLine(detail), Took: now.Sub(e.since)}
	e.since = now
	e.report.Results = append(e.report.Results, r)
	if e.Tell != nil {
		e.Tell(r)
	}
}

func (e *examination) pass(c check, note string)  { e.tell(c, Pass, note) }
func (e *examination) skip(c check, why string)   { e.tell(c, Skip, why) }
func (e *examination) fail(c check, found string) { e.tell(c, Fail, found+"; "+c.advice+e.recipe()) }

// recipe says where settings are that work.
func (e *examination) recipe() string {
	if where := recipeFor(e.Spec.Command); where != "" {
		return "; see " + where + " for settings that are tested"
	}
	return ""
}

// skipRest skips those of the checks that nothing is known of yet, for what is known of the program.
func (e *examination) skipRest(checks ...check) {
	for _, c := range checks {
		if !slices.ContainsFunc(e.report.Results, func(r Result) bool { return r.Check == c.name }) {
			e.skip(c, e.why)
		}
	}
}

// judge passes the check if nothing was found against it.
func (e *examination) judge(c check, found string) {
	if found == "" {
		e.pass(c, "")
	} else {
		e.fail(c, found)
	}
}

// oneLine keeps what a program said, which may be quoted, from breaking the line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
