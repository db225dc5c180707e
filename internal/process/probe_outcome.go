package process

import (
	"context"
	"errors"
	"sync/atomic"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// outcomes keeps what the probes of a worker have found. The prober and the minder may use it at the same
// time.
type outcomes struct{ latest atomic.Pointer[string] } // the latest answer that was a bad one; nil for none

// failed keeps the error of a probe, unless it was silence.
func (o *outcomes) failed(err error) {
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errNobodyAccepts):
		o.latest.Store(nil)
	default:
		o.latest.Store(new(err.Error()))
	}
}

var errNobodyAccepts = errors.New("nobody accepts")

// WhyUnready tells a connection that nobody has accepted from one that the program has accepted and does not
// answer.
func (p *osProcess) WhyUnready() string {
	if p.probeSocket == nil {
		return ""
	}
	at := p.probeSocket.Kernel
	queues, err := kernel.AcceptQueues([]kernel.Listener{at})
	q, known := queues[at.Name]
	answer := p.outcomes.latest.Load()
	switch {
	case err == nil && known && q.Depth > 0:
		return "; nobody has accepted the connections there, so the program does not serve that additional socket ({fd:" + listen.ProbeName + "} in its arguments is its number)"
	case answer != nil:
		return "; the latest probe: " + *answer
	case err == nil && known:
		return "; it accepts connections there, and says nothing"
	}
	return ""
}
