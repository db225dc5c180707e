package master

// ReadyBy is what a worker was taken to be ready by.
type ReadyBy string

// From the strongest to the weakest.
const (
	BySight      ReadyBy = "seen"    // rota saw that it accepts connections, or answers
	ByWord       ReadyBy = "said"    // it said so
	ByLife       ReadyBy = "lived"   // it has lived as long as was asked for, or, without anything that could be seen, for a while
	ByAssumption ReadyBy = "assumed" // it should have been seen, and was not
)

// Readied is how a worker got ready.
type Readied struct {
	By     ReadyBy
	Detail string // "" for READY=1 alone
	Why    string // of what was assumed: why it was not seen, the same for every worker of which that is so
}
