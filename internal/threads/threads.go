// Package threads has the Go runtime keep threads in reserve.
//
// The runtime starts a thread when a goroutine could run and every thread is busy, or blocked in the kernel. If
// that fails, because a cgroup or the user may have no more tasks, it ends the process. A thread that has
// nothing to do is never given back, though: it waits to be used again. So the threads that are needed some day
// are started at once, while there is room for them.
package threads

import (
	"runtime"
	"sync"
)

// Keep starts so many threads more, which wait until they are needed. If there is no room for them that ends
// the process, so ask first.
func Keep(n int) {
	var started, ended sync.WaitGroup
	release := make(chan struct{})
	started.Add(n)
	for range n {
		ended.Go(func() {
			runtime.LockOSThread() // each has a thread for itself
			started.Done()
			<-release
			runtime.UnlockOSThread() // else the thread would end with the goroutine
		})
	}
	started.Wait()
	close(release)
	ended.Wait()
}
