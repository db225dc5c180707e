package output

import (
	"time"

	"golang.org/x/time/rate"
)

// How much a worker may print to one stream and have it logged again. A line costs one, and one
// more for each whole KiB. Who prints more is muted until muteFor is over.
const (
	linesPerSecond = 1000
	linesAtOnce    = 4000
	muteFor        = time.Second
)

// budget is what is left of that. It is one for each stream, so that a flood of the one leaves the
// other readable.
type budget struct {
	limiter  *rate.Limiter
	muted    bool
	unlogged uint64 // lines since that was last told
}

func newBudget() budget {
	return budget{limiter: rate.NewLimiter(linesPerSecond, linesAtOnce)}
}

// spend reports whether the line may be logged. The first that may not mutes the stream, so that the
// log has lines that belong together and then says what is missing, instead of one line of each thousand.
func (b *budget) spend(now time.Time, line []byte) bool {
	b.muted = b.muted || !b.limiter.AllowN(now, 1+len(line)/1024)
	return !b.muted
}
