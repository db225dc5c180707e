package admin

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/observer"
	"rota/internal/record"
)

// fakeMaster is a master played by hand: a test sets what is seen, publishes events and
// moves reloads on.
type fakeMaster struct {
	mu          sync.Mutex
	status      master.Status
	workers     []record.Worker
	gone        []record.Worker
	connections []listen.Connection
	queues      map[string]kernel.Queue
	unseen      []string
	waitingFor  []master.WaitingFor
	refusal     error // of what changes something
	kernelErr   error // of Connections and Queues
	stopped     error // of everything
	samples     int   // how often the kernel was asked
	stuck       chan struct{}

	logs map[string]*fakeLog // by worker

	reloads   []record.Reload // oldest first
	requests  []record.ReloadRequest
	controls  []string      // verbs and reasons
	changed   chan struct{} // closed, and made anew, when a reload moves on
	waiting   chan string   // the id of each reload that somebody begins to wait for
	abandoned chan string   // and of each that nobody waits for any more

	events      []record.Event // that are kept
	last        uint64
	buffer      int // of a subscription
	subscribers map[*master.Subscription]chan record.Event
	closed      chan struct{} // one for each subscription that its reader closed
}

var startedAt = time.Date(2026, 11, 22, 8, 0, 0, 123_456_789, time.FixedZone("CET", 3600))

func newFakeMaster() *fakeMaster {
	f := &fakeMaster{
		status: master.Status{
			PID: 4700, StartedAt: time.Now().Add(-time.Hour), Generation: 3, Size: 2, Ready: 2,
			Listeners: []listen.Spec{
				{Name: "tcp", Network: "tcp", Address: "127.0.0.1:11111"},
				{Name: "unix", Network: "unix", Address: "/run/rota.sock"},
			},
			Totals: record.Totals{WorkersStarted: 4, WorkersDied: 1, ReloadsCompleted: 2},
		},
		queues:      map[string]kernel.Queue{"tcp": {Depth: 1, Backlog: 4096}},
		changed:     make(chan struct{}),
		waiting:     make(chan string, 100),
		abandoned:   make(chan string, 100),
		logs:        map[string]*fakeLog{},
		buffer:      1024,
		subscribers: map[*master.Subscription]chan record.Event{},
		closed:      make(chan struct{}, 1000),
	}
	f.workers = []record.Worker{
		{ID: newID(), Slot: 0, Generation: 3, Revision: "v1", PID: os.Getpid(), State: record.WorkerReady,
			Program: &record.Program{Path: "/srv/one/app", Directory: "/srv/one", Args: []string{"--fast"}, Environment: []string{"SECRET"}, SHA256: "0a1b"},
			Status:  "serving", StartedAt: startedAt, ReadyAt: startedAt.Add(time.Second),
			ReadyProof: record.ReadyProof{By: record.ByAssumption, Detail: "readiness was assumed", Why: "it uses io_uring"}},
		{ID: newID(), Slot: 1, Generation: 3, State: record.WorkerStarting, StartedAt: startedAt, Restarts: 2},
	}
	f.gone = []record.Worker{{ID: newID(), Slot: 1, Generation: 2, PID: 4712, State: record.WorkerExited,
		StartedAt: startedAt, ExitedAt: startedAt.Add(time.Minute),
		Exit: &record.Exit{Code: -1, Signal: "SIGKILL", Output: []string{"out of memory"}, Cut: 3}}}
	return f
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// with changes the fake under its lock.
func (f *fakeMaster) with(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeMaster) Status() (master.Status, error) {
	if f.stuck != nil {
		<-f.stuck
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	status := f.status
	status.Workers = slices.Clone(f.workers)
	return status, f.stopped
}

func (f *fakeMaster) Worker(id string) (record.Worker, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range slices.Concat(f.workers, f.gone) {
		if w.ID == id {
			return w, f.stopped
		}
	}
	return record.Worker{}, record.ErrNoWorker
}

func (f *fakeMaster) Connections() (observer.Listing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.samples++
	if f.kernelErr != nil {
		return observer.Listing{}, f.kernelErr
	}
	return observer.Listing{Connections: slices.Clone(f.connections), Unseen: f.unseen, Families: f.families()}, f.stopped
}

// families are the workers' processes: those whose pid somebody has.
func (f *fakeMaster) families() map[string]kernel.Family {
	families := map[string]kernel.Family{}
	for _, w := range f.workers {
		if p, err := kernel.FindProcess(w.PID); err == nil {
			families[w.ID] = kernel.Family{p}
		}
	}
	return families
}

func (f *fakeMaster) Queues() (map[string]kernel.Queue, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queues, f.kernelErr
}

func (f *fakeMaster) Reload(request record.ReloadRequest) (record.Reload, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped != nil {
		return record.Reload{}, f.stopped
	}
	f.requests = append(f.requests, request)
	now := time.Now()
	r := record.Reload{ID: newID(), Generation: 4, State: record.ReloadQueued,
		CombinedRequest: record.CombinedRequest{ReloadRequest: request,
			Callers: []record.Caller{{ReloadRequest: request, At: now}}, CallersTotal: 1, RequestedAt: now},
		Progress: record.Progress{Total: 2}}
	f.reloads = append(f.reloads, r)
	f.publish(record.Event{Type: record.EventReloadQueued, ReloadID: r.ID, Reload: &r})
	return r, nil
}

func (f *fakeMaster) Control(id string, verb record.Verb, reason string) (record.Reload, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.find(id)
	if r == nil {
		return record.Reload{}, record.ErrNoReload
	}
	f.controls = append(f.controls, string(verb)+" "+reason)
	if f.refusal != nil {
		return record.Reload{}, f.refusal
	}
	if verb == record.VerbAbort {
		r.State = record.ReloadReverting
	}
	return *r, f.stopped
}

func (f *fakeMaster) Renew(id string) (record.Worker, error) {
	w, err := f.Worker(id)
	if refused := cmp.Or(f.refusal, f.stopped); refused != nil {
		return record.Worker{}, refused
	}
	w.ID, w.State, w.PID = newID(), record.WorkerStarting, 0
	return w, err
}

func (f *fakeMaster) ScaleTo(size int) (before int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, f.status.Size = f.status.Size, size
	return before, cmp.Or(f.refusal, f.stopped)
}

func (f *fakeMaster) Reloads() ([]record.Reload, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := slices.Clone(f.reloads)
	slices.Reverse(list)
	return list, f.stopped
}

func (f *fakeMaster) ReloadByID(id string) (record.Reload, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.find(id); r != nil {
		return *r, f.stopped
	}
	return record.Reload{}, record.ErrNoReload
}

func (f *fakeMaster) find(id string) *record.Reload {
	for i := range f.reloads {
		if f.reloads[i].ID == id {
			return &f.reloads[i]
		}
	}
	return nil
}

func (f *fakeMaster) Wait(ctx context.Context, id string, target record.ReloadState) (record.Reload, error) {
	return f.waitUntil(ctx, id, func(r *record.Reload) bool { return r.Reached(target) })
}

func (f *fakeMaster) WaitCanary(ctx context.Context, id string) (record.Reload, error) {
	return f.waitUntil(ctx, id, (*record.Reload).CanaryDecided)
}

func (f *fakeMaster) waitUntil(ctx context.Context, id string, over func(*record.Reload) bool) (record.Reload, error) {
	f.waiting <- id
	for {
		f.mu.Lock()
		r, changed := *f.find(id), f.changed
		f.mu.Unlock()
		if over(&r) {
			return r, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			f.abandoned <- id
			return record.Reload{}, ctx.Err()
		}
	}
}

// move brings a reload into a state and tells about it.
func (f *fakeMaster) move(id string, state record.ReloadState, event record.EventType, also ...func(*record.Reload)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.find(id)
	from := r.State
	r.State = state
	for _, change := range also {
		change(r)
	}
	f.publish(record.Event{Type: event, ReloadID: id, Reload: new(*r), From: string(from)})
	close(f.changed)
	f.changed = make(chan struct{})
}

// newest is the id of the reload that was asked for last.
func (f *fakeMaster) newest() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reloads[len(f.reloads)-1].ID
}

// tell publishes n events about a worker.
func (f *fakeMaster) tell(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		w := f.workers[0]
		f.publish(record.Event{Type: record.EventWorkerReady, Worker: &w, From: "starting"})
	}
}

func (f *fakeMaster) publish(e record.Event) {
	f.last++
	e.Seq, e.Time = f.last, time.Now()
	if e.Message == "" {
		e.Message = fmt.Sprint("event ", f.last)
	}
	f.events = append(f.events, e)
	for s, events := range f.subscribers {
		select {
		case events <- e:
		default:
			f.remove(s)
		}
	}
}

// forget drops all but the latest n events.
func (f *fakeMaster) forget(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = slices.Clone(f.events[len(f.events)-n:])
}

func (f *fakeMaster) Subscribe(after uint64) (*master.Subscription, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.subscribe(after)
}

func (f *fakeMaster) SubscribeRecent(n int) (*master.Subscription, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.subscribe(f.last - uint64(min(n, len(f.events))))
}

func (f *fakeMaster) subscribe(after uint64) (*master.Subscription, error) {
	if f.stopped != nil {
		return nil, f.stopped
	}
	events := make(chan record.Event, f.buffer)
	s := &master.Subscription{C: events}
	first := f.last - uint64(len(f.events)) + 1
	s.Lost = after > f.last || after+1 < first
	for _, e := range f.events {
		if s.Lost || e.Seq > after {
			s.Backlog = append(s.Backlog, e)
		}
	}
	f.subscribers[s] = events
	s.Cancel = func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.remove(s)
		f.closed <- struct{}{}
	}
	return s, nil
}

func (f *fakeMaster) remove(s *master.Subscription) {
	if events, ok := f.subscribers[s]; ok {
		delete(f.subscribers, s)
		close(events)
	}
}

// readers counts the subscriptions that are open.
func (f *fakeMaster) readers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.subscribers)
}

// end closes all subscriptions, as the master does at its end.
func (f *fakeMaster) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = master.ErrStopped
	for s := range f.subscribers {
		f.remove(s)
	}
}
