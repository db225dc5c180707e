package observer

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"rota/internal/headroom"
	"rota/internal/record"
)

// RoomFor returns a *NoRoom if a surge of so many workers does not fit.
func (o *Observer) RoomFor(surge int) error {
	if surge <= 1 {
		return nil
	}
	return o.Headroom().ForSurge(surge)
}

// RoomToGrow returns a *NoRoom if the pool can't have so many workers more.
func (o *Observer) RoomToGrow(by int) error {
	if by <= 0 {
		return nil
	}
	return o.Headroom().ToGrow(by)
}

// Headroom measures what is free for more workers: memory, threads, and open files of the master. It assumes that they
// are as large as the largest that is ready. What can't be found out is no limit.
func (o *Observer) Headroom() record.Headroom {
	worker := o.largestReady()
	return slices.Concat(memory("/", worker.memory), tasks("/", worker.tasks), record.Headroom{descriptors()})
}

// memory is the memory that is free, by what limits it. root is where the kernel's files are.
func memory(root string, worker uint64) []record.Resource {
	if worker == 0 {
		return nil
	}
	var list []record.Resource
	for _, l := range headroom.Memory(root) {
		r := record.Resource{Limit: "this machine", Most: l.Most, Free: l.Free, Worker: worker}
		if l.Cgroup != "" {
			r.Limit = "cgroup " + l.Cgroup
		}
		list = append(list, r)
	}
	return list
}

// tasks are the threads and processes that there may be, by what limits them.
func tasks(root string, worker uint64) []record.Resource {
	if worker == 0 {
		return nil
	}
	var list []record.Resource
	for _, l := range headroom.Tasks(root) {
		r := record.Resource{Kind: record.Threads, Limit: "ulimit -u", Most: l.Most, Free: l.Free(), Worker: worker}
		if l.Cgroup != "" {
			r.Limit = "cgroup " + l.Cgroup
		}
		list = append(list, r)
	}
	return list
}

// need is what a worker uses of what is limited; 0 if that can't be told.
type need struct {
	memory uint64 // bytes
	tasks  uint64 // threads
}

// largestReady is what the largest of the ready workers uses.
func (o *Observer) largestReady() need {
	workers, err := o.running()
	var ready []string
	for _, w := range workers {
		if w.State == record.WorkerReady {
			ready = append(ready, w.ID)
		}
	}
	families, failed := o.Families(ready)
	err = errors.Join(err, failed)
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

	// filesInPassing is how many more it needs for moments: to start workers, to look at processes and sockets, for
	// its callers.
	filesInPassing = 64
)

// descriptors are the open files that the master may still have.
func descriptors() record.Resource {
	var limit unix.Rlimit
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil || unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return record.Resource{}
	}
	free := limit.Cur - min(limit.Cur, uint64(len(entries)+filesInPassing))
	return record.Resource{Kind: record.OpenFiles, Limit: "ulimit -n", Most: limit.Cur, Free: free, Worker: filesPerWorker}
}
