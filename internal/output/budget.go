package output

import (
	"time"

	"golang.org/x/time/rate"
)

// How many lines of a stream are logged. A line costs one, and one more for each whole KiB. A stream that exceeds this is
// muted for muteFor.
const (
	linesPerSecond = 1000
	linesAtOnce    = 4000
	muteFor        = time.Second
)

// budget is what is left. Each stream has its own, so that a flood of one leaves the other readable.
type budget struct {
	limiter  *rate.Limiter
	muted    bool
	unlogged uint64 // lines since that was last told
}

func newBudget() budget {
	return budget{limiter: rate.NewLimiter(linesPerSecond, linesAtOnce)}
}

// spend reports whether the line may be logged. The first line over the budget mutes the stream, so that the log has
// lines that belong together and then a count of those that are missing, instead of one line of each thousand.
func (b *budget) spend(now time.Time, line []byte) bool {
	b.muted = b.muted || !b.limiter.AllowN(now, 1+len(line)/1024)
	return !b.muted
}
