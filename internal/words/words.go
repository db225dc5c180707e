// Package words says in English what a view says in JSON.
//
// Everything that people read about a pool is worded here and nowhere else: the state of a
// worker and of a reload (state.go), what needs attention (alarms.go), what a slot or a drain
// waits for (waiting.go), the status and its tables (status.go, workers.go), and what became
// of a reload (verdict.go, receipt.go). The server puts the short texts into the views, for
// the page, and answers GET / with the status; rota status prints the same text from the same
// views. How a process ended is worded by the master, whose events say it too.
//
// Foreign text, such as a revision or a listener's name, is made printable on the way.
package words

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"rota/internal/printable"
)

// Unknown stands in a table for what is not known or not there.
const Unknown = "-"

// Table writes rows whose cells are separated by tabs, in columns.
func Table(w io.Writer, write func(io.Writer)) {
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	write(out)
	out.Flush()
}

// Cell is a text that cannot break its table.
func Cell(text string) string {
	if text == "" {
		return Unknown
	}
	return strings.ReplaceAll(printable.Text(text), "\t", " ")
}

// Nullable is Cell for a text that may be null.
func Nullable(text *string) string {
	if text == nil {
		return Unknown
	}
	return Cell(*text)
}

// Number is a number that may be null.
func Number[T any](n *T) string {
	if n == nil {
		return Unknown
	}
	return fmt.Sprint(*n)
}

// Short is a duration with about three digits.
func Short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// Exact is a duration without trailing zero units: "24h", not "24h0m0s".
func Exact(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Milliseconds is a number of milliseconds that may be null.
func Milliseconds(ms *int64) string {
	if ms == nil {
		return Unknown
	}
	return Short(time.Duration(*ms) * time.Millisecond)
}

// Clock is the local time of day.
func Clock(t time.Time) string { return t.Local().Format("15:04:05") }

// Age is the time since then, in whole seconds.
func Age(now, since time.Time) string {
	if since.IsZero() {
		return Unknown
	}
	return now.Sub(since).Truncate(time.Second).String()
}
