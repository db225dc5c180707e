package master

import (
	"time"

	"rota/internal/listen"
	"rota/internal/minder"
)

// serviceRecord is what the loop has seen of how the workers of one generation serve their listeners.
type serviceRecord struct {
	served  map[int]map[*listen.Binding]bool  // by slot: the listeners that its workers were seen to serve once they were ready
	needed  map[*listen.Binding]time.Duration // the longest time from registering a listener to being seen to accept from it
	assumed []string                          // why workers were only assumed to be ready
}

func newServiceRecord() *serviceRecord {
	return &serviceRecord{served: map[int]map[*listen.Binding]bool{}, needed: map[*listen.Binding]time.Duration{}}
}

// serves keeps that a ready worker of the slot was seen to serve a listener.
func (r *serviceRecord) serves(slot int, b *listen.Binding) {
	if r.served[slot] == nil {
		r.served[slot] = map[*listen.Binding]bool{}
	}
	r.served[slot][b] = true
}

// needs keeps how long a worker has taken from registering a listener to being seen to accept from it.
func (r *serviceRecord) needs(b *listen.Binding, took time.Duration) {
	r.needed[b] = max(r.needed[b], took)
}

// outlasted reports whether the worker has had twice the time that others of its generation needed at this
// listener.
func (r *serviceRecord) outlasted(a *listenerRecord) bool {
	needed, known := r.needed[a.binding]
	return known && !a.since.IsZero() && time.Since(a.since) > max(2*needed, minder.MostPatience)
}
