package pool

// FailureCode says for programs what has failed.
type FailureCode string

// The codes.
const (
	PrepareFailed FailureCode = "prepare_failed" // no worker was started: the settings, the program or a listener is at fault
	NoCanary      FailureCode = "no_canary"      // a caller needs a canary, and it has none; no worker was started
	WorkerFailed  FailureCode = "worker_failed"  // a new worker ended, could not be started, or missed its watchdog
	NotReady      FailureCode = "not_ready"      // a new worker was not ready in time
	CheckFailed   FailureCode = "check_failed"
	AbortAsked    FailureCode = "aborted"  // somebody asked for that
	MasterStops   FailureCode = "stopping" // the master was told to stop
	Unstable      FailureCode = "unstable" // it is completed, but its workers do not stay
)

// failure is the code of the failure that a worker causes.
func (m *member) failure() FailureCode {
	if m.State == WorkerDraining && m.ReadyAt.IsZero() { // given up, but not gone yet
		return NotReady
	}
	return WorkerFailed
}
