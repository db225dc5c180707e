package admin

import (
	"net/http"
	"time"

	"rota/internal/master"
	"rota/internal/present"
	"rota/internal/record"
	"rota/internal/sse"
	"rota/internal/view"
)

// feed is what a stream sends: a subscription, or the part of it that concerns one reload.
type feed struct {
	*master.Subscription
	reload string           // only events of this reload, whose last event ends the stream; "" for all
	lost   *view.EventsLost // sent first; nil when nothing is missing
	stats  time.Duration    // between two statistics; 0: none
}

func (f feed) wants(e record.Event) bool { return f.reload == "" || e.ReloadID == f.reload }
func (f feed) ends(e record.Event) bool  { return f.reload != "" && endsReload(e) }

// endsReload reports whether the event is the last one of its reload.
func endsReload(e record.Event) bool {
	return e.Type == record.EventReloadCompleted || e.Type == record.EventReloadFailed || e.Type == record.EventReloadAborted
}

// stream sends the feed until it or its reader ends. The answer has begun, so an error has no reader.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, f feed) {
	out, err := s.openStream(w)
	if err != nil {
		return
	}
	options := s.streamOptions(r)
	if f.stats > 0 {
		options.Periodic = newStatsTicker(f.stats, s.times.gap, s.snapshots, out)
	}
	if replay(out, f, options.Periodic) {
		sse.Follow(out, f.C, func(e record.Event) bool { return passOn(out, f, e) }, options)
	}
}

func (s *Server) openStream(w http.ResponseWriter) (*sse.Writer, error) {
	liftTimeouts(w)
	return sse.Open(w, s.times.write)
}

func (s *Server) streamOptions(r *http.Request) sse.Options {
	return sse.Options{Heartbeat: s.times.heartbeat, Left: r.Context().Done(), Closing: s.closing}
}

// replay sends what comes before the first new event; false when the stream is over then.
func replay(out *sse.Writer, f feed, stats sse.Periodic) bool {
	if f.lost != nil && sendLost(out, *f.lost) != nil {
		return false
	}
	if stats != nil && stats.Send() != nil {
		return false
	}
	for _, e := range f.Backlog {
		if !passOn(out, f, e) {
			return false
		}
	}
	return true
}

// passOn sends the event if the feed wants it; false when the stream is over with it.
func passOn(out *sse.Writer, f feed, e record.Event) bool {
	if !f.wants(e) {
		return true
	}
	return sendEvent(out, e) == nil && !f.ends(e)
}

func sendEvent(out *sse.Writer, e record.Event) error {
	data, err := view.Encode(present.Event(e))
	if err != nil {
		return err
	}
	return out.Event(sse.ID(e.Seq), string(e.Type), data)
}

func sendLost(out *sse.Writer, l view.EventsLost) error {
	data, err := view.Encode(l)
	if err != nil {
		return err
	}
	return out.Event("", "events.lost", data)
}
