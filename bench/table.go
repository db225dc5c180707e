package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"text/tabwriter"
)

// row is one line of the table: what was measured, what it is held against, and the goal for their ratio.
type row struct {
	Name      string    `json:"name"`
	Measured  float64   `json:"measured"`
	Reference float64   `json:"reference,omitempty"`
	Unit      string    `json:"unit"`
	Ratio     float64   `json:"ratio,omitempty"`
	Ratios    []float64 `json:"ratios,omitempty"`   // round by round; Ratio is their median
	Goal      *goal     `json:"goal,omitempty"`     // nil where the number is only for information
	Unjudged  bool      `json:"unjudged,omitempty"` // the control says that the machine, not rota, decides
	Note      string    `json:"note,omitempty"`
}

// goal is a bound for a ratio.
type goal struct {
	Relation string  `json:"relation"`
	Bound    float64 `json:"bound"`
}

func atLeast(bound float64) *goal { return &goal{">=", bound} }
func atMost(bound float64) *goal  { return &goal{"<=", bound} }
func below(bound float64) *goal   { return &goal{"<", bound} }

func (g *goal) String() string {
	if g == nil {
		return ""
	}
	return fmt.Sprintf("%s %g", g.Relation, g.Bound)
}

// meets is false for a ratio that isn't a number.
func (g *goal) meets(ratio float64) bool {
	switch g.Relation {
	case ">=":
		return ratio >= g.Bound
	case "<=":
		return ratio <= g.Bound
	default:
		return ratio < g.Bound
	}
}

func (r row) verdict() string {
	switch {
	case r.Goal == nil:
		return ""
	case r.Goal.meets(r.Ratio):
		return "ok"
	case r.Unjudged:
		return "?"
	default:
		return "MISSED"
	}
}

// control says that what a reference is to itself should be 1. If it is further from that than the tolerance,
// the rows that are held against the reference are not judged.
func (r *row) control(tolerance float64, held ...*row) {
	if math.Abs(r.Ratio-1) <= tolerance {
		return
	}
	r.Note = "the machine is too noisy now to judge by the row above"
	for _, h := range held {
		h.Unjudged = true
	}
}

// spread is the least and the most of the ratios.
func (r row) spread() string {
	if len(r.Ratios) < 2 {
		return ""
	}
	return fmt.Sprintf("%.3g to %.3g", slices.Min(r.Ratios), slices.Max(r.Ratios))
}

func countMissed(rows []row) (missed int) {
	for _, r := range rows {
		if r.verdict() == "MISSED" {
			missed++
		}
	}
	return missed
}

func printTable(out io.Writer, rows []row) {
	if len(rows) == 0 {
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tMEASURED\tREFERENCE\tRATIO\tSPREAD\tGOAL\tOK?\tNOTE")
	for _, r := range rows {
		reference, ratio := "", ""
		if r.Reference != 0 {
			reference = quantity(r.Reference, r.Unit)
			ratio = fmt.Sprintf("%.3g", r.Ratio)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			r.Name, quantity(r.Measured, r.Unit), reference, ratio, r.spread(), r.Goal, r.verdict(), r.Note)
	}
	_ = table.Flush() // to a terminal or a pipe; there is nobody left to tell
}

// quantity is a number with no more digits than it deserves.
func quantity(value float64, unit string) string {
	if value == math.Trunc(value) || value >= 1000 {
		return fmt.Sprintf("%.0f %s", value, unit)
	}
	return fmt.Sprintf("%.3g %s", value, unit)
}

func writeJSON(file string, rows []row) error {
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
