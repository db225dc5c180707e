package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rota/internal/record"
)

// What is said of new workers that no connection has reached.

// missed notes who was not reached, and complains of it if each should have been.
func (s *sweep) missed() *complaint {
	missing := slices.DeleteFunc(s.missing(), s.gone)
	s.note(missing, s.strangers > 0)
	switch {
	case !s.Live || len(missing) == 0 && s.taken > 0:
		return nil
	case s.offered > 0 && s.taken == 0:
		return &complaint{message: fmt.Sprintf("nobody accepted a connection to %s in %s", called(s.listener), s.timeout)}
	case s.strangers > 0 || len(missing) == 0:
		return nil // they may be among those whom nobody knows
	}
	shirkers := slices.DeleteFunc(slices.Clone(missing), func(worker string) bool { return s.Shirks == nil || !s.Shirks(worker, s.listener) })
	switch {
	case len(shirkers) > 0:
		return s.accuse(shirkers, " and does not wait for any")
	case s.fair():
		return s.accuse(missing, "")
	}
	return nil
}

// fairShare is how many connections each of those that were reached has accepted, at least, if nobody is left out by chance.
const fairShare = 8

// fair reports whether a worker that got no connection is to blame for that: it left some in the queue, or each of the others
// got several. Else it may be chance: some kernels wake the same few of many workers again and again.
func (s *sweep) fair() bool {
	return s.ignored >= holdFor ||
		!slices.ContainsFunc(s.Workers, func(worker string) bool { return s.answered[worker] && s.accepts[worker] < fairShare })
}

func (s *sweep) accuse(workers []string, how string) *complaint {
	if len(workers) > 1 {
		how = strings.Replace(how, "does", "do", 1)
	}
	return &complaint{worker: workers[0], message: fmt.Sprintf("%s accepted none of %s to %s in %s%s%s",
		s.named(workers), record.Plural(s.offered, "connection", "connections"), called(s.listener), s.timeout, how, s.whoElse())}
}

// gone reports whether the worker is not on duty any more, so that nobody can reach it.
func (r *round) gone(worker string) bool { return r.Serves != nil && !r.Serves(worker) }

// whoElse says what became of the connections.
func (s *sweep) whoElse() string {
	if s.taken == s.offered {
		return "; others accepted them all"
	}
	return fmt.Sprintf("; others accepted %d, and nobody the rest", s.taken)
}

// note adds to what the round tells of who was reached: by each of its checks.
func (r *round) note(missing []string, uncertain bool) {
	r.result.Of = len(r.Workers)
	if len(missing) == 0 {
		return
	}
	if uncertain {
		r.result.Unseen = true
		return
	}
	for _, worker := range missing {
		if !slices.Contains(r.result.Missed, worker) {
			r.result.Missed = append(r.result.Missed, worker)
		}
	}
}

// named is what workers are called in messages.
func (r *round) named(workers []string) string {
	kind, names := "the worker", slices.Clone(workers)
	if slots, known := r.slots(workers); known {
		kind, names = "the worker of slot", slots
	}
	if len(names) == 1 {
		return kind + " " + names[0]
	}
	kind = strings.Replace(strings.Replace(kind, "worker", "workers", 1), "slot", "slots", 1)
	last := len(names) - 1
	return kind + " " + strings.Join(names[:last], ", ") + " and " + names[last]
}

// slots are those of the workers, in order.
func (r *round) slots(workers []string) (slots []string, known bool) {
	var numbers []int
	for _, worker := range workers {
		slot, known := r.Slots[worker]
		if !known {
			return nil, false
		}
		numbers = append(numbers, slot)
	}
	slices.Sort(numbers)
	for _, slot := range numbers {
		slots = append(slots, strconv.Itoa(slot))
	}
	return slots, true
}
