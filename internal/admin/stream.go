package admin

import (
	"net/http"
	"time"

	"rota/internal/master"
)

// feed is what a stream is about: a subscription, or what concerns one reload of it.
type feed struct {
	*master.Subscription
	reload string    // only events of this reload, and the last of them ends the stream; "" for all
	lost   *lostView // told first; nil when nothing is missing
}

func (f feed) wants(e master.Event) bool { return f.reload == "" || e.ReloadID == f.reload }
func (f feed) ends(e master.Event) bool  { return f.reload != "" && endsReload(e) }

// stream sends the feed, and statistics if p is not nil, until the feed or its reader ends.
// The answer has begun, so there is nobody left to tell an error.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, f feed, p *pulse) {
	out, err := openSSE(w, s.times.write)
	if err != nil {
		return
	}
	if s.replay(out, f, p) {
		follow(s, out, r.Context().Done(), f.C, func(e master.Event) bool { return passOn(out, f, e) }, p)
	}
}

// replay sends what comes before the first new event; false when the stream is over then.
func (s *Server) replay(out *sseWriter, f feed, p *pulse) bool {
	if f.lost != nil && out.lost(*f.lost) != nil {
		return false
	}
	if p != nil && s.sendStats(out, p) != nil {
		return false
	}
	for _, e := range f.Backlog {
		if !passOn(out, f, e) {
			return false
		}
	}
	return true
}

// follow passes on what comes, until that says that it was the last. The master closes the channel
// when it ends, and when this reader is too slow; the reader comes back in both cases and asks for
// what it missed.
func follow[T any](s *Server, out *sseWriter, left <-chan struct{}, c <-chan T, pass func(T) bool, p *pulse) {
	heartbeat := time.NewTicker(s.times.heartbeat)
	defer heartbeat.Stop()
	for open := true; open; {
		select {
		case e, more := <-c:
			open = more && pass(e)
			p.changed()
		case <-p.due():
			open = s.sendStats(out, p) == nil
		case <-heartbeat.C:
			open = out.comment() == nil
		case <-s.closing:
			passRest(c, pass)
			return
		case <-left:
			return
		}
	}
}

// passOn sends the event if the feed wants it; false when the stream is over with it.
func passOn(out *sseWriter, f feed, e master.Event) bool {
	if !f.wants(e) {
		return true
	}
	return out.event(e) == nil && !f.ends(e)
}

// passRest passes on what has happened before the end, so that a watcher sees how it ended.
func passRest[T any](c <-chan T, pass func(T) bool) {
	for {
		select {
		case e, more := <-c:
			if !more || !pass(e) {
				return
			}
		default:
			return
		}
	}
}

// sendStats sends the present state. If the master does not tell, it is about to end, and
// so is the feed.
func (s *Server) sendStats(out *sseWriter, p *pulse) error {
	now, err := s.sampler.shared(p.gap)
	if err != nil {
		p.sent(time.Now())
		return nil
	}
	err = out.note("stats", now.stats)
	p.sent(now.began)
	return err
}
