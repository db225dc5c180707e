package record

// Fate is what became of the connections of a worker that is gone, apart from those that rota cut.
type Fate struct {
	Dropped     int             // seen to be lost
	Connections []CutConnection // some of those, at most MostCut
	Unsure      int             // others that may have been lost
	Doubts      []string        // why more may have been lost than was seen, a sentence each
	Seen        SeenBy
}

// SeenBy says how rota learned what became of the connections of a worker that ended.
type SeenBy string

// The two ways.
const (
	SeenToldByKernel SeenBy = "notifications" // the kernel told of the end of each
	SeenByStates     SeenBy = "states"        // rota listed the connections again and again
)
