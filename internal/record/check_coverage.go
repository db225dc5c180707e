package record

// Coverage says which of the new workers the latest checks have reached.
type Coverage struct {
	Of     int      // workers that were to be reached; 0: no check has asked workers
	Missed []Missed // those that no connection has reached
	Unseen bool     // more may not have been: the kernel did not tell who answered
}

// Missed is a worker that the checks have not reached.
type Missed struct {
	WorkerID string
	Slot     int
}

// Reached is how many workers each check has reached. It is not known if the kernel did not tell, or if no
// check asks workers.
func (c Coverage) Reached() (n int, known bool) {
	return c.Of - len(c.Missed), c.Of > 0 && !c.Unseen
}
