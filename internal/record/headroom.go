package record

import (
	"errors"
	"fmt"
	"strings"
)

// NoRoom is returned where so many more workers do not fit.
type NoRoom struct {
	Resource        // that is too small
	Surge    int    // how many workers were to be started beside the others
	Grows    bool   // the pool was to grow by them
	Need     uint64 // what all of them need
	Fits     int    // how many would fit
}

// Error gives the numbers.
func (n *NoRoom) Error() string {
	what, fits := fmt.Sprintf("surge of %d", n.Surge), fmt.Sprintf("a surge of %d", n.Fits)
	if n.Grows {
		what, fits = fmt.Sprintf("a pool with %d more", n.Surge), fmt.Sprintf("%d more", n.Fits)
	}
	if n.Fits == 0 {
		return what + ": " + n.numbers() + "; not even one more would fit"
	}
	return what + ": " + n.numbers() + "; " + fits + " would fit"
}

// numbers says what is needed and what is free.
func (n *NoRoom) numbers() string {
	workers, verb := Plural(n.Surge, "worker", "workers"), "need"
	if n.Surge == 1 {
		verb = "needs"
	}
	switch n.Kind {
	case OpenFiles:
		return fmt.Sprintf("%s %s %d open files of the master, and %d are free below its limit of %d (%s)",
			workers, verb, n.Need, n.Free, n.Most, n.Limit)
	case Threads:
		return fmt.Sprintf("%s %s %d threads, and %d are free below the limit of %d of %s",
			workers, verb, n.Need, n.Free, n.Most, n.Limit)
	case Memory:
	}
	return fmt.Sprintf("%s of %s %s %s, and %s is free below the limit of %s of %s",
		workers, size(n.Worker), verb, size(n.Need), size(n.Free), size(n.Most), n.Limit)
}

// size is a number of bytes for people to read.
func size(bytes uint64) string {
	value, unit := float64(bytes)/(1<<20), "MiB"
	if bytes >= 1<<30 {
		value, unit = value/(1<<10), "GiB"
	}
	if value >= 100 {
		return fmt.Sprintf("%.0f %s", value, unit)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0") + " " + unit
}

// ResourceKind is what is limited.
type ResourceKind int

// The kinds.
const (
	Memory    ResourceKind = iota // bytes
	OpenFiles                     // of the master
	Threads                       // and processes
)

// Resource is something limited of which each worker needs a part.
type Resource struct {
	Kind   ResourceKind
	Limit  string // what sets the limit: "cgroup /x", "this machine", "ulimit -n" or "ulimit -u"
	Most   uint64 // the limit
	Free   uint64 // what is left of it
	Worker uint64 // what one worker needs
}

// Refuse is nil if there is enough for n workers.
func (r Resource) Refuse(n int) *NoRoom {
	need := r.Worker * uint64(n)
	if need <= r.Free {
		return nil
	}
	return &NoRoom{Resource: r, Surge: n, Need: need, Fits: int(min(r.Free/r.Worker, 1<<31-1))}
}

// Headroom is what is left for more workers. Without resources it is unknown, and nothing is refused.
type Headroom []Resource

// ForSurge returns a *NoRoom if so many workers can't run beside the others while slots change. A rotation
// needs at least one at a time, so a surge of one is never refused.
func (h Headroom) ForSurge(surge int) error {
	if surge <= 1 {
		return nil
	}
	return h.Check(surge)
}

// ToGrow returns a *NoRoom if the pool can't have so many more workers.
func (h Headroom) ToGrow(by int) error {
	if by <= 0 {
		return nil
	}
	err := h.Check(by)
	if refused, ok := errors.AsType[*NoRoom](err); ok {
		refused.Grows = true
	}
	return err
}

// Check returns a *NoRoom, from the tightest resource, if there is not enough for n workers.
func (h Headroom) Check(n int) error {
	var worst *NoRoom
	for _, r := range h {
		if refused := r.Refuse(n); refused != nil && (worst == nil || refused.Fits < worst.Fits) {
			worst = refused
		}
	}
	if worst == nil {
		return nil // and not a nil *NoRoom
	}
	return worst
}
