package pool

import (
	"reflect"
	"slices"
	"time"

	"rota/internal/record"
)

// A caller that does not know whether its request arrived repeats it with the same key, and gets the same
// reload.

// The limits for keys that are remembered.
const (
	keepKeys = 24 * time.Hour
	mostKeys = 1000
)

// keyed is a request that came with a key, and the reload that answers it.
type keyed struct {
	request record.ReloadRequest
	reload  *reload
	at      time.Time
}

// keep remembers the key of an accepted request, and forgets old ones.
func (p *Pool) keep(request record.ReloadRequest, r *reload) {
	p.keys = slices.DeleteFunc(p.keys, func(k keyed) bool { return k.expired(p.now) })
	if request.Key == "" {
		return
	}
	p.keys = append(p.keys, keyed{request, r, p.now})
	if extra := len(p.keys) - mostKeys; extra > 0 {
		p.keys = slices.Delete(p.keys, 0, extra)
	}
}

// expired reports whether the key is too old to be remembered.
func (k keyed) expired(now time.Time) bool { return now.Sub(k.at) >= keepKeys }

// asked finds the reload that an earlier request with the same key has led to, or nil. Error: ErrKeyReused.
func (p *Pool) asked(request record.ReloadRequest, now time.Time) (*reload, error) {
	for _, k := range p.keys {
		if request.Key != "" && k.request.Key == request.Key && !k.expired(now) {
			request.IfGeneration = k.request.IfGeneration // the condition held when the reload was accepted
			request.NeedsCanary = k.request.NeedsCanary   // the caller may wait for something else now
			if !reflect.DeepEqual(k.request, request) {
				return nil, record.ErrKeyReused
			}
			return k.reload, nil
		}
	}
	return nil, nil
}

// undisturbed reports whether one of the generations serves and no reload is about to change that.
func (p *Pool) undisturbed(generations []int) bool {
	return p.rotating == nil && p.queued == nil && slices.Contains(generations, p.generation)
}
