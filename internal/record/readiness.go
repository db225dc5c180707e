package record

// ReadyBy is what a worker was taken to be ready by.
type ReadyBy string

// The grounds, from the strongest to the weakest.
const (
	BySight      ReadyBy = "seen"    // rota saw that it accepts connections, or answers
	ByWord       ReadyBy = "said"    // it said so
	ByLife       ReadyBy = "lived"   // it has lived as long as the settings say, or for a while if nothing can be seen
	ByAssumption ReadyBy = "assumed" // it should have been seen, and was not
)

// ReadyProof is how a worker got ready.
type ReadyProof struct {
	By     ReadyBy
	Detail string // "" for READY=1 alone
	Why    string // of ByAssumption: why it was not seen, in the same words for every worker
}
