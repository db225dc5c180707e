package record

import "time"

// EventType names what happened.
type EventType string

// The types of events. A new one also goes to the enum in internal/admin/openapi.yaml and to web/stream.js.
const (
	EventMasterStarted   EventType = "master.started"
	EventWorkerStarted   EventType = "worker.started"
	EventWorkerReady     EventType = "worker.ready"
	EventWorkerDraining  EventType = "worker.draining"
	EventWorkerExited    EventType = "worker.exited"
	EventReloadQueued    EventType = "reload.queued"
	EventReloadStarted   EventType = "reload.started"
	EventReloadProgress  EventType = "reload.progress"
	EventReloadLive      EventType = "reload.live"
	EventReloadCompleted EventType = "reload.completed"
	EventReloadFailed    EventType = "reload.failed"
	EventReloadAborted   EventType = "reload.aborted"
	EventPoolScaled      EventType = "pool.scaled"
)

// Event is something that happened. Worker and Reload are copies from that moment.
type Event struct {
	Seq      uint64 // 1, 2, 3, …; starts anew with the master
	Time     time.Time
	Type     EventType
	ReloadID string  // of the reload that caused it; "" for none
	Worker   *Worker // nil unless it is about a worker
	Reload   *Reload // nil unless it is about a reload
	Workers  int     // the pool size, in pool.scaled
	Before   int     // the pool size before, in pool.scaled
	From     string  // the state before, of a transition
	Message  string  // one sentence for a human
}
