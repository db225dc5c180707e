package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Outcome is the outcome of a check.
type Outcome string

// The outcomes.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Skip Outcome = "skip" // the check could not be made, or does not apply to the program
)

// Result is the outcome of one check.
type Result struct {
	Check   string
	Outcome Outcome
	Detail  string // what was seen; for a fail also what to do, for a skip why; may be empty
	Took    time.Duration
}

// String returns the result in one line.
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

// Count returns how many checks had the outcome.
func (r Report) Count(o Outcome) int {
	n := 0
	for _, result := range r.Results {
		if result.Outcome == o {
			n++
		}
	}
	return n
}

// String returns the counts in one line.
func (r Report) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", r.Count(Pass), r.Count(Fail), r.Count(Skip))
}

func (e *examination) tell(c check, o Outcome, detail string) {
	if e.over() != nil {
		return // the interruption caused what was found
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

// recipe points to tested settings for the program, if there are any.
func (e *examination) recipe() string {
	if where := recipeFor(e.Spec.Command); where != "" {
		return "; see " + where + " for settings that are tested"
	}
	return ""
}

// skipRest skips those of the checks that have no result yet.
func (e *examination) skipRest(checks ...check) {
	for _, c := range checks {
		if !slices.ContainsFunc(e.report.Results, func(r Result) bool { return r.Check == c.name }) {
			e.skip(c, e.why)
		}
	}
}

// judge fails the check with what was found, or passes it.
func (e *examination) judge(c check, found string) {
	if found == "" {
		e.pass(c, "")
	} else {
		e.fail(c, found)
	}
}

// oneLine puts text, which may quote the program, on one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
