package main

import (
	"runtime"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/threads"
)

// blockedThreads is how many threads of the master may be blocked in the kernel at a time: it reads files, starts processes and
// asks the kernel about thousands of sockets. A dozen is what a hundred busy callers were seen to take.
const blockedThreads = 32

// keepThreads starts the threads that the master may need, while they can be had: later the lack of one would end it. Half of what
// the limits leave is for the workers.
func keepThreads(log zerolog.Logger) {
	want := uint64(runtime.GOMAXPROCS(0) + blockedThreads)
	keep := want
	for _, l := range kernel.TaskLimits("/") {
		keep = min(keep, l.Free()/2)
	}
	threads.Keep(int(keep))
	if keep < want {
		log.Warn().Uint64("threads", keep).Uint64("wanted", want).
			Msg("few threads and processes are left to rota; if it needs more threads than it could keep, it ends: raise pids.max of its cgroup (TasksMax=, --pids-limit), or ulimit -u")
	}
}
