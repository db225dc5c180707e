package master

// Fate is what became of the connections of a worker that is gone, apart from those that rota cut.
type Fate struct {
	Dropped     int             // that were lost, as was seen
	Connections []CutConnection // of those, at most mostCut
	Unsure      int             // others, that were lost or not
	Doubts      []string        // why more may have been lost than was seen, a sentence each
	Seen        SeenBy
}

// SeenBy says how it was found out what became of connections whose worker ended.
type SeenBy string

// The ways.
const (
	SeenToldByKernel SeenBy = "notifications" // the kernel told of the end of each
	SeenByStates     SeenBy = "states"        // for want of that, by looking at the connections time and again, and at what was left of them
)
