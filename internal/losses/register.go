package losses

import (
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/record"
)

// mostStrangers is more connections than end between two looks, except on a very busy machine.
const mostStrangers = 4096

// How long the kernel may take to tell of the end of connections that were seen, and of those that may have
// been open unseen.
const (
	settleWithin = 100 * time.Millisecond
	settleUnseen = 10 * time.Millisecond
)

// Register keeps a Tracker for each worker whose connections are followed: one that drains, or that a reload
// has started and that is not ready yet. For as long as there is one, the kernel is asked to tell of each
// connection that ends, for which nobody needs a right. Where it does not, rota looks for what is left of
// them. It belongs to the loop.
type Register struct {
	own      *listen.OwnClients
	hear     func(*kernel.Endings) // has a goroutine take in what the kernel tells, until it is closed
	followed map[string]*Tracker   // by worker

	watch     *kernel.Endings // nil if the kernel tells of none
	ports     []uint16        // that it tells of
	refused   bool            // the kernel refuses to tell, for ever
	strangers []ConnectionEnd // the latest connections that no look has shown, oldest first
}

// NewRegister makes an empty register. hear is called in the loop, and does not wait.
func NewRegister(own *listen.OwnClients, hear func(*kernel.Endings)) *Register {
	return &Register{own: own, hear: hear, followed: map[string]*Tracker{}}
}

// Follow begins to take note of how the connections of a worker end. It returns why the kernel does not tell.
func (r *Register) Follow(worker string, endpoints []kernel.Listener) error {
	err := r.listen(endpoints)
	r.followed[worker] = NewTracker(r.watch != nil)
	return err
}

// listen has the kernel tell of the ports that workers may have connections at.
func (r *Register) listen(endpoints []kernel.Listener) error {
	ports := portsOf(endpoints)
	if r.refused || len(ports) == 0 || r.watch != nil && slices.Equal(ports, r.ports) {
		return nil
	}
	r.Stop()
	watch, err := kernel.WatchEndings(endpoints)
	if err != nil {
		r.refused = true
		return err
	}
	r.watch, r.ports = watch, ports
	r.hear(watch)
	return nil
}

func portsOf(endpoints []kernel.Listener) []uint16 {
	var ports []uint16
	for _, e := range endpoints {
		if e.Addr.IsValid() {
			ports = append(ports, e.Addr.Port())
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// Leave no longer follows a worker. If it was the last, the kernel need not tell any more.
func (r *Register) Leave(worker string) {
	delete(r.followed, worker)
	if len(r.followed) == 0 {
		r.Stop()
	}
}

// Stop has the kernel tell no more. What becomes of the workers that are followed is left to looks.
func (r *Register) Stop() {
	if r.watch == nil {
		return
	}
	r.watch.Close()
	r.watch, r.strangers = nil, nil
	r.distrust()
}

// Lost is for when the kernel did not tell of all connections that ended.
func (r *Register) Lost(watch *kernel.Endings) {
	if r.watch == watch {
		r.distrust()
	}
}

func (r *Register) distrust() {
	for _, e := range r.followed {
		e.KernelReports = false
	}
}

// Of is what is known of a worker's connections; nil if they are not followed.
func (r *Register) Of(worker string) *Tracker { return r.followed[worker] }

// HolderOf is the worker that is followed and that a look has shown to have the connection; "" for none.
func (r *Register) HolderOf(cookie uint64) string {
	for id, e := range r.followed {
		if _, seen := e.Known[cookie]; seen {
			return id
		}
	}
	return ""
}

// Waited reports whether the client of a connection of the worker may have waited for an answer, if the
// worker closed it first.
func (r *Register) Waited(worker string, end kernel.Ending) bool {
	e := r.followed[worker]
	c := e.Known[end.Cookie]
	return e.Waited(&c, ConnectionEnd{Ending: end}, false, true)
}

// Ended takes in how a connection ended. lives are the workers that live on.
func (r *Register) Ended(end ConnectionEnd, lives map[string]bool) {
	if id := r.HolderOf(end.Cookie); id != "" {
		end.WorkerLived = lives[id]
		r.followed[id].AddEnd(end)
		return
	}
	if r.own.Has(end.Remote) {
		return
	}
	if len(r.strangers) >= mostStrangers {
		r.strangers = slices.Delete(r.strangers, 0, mostStrangers/2)
	}
	r.strangers = append(r.strangers, end)
}

// Looked takes in what a look has shown. It returns the connections that have vanished since the look
// before, if some may have been reset.
func (r *Register) Looked(seen Look) map[*Tracker][]listen.Connection {
	vanished := map[*Tracker][]listen.Connection{}
	for id, list := range seen.Held {
		e := r.followed[id]
		if e == nil {
			continue
		}
		if gone := e.AddLook(seen, list); len(gone) > 0 {
			vanished[e] = gone
		}
		r.strangers = slices.DeleteFunc(r.strangers, e.AddEnd)
	}
	return vanished
}

// Settle judges what became of the connections of a worker that has ended. It is not settled while the
// kernel may still tell of some.
func (r *Register) Settle(worker string, d minder.Death, s Remains, waited time.Duration) (f record.Fate, settled bool) {
	e := r.followed[worker]
	early := e.Unaccounted(s.Leaving) && waited < settleWithin || e.Sudden(d) && waited < settleUnseen
	if e.KernelReports && early {
		return f, false
	}
	s.Peers = map[string]bool{}
	for _, c := range s.Leaving {
		s.Peers[c.Remote] = true
	}
	s.Strangers = r.strangersTo(e, s.Leaving)
	return e.Fate(d, s), true
}

// strangersTo are the connections that no look has shown, and that may have been the worker's. Some are not
// closed yet.
func (r *Register) strangersTo(e *Tracker, leaving map[uint64]kernel.Leaving) (list []ConnectionEnd) {
	for _, end := range r.strangers {
		if e.MayBeUnseen(end.At) {
			list = append(list, end)
		}
	}
	for cookie, c := range leaving {
		if !c.Over && r.HolderOf(cookie) == "" && !r.own.Has(c.Remote) {
			list = append(list, ConnectionEnd{Ending: c.Ending})
		}
	}
	return list
}
