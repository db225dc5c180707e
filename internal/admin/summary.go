package admin

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"rota/internal/printable"
)

// summary is the status as a person with curl likes to read it.
func summary(now *sample) []byte {
	var text bytes.Buffer
	out := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	s := now.status
	fmt.Fprintf(out, "rota %s\tpid %d\tup %s\tgeneration %d\n", s.Version, s.PID, age(now.began, s.StartedAt), s.Generation)
	out.Flush()
	fmt.Fprintf(out, "pool\t%d of %d ready, %d starting, %d draining%s\n",
		s.Pool.Ready, s.Pool.Size, s.Pool.Starting, s.Pool.Draining, alarm(s))
	for _, l := range s.Listeners {
		fmt.Fprintf(out, "listener\t%s %s%s\n", l.Name, l.Address, describeQueue(l))
	}
	for _, what := range s.Missing {
		fmt.Fprintf(out, "missing\t%s\n", what)
	}
	fmt.Fprintf(out, "reload\t%s\n", describeReload(s.Reload))
	out.Flush()
	fmt.Fprintln(&text)
	writeWorkers(out, now)
	out.Flush()
	return []byte(printable.Lines(text.String()))
}

func alarm(s statusView) string {
	text := ""
	if s.Stopping {
		text += ", shutting down"
	}
	if len(s.CrashLooping) > 0 {
		text += fmt.Sprintf(", crash loop in slots %v", s.CrashLooping)
	}
	return text
}

// describeQueue is empty for a datagram socket, which has none.
func describeQueue(l listenerView) string {
	if l.Network == "udp" || l.Network == "unixgram" {
		return ""
	}
	return fmt.Sprintf(", %s of %s waiting", count(l.QueueDepth), count(l.Backlog))
}

func describeReload(r *reloadView) string {
	if r == nil {
		return "none under way"
	}
	text := fmt.Sprintf("%s %s, %d of %d replaced, %d draining", r.ID, r.State, r.Replaced, r.Total, r.Draining)
	if r.ConnectionsRemaining != nil {
		text += fmt.Sprintf(" with %d connections", *r.ConnectionsRemaining)
	}
	if r.Paused != nil {
		text += ", paused (" + r.Paused.Why + ")"
	}
	if r.OnTrial && r.State == "live" {
		text += ", on trial"
	}
	return text
}

// writeWorkers tells of slots in order; one that waits comes before its older workers.
func writeWorkers(out io.Writer, now *sample) {
	fmt.Fprintln(out, "SLOT\tSTATE\tGENERATION\tPID\tUP\tCONNECTIONS\tMEMORY\tCPU\tRESTARTS\tREVISION")
	waiting := now.status.Waiting
	for _, w := range now.workers.Workers {
		for len(waiting) > 0 && waiting[0].Slot <= w.Slot {
			writeWaiting(out, now, waiting[0])
			waiting = waiting[1:]
		}
		fmt.Fprintf(out, "%d\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n",
			w.Slot, w.State, w.Generation, count(w.PID), age(now.began, w.StartedAt), count(w.Connections),
			size(w.RSSBytes), seconds(w.CPUSeconds), w.Restarts, orDash(w.Revision))
	}
	for _, slot := range waiting {
		writeWaiting(out, now, slot)
	}
}

// writeWaiting fills every column, or the workers below it would stand under other ones.
func writeWaiting(out io.Writer, now *sample, slot waitingView) {
	fmt.Fprintf(out, "%d\twaiting\t-\t-\t-\t-\t-\t-\t-\t%s\n", slot.Slot, slot.describe(now.began))
}

func age(now time.Time, since instant) string {
	return now.Sub(time.Time(since)).Truncate(time.Second).String()
}

func count[T int | uint32](n *T) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(int64(*n), 10)
}

func size(bytes *uint64) string {
	if bytes == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f MiB", float64(*bytes)/(1<<20))
}

func seconds(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f s", *s)
}

func orDash(text *string) string {
	if text == nil {
		return "-"
	}
	return *text
}
