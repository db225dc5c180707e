package words

import (
	"bytes"
	"fmt"
	"io"

	"rota/internal/view"
)

// Status is the whole status as text: what rota status prints and what curl gets from GET /.
func Status(s view.Status, workers []view.Worker) string {
	var text bytes.Buffer
	Table(&text, func(out io.Writer) {
		fmt.Fprintf(out, "rota %s\tpid %d\tup %s\tgeneration %d\n", Cell(s.Version), s.PID, s.Uptime(), s.Generation)
	})
	Table(&text, func(out io.Writer) {
		fmt.Fprintf(out, "pool\t%s\n", pool(s))
		for _, l := range s.Listeners {
			fmt.Fprintf(out, "listener\t%s %s%s\n", Cell(l.Name), Cell(l.Address), queue(l))
		}
		for _, what := range s.Missing {
			fmt.Fprintf(out, "missing\t%s\n", Cell(what))
		}
		fmt.Fprintf(out, "reload\t%s\n", UnderWay(s.Reload))
	})
	fmt.Fprintln(&text)
	Workers(&text, s, workers)
	return text.String()
}

// pool is short: the table below it has the rest.
func pool(s view.Status) string {
	text := fmt.Sprintf("%d of %d ready, %d starting, %d draining", s.Pool.Ready, s.Pool.Size, s.Pool.Starting, s.Pool.Draining)
	if s.Stopping {
		text += ", shutting down"
	}
	if len(s.CrashLooping) > 0 {
		text += fmt.Sprintf(", crash loop in slots %v", s.CrashLooping)
	}
	return text
}

// queue is empty for a datagram socket, which has none.
func queue(l view.Listener) string {
	if l.Network == "udp" || l.Network == "unixgram" {
		return ""
	}
	return fmt.Sprintf(", %s of %s waiting", Number(l.QueueDepth), Number(l.Backlog))
}

// UnderWay describes the reload that is under way; nil is none.
func UnderWay(r *view.Reload) string {
	if r == nil {
		return "none under way"
	}
	return r.ID + ", " + Progress(*r)
}
