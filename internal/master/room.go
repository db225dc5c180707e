package master

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// Whether so many workers more can live beside those there are.

// NoRoom is why they can't.
type NoRoom struct {
	Surge  int    // workers that were to be started besides the others
	Grows  bool   // they were to stay, in a larger pool
	Files  bool   // it is open files of the master that are short, and not memory
	Tasks  bool   // it is threads and processes that are short
	Worker uint64 // what each needs: bytes, open files of the master, or threads
	Need   uint64 // all of them
	Free   uint64
	Most   uint64 // of which that is what is left
	Limit  string // what sets it: "cgroup /x", "this machine", "ulimit -n" or "ulimit -u"
	Fits   int    // how many would
}

// Error says the numbers.
func (n *NoRoom) Error() string {
	workers := plural(n.Surge, "worker", "workers")
	need := "need"
	if n.Surge == 1 {
		need = "needs"
	}
	what, fits := fmt.Sprintf("surge of %d", n.Surge), fmt.Sprintf("a surge of %d", n.Fits)
	if n.Grows {
		what, fits = fmt.Sprintf("a pool with %d more", n.Surge), fmt.Sprintf("%d more", n.Fits)
	}
	text := fmt.Sprintf("%s: %s of %s %s %s, and %s is free below the limit of %s of %s",
		what, workers, size(n.Worker), need, size(n.Need), size(n.Free), size(n.Most), n.Limit)
	if n.Files {
		text = fmt.Sprintf("%s: %s %s %d open files of the master, and %d are free below its limit of %d (%s)",
			what, workers, need, n.Need, n.Free, n.Most, n.Limit)
	}
	if n.Tasks {
		text = fmt.Sprintf("%s: %s %s %d threads, and %d are free below the limit of %d of %s",
			what, workers, need, n.Need, n.Free, n.Most, n.Limit)
	}
	if n.Fits == 0 {
		return text + "; not even one more would fit"
	}
	return text + "; " + fits + " would fit"
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

// resource is one thing that a worker needs some of.
type resource struct {
	files      bool
	tasks      bool
	limit      string
	most, free uint64
	worker     uint64 // what one needs
}

// refuse is nil if there is enough for n workers.
func (r resource) refuse(n int) *NoRoom {
	need := r.worker * uint64(n)
	if need <= r.free {
		return nil
	}
	return &NoRoom{Surge: n, Files: r.files, Tasks: r.tasks, Worker: r.worker, Need: need, Free: r.free, Most: r.most, Limit: r.limit,
		Fits: int(min(r.free/r.worker, math.MaxInt32))}
}

// roomFor returns a *NoRoom if a surge of so many workers does not fit. One worker at a time is how
// little a rotation can do with, so that it is left to try.
func (o *observer) roomFor(surge int) error {
	if surge <= 1 {
		return nil
	}
	return o.checkRoom(surge)
}

// roomToGrow returns a *NoRoom if the pool can't have so many workers more.
func (o *observer) roomToGrow(by int) error {
	if by <= 0 {
		return nil
	}
	err := o.checkRoom(by)
	if refused, ok := errors.AsType[*NoRoom](err); ok {
		refused.Grows = true
	}
	return err
}

// checkRoom returns a *NoRoom if n workers of the size of the largest that is ready don't fit into memory, their threads not
// below the limits of those, or what the master needs for them not into its open files. What can't be found out does not
// refuse anybody.
func (o *observer) checkRoom(n int) error {
	var worst *NoRoom
	worker := o.largestReady()
	for _, r := range slices.Concat(memory("/", worker.memory), tasks("/", worker.tasks), []resource{descriptors()}) {
		if refused := r.refuse(n); refused != nil && (worst == nil || refused.Fits < worst.Fits) {
			worst = refused
		}
	}
	if worst == nil {
		return nil // and not a nil *NoRoom
	}
	return worst
}

// memory is what there is of it, by whom it is limited. root is where the kernel's files are.
func memory(root string, worker uint64) []resource {
	if worker == 0 {
		return nil
	}
	var list []resource
	for _, l := range kernel.MemoryLimits(root) {
		r := resource{limit: "this machine", most: l.Most, free: l.Free, worker: worker}
		if l.Cgroup != "" {
			r.limit = "cgroup " + l.Cgroup
		}
		list = append(list, r)
	}
	return list
}

// tasks are how many threads and processes there may be, by whom they are limited.
func tasks(root string, worker uint64) []resource {
	if worker == 0 {
		return nil
	}
	var list []resource
	for _, l := range kernel.TaskLimits(root) {
		r := resource{tasks: true, limit: "ulimit -u", most: l.Most, free: l.Free(), worker: worker}
		if l.Cgroup != "" {
			r.limit = "cgroup " + l.Cgroup
		}
		list = append(list, r)
	}
	return list
}

// need is what a worker has of what is limited; 0 if that can't be told.
type need struct {
	memory uint64 // bytes
	tasks  uint64 // threads
}

// largestReady is what the largest of the ready workers has.
func (o *observer) largestReady() need {
	var ready []string
	_ = o.ask(func(l *loop) {
		for id, member := range l.pool.workers {
			if member.State == WorkerReady {
				ready = append(ready, id)
			}
		}
	})
	families, err := o.families(ready)
	if err != nil {
		o.warning(err).Msg("cannot tell how large the workers are")
	}
	var largest need
	for _, family := range families {
		if size, err := family.OwnMemory(); err == nil {
			largest.memory = max(largest.memory, size)
		}
		largest.tasks = max(largest.tasks, family.Tasks())
	}
	return largest
}

const (
	// filesPerWorker is how many open files the master has for a worker: its output, its notify and its ack
	// socket, and the one it is probed at.
	filesPerWorker = 5

	// filesInPassing is how many more it needs now and then: to start workers, to look at processes
	// and sockets, for its callers.
	filesInPassing = 64
)

// descriptors are the open files that the master may still have.
func descriptors() resource {
	var limit unix.Rlimit
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil || unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return resource{}
	}
	free := limit.Cur - min(limit.Cur, uint64(len(entries)+filesInPassing))
	return resource{files: true, limit: "ulimit -n", most: limit.Cur, free: free, worker: filesPerWorker}
}
