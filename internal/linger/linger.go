// Package linger keeps the sockets that a stranger sends from holding anybody up.
//
// A message on a unix socket can bring descriptors along. Whoever takes the message off the queue, or closes
// the queue, is the last to let go of them. If one is a socket with SO_LINGER and unsent data, the
// kernel makes that thread wait there, as long as the sender has chosen. A signal to the thread ends
// the wait.
package linger

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long the kernel may take, and then the time between two signals: one that comes
// before the wait begins is lost.
const patience = time.Millisecond

// Cut calls do, and cuts short each wait of its thread in the kernel. Only a call that can be
// interrupted without harm belongs in there.
func Cut(do func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	over := make(chan struct{})
	defer close(over)
	go interrupt(unix.Gettid(), over)
	do()
}

// interrupt sends the signal that Go's own scheduler uses, which does nothing else to a thread.
func interrupt(thread int, over <-chan struct{}) {
	tick := time.NewTicker(patience)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			_ = unix.Tgkill(os.Getpid(), thread, unix.SIGURG)
		}
	}
}
