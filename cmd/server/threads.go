package main

import (
	"fmt"
	"runtime"

	"github.com/rs/zerolog"

	"rota/internal/headroom"
	"rota/internal/process"
	"rota/internal/threads"
)

// How many threads of the master may be blocked in the kernel at a time: it reads files, starts processes and
// asks about thousands of sockets. A hundred busy callers took only a few.
const (
	blockedAtMost  = 32
	blockedAtLeast = 12
)

const (
	// keepShare is the share of the free threads that rota keeps, unless that is too few: the workers need some,
	// too.
	keepShare = 4

	// oneWorker is how many threads a built-in worker has.
	oneWorker = 10
)

// keepThreads starts the threads that the master may need. Later a missing thread would end the process.
func keepThreads(log zerolog.Logger) error {
	running := uint64(runtime.GOMAXPROCS(0))
	keep, least := running+blockedAtMost, running+blockedAtLeast
	want := keep
	for _, l := range headroom.Tasks("/") {
		if l.Free() < least+oneWorker {
			return fmt.Errorf("cannot start: rota and a worker need %d more threads and processes, and %d can be had: %s",
				least+oneWorker, l.Free(), process.DescribeTaskLimit(l))
		}
		keep = min(keep, max(l.Free()/keepShare, least))
	}
	threads.Keep(int(keep))
	if keep < want {
		log.Warn().Uint64("threads", keep).Uint64("wanted", want).
			Msg("few threads and processes are left for rota, and it ends when it needs more: raise pids.max of its cgroup (TasksMax=, --pids-limit) or ulimit -u")
	}
	return nil
}

// A built-in worker runs four threads at a time: one serves, and the others collect garbage. Four more may be
// blocked or about to stop.
const workerProcs, workerBlocked = 4, 4

// keepWorkerThreads does the same for a built-in worker: it should fail now rather than when it serves.
func keepWorkerThreads() {
	procs := min(runtime.GOMAXPROCS(0), workerProcs)
	runtime.GOMAXPROCS(procs)
	threads.Keep(procs + workerBlocked)
}
