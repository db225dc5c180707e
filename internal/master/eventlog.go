package master

import (
	"slices"

	"rota/internal/record"
)

// eventLog numbers the events, keeps the latest and passes each on to the subscribers.
// It belongs to the loop.
type eventLog struct {
	last        uint64 // the newest number
	kept        []record.Event
	subscribers map[*Subscription]bool
}

// keepEvents is how many events can be replayed, at least; moreEvents how many more are kept before all of them are
// moved, which shows in the master's memory; subscriberBuffer how far a subscriber may lag behind before it is cut off.
const (
	keepEvents       = 4096
	moreEvents       = keepEvents / 16
	subscriberBuffer = 1024
)

// Subscription is a stream of events without a gap: Backlog, then what arrives at C.
type Subscription struct {
	Backlog []record.Event      // the events after the one asked for, oldest first
	Lost    bool                // Backlog does not reach back to it
	C       <-chan record.Event // closed by the master when the subscriber is too slow, or the master ends
	Cancel  func()              // what Close calls; given by whoever made the subscription

	events chan record.Event
}

// Close ends the subscription. It may be called at any time, more than once.
func (s *Subscription) Close() { s.Cancel() }

func (l *eventLog) publish(e record.Event) record.Event {
	l.last++
	e.Seq = l.last
	if len(l.kept) >= keepEvents+moreEvents {
		l.kept = slices.Delete(l.kept, 0, len(l.kept)-keepEvents)
	}
	l.kept = append(l.kept, e)
	for s := range l.subscribers {
		select {
		case s.events <- e:
		default:
			l.remove(s) // a slow reader is cut off, never waited for
		}
	}
	return e
}

// subscribe takes the backlog and joins the stream in one step, so that nothing falls between.
func (l *eventLog) subscribe(after uint64) *Subscription {
	s := &Subscription{events: make(chan record.Event, subscriberBuffer)}
	s.C = s.events
	first := l.last - uint64(len(l.kept)) + 1
	switch {
	case after > l.last: // a number from another master
		s.Lost, s.Backlog = true, l.kept
	case after+1 < first:
		s.Lost, s.Backlog = true, l.kept
	default:
		s.Backlog = l.kept[after+1-first:]
	}
	s.Backlog = append([]record.Event(nil), s.Backlog...)
	if l.subscribers == nil {
		l.subscribers = map[*Subscription]bool{}
	}
	l.subscribers[s] = true
	return s
}

func (l *eventLog) remove(s *Subscription) {
	if l.subscribers[s] {
		delete(l.subscribers, s)
		close(s.events)
	}
}

func (l *eventLog) close() {
	for s := range l.subscribers {
		l.remove(s)
	}
}
