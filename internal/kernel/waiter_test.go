package kernel

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// waiterVerb is a program, the test binary by another name, that waits for connections on descriptor 3 in the
// way that its argument names.
const waiterVerb = "waits-for-connections"

// waiters are its ways. None comes back unless it fails.
var waiters = map[string]func() error{
	"accept":  accept3,
	"accept4": func() error { _, _, err := unix.Accept4(3, 0); return err },
	"poll": func() error {
		_, err := unix.Poll([]unix.PollFd{{Fd: 0}, {Fd: 3, Events: unix.POLLIN}}, -1)
		return err
	},
	"ppoll": func() error { return ppoll(unix.PollFd{Fd: 3, Events: unix.EPOLLRDNORM}) },
	"poll among many": func() error {
		entries := make([]unix.PollFd, 10_000)
		for i := range entries {
			entries[i].Fd = -1
		}
		entries[len(entries)-1] = unix.PollFd{Fd: 3, Events: unix.POLLIN}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 16_384, Max: 16_384}); err != nil {
			return err
		}
		return ppoll(entries...)
	},
	"poll to write":    func() error { return ppoll(unix.PollFd{Fd: 3, Events: unix.POLLRDHUP}) },
	"pselect6":         func() error { return pselect(3, unix.SYS_PSELECT6) },
	"pselect6, high":   func() error { return onHigh(func(fd int) error { return pselect(fd, unix.SYS_PSELECT6) }) },
	"pselect6, others": func() error { return onHigh(func(fd int) error { return pselect(fd, unix.SYS_PSELECT6) }, 3) },

	"epoll":                 func() error { return epoll(unix.EPOLLIN|unix.EPOLLET, nil) },
	"epoll, asleep":         func() error { return epoll(unix.EPOLLIN, sleepIn) },
	"epoll, edge, asleep":   func() error { return epoll(unix.EPOLLIN|unix.EPOLLET, sleepIn) },
	"epoll, once, asleep":   func() error { return epoll(unix.EPOLLIN|unix.EPOLLONESHOT, sleepIn) },
	"epoll, level":          func() error { return epoll(unix.EPOLLIN, nil) },
	"epoll to write":        func() error { return epoll(unix.EPOLLOUT, nil) },
	"epoll, then closed":    func() error { return epoll(unix.EPOLLIN, func(int) { unix.Close(3) }) },
	"epoll in epoll":        func() error { return epoll(unix.EPOLLIN, nest) },
	"file listener":         fileListener,
	"closed while accepted": closedWhileAccepted,
	"closed":                func() error { unix.Close(3); return unix.Pause() },
	"in another thread":     func() error { go unix.Accept(3); return unix.Pause() },
	"in a child":            inAChild,
	"io_uring":              ring,
	"io_uring for files":    fileRing,
	"io_uring, not shown":   hiddenRing,
	"not dumpable": func() error {
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
			return err
		}
		return accept3()
	},
	"many threads":     func() error { return inThreads(64) },
	"many descriptors": func() error { return manyDescriptors(1000) },
	"many in a set": func() error {
		return epoll(unix.EPOLLIN, func(set int) {
			for range 1000 {
				fd, _ := unix.Dup(3)
				unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN})
			}
		})
	},
}

func runWaiter() {
	os.Stdout.WriteString("begins\n")
	fmt.Fprintln(os.Stderr, os.Args[2], waiters[os.Args[2]]())
	os.Exit(1)
}

func accept3() error {
	_, _, err := unix.Accept(3)
	return err
}

func ppoll(entries ...unix.PollFd) error {
	_, err := unix.Ppoll(entries, nil, nil)
	return err
}

func pselect(fd int, number uintptr) error {
	var set [32]uint64
	set[fd/64] |= 1 << (fd % 64)
	_, _, err := unix.Syscall6(number, uintptr(fd+1), uintptr(unsafe.Pointer(&set)), 0, 0, 0, 0)
	return err
}

// onHigh has the socket as a descriptor that is in another word of a set, or something else there.
func onHigh(wait func(fd int) error, instead ...int) error {
	const high = 77
	if err := unix.Dup3(3, high, 0); err != nil {
		return err
	}
	if len(instead) == 0 {
		unix.Close(3)
		return wait(high)
	}
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		return err
	}
	if err := unix.Dup3(pipe[0], high, 0); err != nil {
		return err
	}
	return wait(high)
}

func epoll(events uint32, then func(set int)) error {
	set, err := unix.EpollCreate1(0)
	if err != nil {
		return err
	}
	if err := unix.EpollCtl(set, unix.EPOLL_CTL_ADD, 3, &unix.EpollEvent{Events: events, Fd: 3}); err != nil {
		return err
	}
	if then != nil {
		then(set)
	}
	return unix.Pause()
}

// sleepIn waits for what the set tells.
func sleepIn(set int) { _, _ = unix.EpollWait(set, make([]unix.EpollEvent, 1), -1) }

// nest has the set in another one, and waits for that.
func nest(inner int) {
	outer, err := unix.EpollCreate1(0)
	if err == nil {
		err = unix.EpollCtl(outer, unix.EPOLL_CTL_ADD, inner, &unix.EpollEvent{Events: unix.EPOLLIN})
	}
	if err == nil {
		_, err = unix.EpollWait(outer, make([]unix.EpollEvent, 1), -1)
	}
	panic(err)
}

// fileListener is what a Go program does long before it accepts.
func fileListener() error {
	ln, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	defer ln.Close()
	return unix.Pause()
}

func closedWhileAccepted() error {
	ended := make(chan error)
	go func() { ended <- accept3() }()
	for !asleepInAccept() {
		runtime.Gosched()
	}
	unix.Close(3)
	return <-ended
}

// asleepInAccept reports whether a thread of this process is.
func asleepInAccept() bool {
	threads, _ := names("/proc/self/task")
	for _, thread := range threads {
		content, _ := readProc("/proc/self/task/" + thread + "/syscall")
		if c, ok := parseCall(content); ok && waitingCalls[c.number] == callAccept {
			return true
		}
	}
	return false
}

func inAChild() error {
	child := exec.Command(os.Args[0], waiterVerb, "accept")
	child.ExtraFiles = []*os.File{os.NewFile(3, "listener")}
	child.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	runtime.LockOSThread() // which the child's life hangs on
	if err := child.Start(); err != nil {
		return err
	}
	return child.Wait()
}

func inThreads(n int) error {
	for range n {
		go unix.Pause()
	}
	return unix.Pause()
}

func manyDescriptors(n int) error {
	for range n {
		if _, err := unix.Dup(0); err != nil {
			return err
		}
	}
	return unix.Pause()
}

// ringParams is struct io_uring_params, with where the submission queue has its tail and its array.
type ringParams struct {
	_     [11]uint32
	tail  uint32
	_     [4]uint32
	array uint32
	_     [13]uint32
}

const entries = 4

func setUpRing(params *ringParams) (int, error) {
	fd, _, err := unix.Syscall(unix.SYS_IO_URING_SETUP, entries, uintptr(unsafe.Pointer(params)), 0)
	if err != 0 {
		return -1, fmt.Errorf("io_uring_setup: %w", err)
	}
	return int(fd), nil
}

func openRing() (int, error) { return setUpRing(new(ringParams)) }

// fileRing waits for a ring that has nothing to do.
func fileRing() error {
	fd, err := openRing()
	if err != nil {
		return err
	}
	return enterRing(fd, 0, 1, 1) // wait for a result
}

// ring has one accept.
func ring() error {
	var params ringParams
	fd, err := setUpRing(&params)
	if err != nil {
		return err
	}
	const toEntries = 0x10000000 // IORING_OFF_SQES
	queue, err1 := unix.Mmap(fd, 0, int(params.array)+4*entries, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	entry, err2 := unix.Mmap(fd, toEntries, 64*entries, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	entry[0], entry[4] = 13, 3 // IORING_OP_ACCEPT on descriptor 3
	queue[params.tail] = 1
	return enterRing(fd, 1, 1, 1)
}

func enterRing(fd int, submit, wait, flags uintptr) error {
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(fd), submit, wait, flags, 0, 0)
	return errno
}

// hiddenRing waits for a ring that it has no descriptor of, as liburing's io_uring_close_ring_fd leaves it.
func hiddenRing() error {
	const (
		registerRings  = 20 // IORING_REGISTER_RING_FDS
		getEvents      = 1
		registeredRing = 16
	)
	fd, err := openRing()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // which alone has it
	update := struct {
		offset, reserved uint32
		data             uint64
	}{^uint32(0), 0, uint64(fd)}
	if _, _, err := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(fd), registerRings, uintptr(unsafe.Pointer(&update)), 1, 0, 0); err != 0 {
		return fmt.Errorf("io_uring_register: %w", err)
	}
	unix.Close(fd)
	return enterRing(int(update.offset), 0, 1, getEvents|registeredRing)
}

// waiter starts the program with the listener. It ends with the test.
func waiter(t testing.TB, ln net.Listener, way string, change ...func(*exec.Cmd)) Process {
	t.Helper()
	file := duplicate(t, ln)
	require.NoError(t, unix.SetNonblock(int(file.Fd()), false))
	child := exec.Command("/proc/self/exe", waiterVerb, way) // another user may not come to its place
	child.Args[0] = os.Args[0]
	child.ExtraFiles = []*os.File{file}
	var failed strings.Builder
	child.Stderr = &failed
	output, err := child.StdoutPipe()
	require.NoError(t, err)
	for _, f := range change {
		f(child)
	}
	require.NoError(t, child.Start())
	require.NoError(t, file.Close())
	t.Cleanup(func() {
		child.Process.Kill()
		child.Wait()
		if t.Failed() {
			t.Log(failed.String())
		}
	})
	_, err = output.Read(make([]byte, 1))
	require.NoError(t, err)
	process, err := FindProcess(child.Process.Pid)
	require.NoError(t, err)
	return process
}

func skipWithoutRings(t *testing.T) {
	t.Helper()
	fd, err := openRing()
	if err != nil {
		t.Skipf("this kernel has no io_uring for us: %v", err)
	}
	unix.Close(fd)
}

// look waits until the family waits as wanted for the listener.
func look(t testing.TB, family Family, l Listener, wanted Wait, unseen Unseen) {
	t.Helper()
	var last Wait
	var why Unseen
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(tick) {
		var waits map[uint64]Wait
		waits, why = Waiting(family, []uint64{l.Inode})
		if last = waits[l.Inode]; last == wanted && why == unseen {
			return
		}
	}
	require.Failf(t, "it never waited so", "wanted %+v %q, last seen %+v %q", wanted, unseen, last, why)
}
