package admin

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/master"
	"rota/internal/record"
	"rota/internal/sse"
	"rota/internal/view"
)

// publisher publishes events.
type publisher interface {
	Subscribe(after uint64) (*master.Subscription, error)
	SubscribeRecent(n int) (*master.Subscription, error)
}

// allEvents streams all events from now on, or from where the client left off.
func (s *Server) allEvents(w http.ResponseWriter, r *http.Request, q query) error {
	every, err := q.duration("stats", 0, 100*time.Millisecond, time.Minute)
	if err != nil {
		return err
	}
	recent, err := q.number("recent", 0, 0, 1000)
	if err != nil {
		return err
	}
	after, resumes, err := readPlace(r, q)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		sse.Headers(w)
		return nil
	}
	leave, err := s.take(s.streams, w, r)
	if err != nil {
		return err
	}
	defer leave()
	f, err := s.subscribe(after, resumes, recent)
	if err != nil {
		return err
	}
	defer f.Close()
	f.stats = every
	s.stream(w, r, f)
	return nil
}

func (s *Server) subscribe(after uint64, resumes bool, recent int) (feed, error) {
	if !resumes {
		subscription, err := s.master.SubscribeRecent(recent)
		return feed{Subscription: subscription}, err
	}
	subscription, err := s.master.Subscribe(after)
	f := feed{Subscription: subscription}
	if err == nil && subscription.Lost {
		f.lost = &view.EventsLost{Message: lostMessage, After: after}
	}
	return f, err
}

const lostMessage = "some events since then are no longer known, " +
	"because there were too many or because the master was restarted; here are those that are known"

// readPlace reads the number of the last event that the client has seen. The header wins, because a browser
// sends it when it reconnects to the same address.
func readPlace(r *http.Request, q query) (after uint64, given bool, err error) {
	name, text := "Last-Event-ID", sse.LastEventID(r)
	if text == "" {
		name, text = "after", q["after"]
	}
	if text == "" {
		return 0, false, nil
	}
	after, err = strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, false, badField(name, "%.40q is not the number of an event", text)
	}
	return after, true, nil
}

// reloadEvents streams the events of one reload, from its beginning or from where the client left off, to its
// end.
func (s *Server) reloadEvents(w http.ResponseWriter, r *http.Request, q query) error {
	after, _, err := readPlace(r, q)
	if err != nil {
		return err
	}
	// Before the subscription: if the reload has ended by now its last event is in the backlog.
	reload, err := s.master.ReloadByID(chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	leave, err := s.take(s.streams, w, r)
	if err != nil {
		return err
	}
	defer leave()
	return s.streamReload(w, r, reload, after)
}

// streamReload streams the events of a reload after the given one.
func (s *Server) streamReload(w http.ResponseWriter, r *http.Request, reload record.Reload, after uint64) error {
	subscription, err := s.master.Subscribe(after)
	if err != nil {
		return err
	}
	defer subscription.Close()
	f := feed{Subscription: subscription, reload: reload.ID}
	began, ended := f.extent()
	if subscription.Lost && !began {
		f.lost = &view.EventsLost{Message: lostMessage + "; the record is at /reloads/" + reload.ID, After: after}
	}
	switch {
	case reload.State.Terminal() && !ended && f.lost != nil:
		return problemf(http.StatusGone, "the events of this reload are no longer kept; the record is at /reloads/%s", reload.ID)
	case reload.State.Terminal() && !ended:
		w.WriteHeader(http.StatusNoContent) // tells an EventSource not to come back
	case r.Method == http.MethodHead:
		sse.Headers(w)
	default:
		s.stream(w, r, f)
	}
	return nil
}

// extent reports whether the feed's backlog holds the first and the last event of its reload.
func (f feed) extent() (began, ended bool) {
	for _, e := range f.Backlog {
		if f.wants(e) {
			began = began || e.Type == record.EventReloadQueued
			ended = ended || endsReload(e)
		}
	}
	return began, ended
}
