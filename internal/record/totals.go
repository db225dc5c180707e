package record

// Totals count since the master started.
type Totals struct {
	WorkersStarted   int // or tried to
	WorkersDied      int // without having been told to leave
	ReloadsCompleted int
	ReloadsFailed    int
	ReloadsAborted   int
}
