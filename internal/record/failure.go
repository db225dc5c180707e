package record

// FailureCode says what has failed, for programs to read.
type FailureCode string

// The codes.
const (
	PrepareFailed FailureCode = "prepare_failed" // no worker was started: the settings, the program or a listener is at fault
	NoCanary      FailureCode = "no_canary"      // a caller needs a canary, and the reload has none; no worker was started
	WorkerFailed  FailureCode = "worker_failed"  // a new worker ended, could not be started, or missed its watchdog
	NotReady      FailureCode = "not_ready"      // a new worker was not ready in time
	CheckFailed   FailureCode = "check_failed"
	AbortAsked    FailureCode = "aborted"  // somebody asked for that
	MasterStops   FailureCode = "stopping" // the master was told to stop
	Unstable      FailureCode = "unstable" // the reload is completed, but its workers keep dying
)

// Failure is why a reload was reverted or aborted or, if it is completed, why that is no success.
type Failure struct {
	Code     FailureCode
	Message  string // one sentence
	WorkerID string // the worker that failed; "" when none did
	Slot     int
	Output   []string // the failing worker's last lines, oldest first

	Complaints []string // each mistake by itself, where there are several
	Stopping   bool     // the master was told to stop
	Unwell     bool     // the previous generation serves again and does not pass the checks either
	Stranded   bool     // reverting failed, and the slots were left as they were
}
