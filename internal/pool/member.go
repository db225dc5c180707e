package pool

import "rota/internal/record"

// member is a worker as the pool keeps it: readers get copies of the Worker in it.
type member struct {
	record.Worker
	reload      *reload // that started or drains it; nil for neither
	connections connections
	killed      bool // because too many generations drained
	withdrew    bool // it was seen to have stopped accepting before it ended
}

// connections are what is known of a worker's open connections while it drains, or is not ready yet.
type connections struct {
	open    int                    // as last counted
	counted bool                   // open is known
	some    []record.CutConnection // some of those, as they are described if the worker drops them
	missed  bool                   // they could not be counted when the worker was told to stop
	peak    int                    // most open ones while it drained
	evicted int                    // closed for it while it drained
}

// counts notes how many there are.
func (c *connections) counts(n int, some []record.CutConnection) {
	c.open, c.counted, c.some = n, true, some
}

// forget drops what was counted before the worker was ready.
func (c *connections) forget() { c.open, c.counted, c.some = 0, false, nil }

// evict counts n connections that were closed, and returns by how much that changes the sum. What was counted
// before the worker drained is not taken back.
func (c *connections) evict(n int) int {
	n = max(n, -c.evicted)
	c.evicted += n
	c.open = max(0, c.open-n) // the worker may crash before the next count
	return n
}

// ended is how many of them ended by themselves, apart from those that were lost.
func (c *connections) ended(lost int) int { return max(0, c.peak-lost-c.evicted) }
