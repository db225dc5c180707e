package process

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reap collects every child that has ended. What is left of its process group is killed, unless the group is
// spared. That must happen while the dead leader still holds the group's number.
func reap(children map[int]*child) {
	for {
		pid := peek()
		if pid == 0 {
			return
		}
		c, ours := children[pid]
		if ours && !c.spared {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
		var status syscall.WaitStatus
		for {
			if _, err := syscall.Wait4(pid, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
				break
			}
		}
		if ours {
			delete(children, pid)
			c.end <- statusOf(status)
		}
	}
}

// siginfoChild is what siginfo_t holds of a child. x/sys leaves its union unnamed.
type siginfoChild struct {
	_     [3]int32 // signal, errno, code
	union struct {
		_   [0]uintptr // C aligns the union like a pointer
		pid int32
	}
	_ [108]byte
}

// peek returns the pid of a child that has ended, and does not reap it; 0 if there is none.
func peek() int {
	var info siginfoChild
	err := unix.Waitid(unix.P_ALL, 0, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	if err != nil {
		return 0 // ECHILD: there are no children at all
	}
	return int(info.union.pid)
}

// BecomeSubreaper makes orphans of the workers children of this process instead of init's.
func BecomeSubreaper() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}
