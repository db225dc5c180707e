package words

import (
	"fmt"
	"strings"
	"time"

	"rota/internal/record"
	"rota/internal/view"
)

// Deaths say why a slot waits for its next worker. Ending is how the last one ended.
func Deaths(n int, ending string) string {
	return record.Plural(n, "death", "deaths") + " in a row, the last: " + ending
}

// Vacancy says why a slot has no worker, and when the next one is started.
func Vacancy(slot view.WaitingSlot, now time.Time) string {
	text := Cell(slot.Text)
	if next := slot.NextTry.Time; !next.IsZero() {
		text += "; next try in " + Short(max(0, next.Sub(now)))
	}
	return text
}

// Exit says how a worker ended; one without an exit was given up and is not gone yet.
func Exit(w view.WorkerCore) string {
	if w.Exit == nil {
		return "given up"
	}
	return Cell(w.Exit.Text)
}

// Holding says what keeps a draining worker from leaving.
func Holding(h view.Holding) string {
	text := holds(h)
	if peers := peers(h); peers != "" {
		text += "; " + peers
	}
	return text
}

// FillHolding puts the words into the view.
func FillHolding(h *view.Holding) { h.HoldsText, h.PeersText = holds(*h), peers(*h) }

func holds(h view.Holding) string {
	switch {
	case h.Connections == nil:
		return "the kernel does not tell what it holds"
	case *h.Connections == 0:
		return "no connection"
	}
	var kinds []string
	for _, kind := range []struct {
		n    *int
		name string
	}{{h.Active, "active"}, {h.Idle, "idle"}, {h.HalfClosed, "half-closed"}} {
		if kind.n != nil && *kind.n > 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s", *kind.n, kind.name))
		}
	}
	text := record.Plural(*h.Connections, "connection", "connections")
	if len(kinds) > 0 {
		text += " (" + strings.Join(kinds, ", ") + ")"
	}
	return text
}

func peers(h view.Holding) string {
	if h.Oldest == nil {
		return ""
	}
	text := fmt.Sprintf("quiet the longest: %s of %s", h.Oldest.ID, Nullable(h.Oldest.Remote))
	if h.Oldest.IdleMS != nil {
		text += ", for " + Milliseconds(h.Oldest.IdleMS)
	}
	var others []string
	for _, peer := range h.Peers {
		if peer != view.Text(h.Oldest.Remote) {
			others = append(others, Cell(peer))
		}
	}
	if len(others) > 0 {
		text += "; also " + strings.Join(others, ", ")
	}
	return text
}
