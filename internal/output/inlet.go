package output

import (
	"errors"
	"io"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Inlet is a descriptor from which one goroutine reads data and passes it on. Others can find out whether all that had
// arrived by some time was passed on.
type Inlet struct {
	raw  syscall.RawConn
	size func(fd int) uint64 // how much waits at most, in the units of taken
	each uint64              // how much is read at most at a time
	busy atomic.Bool         // something was read, or is being read, and was not passed on yet
	over atomic.Bool         // nobody reads any more

	held  uint64        // of the reader: what it read last
	taken atomic.Uint64 // and passed on
}

// NewStreamInlet is for bytes, such as those of a pipe.
func NewStreamInlet(c syscall.Conn) (*Inlet, error) {
	return newInlet(c, ChunkSize, func(fd int) uint64 {
		n, _ := unix.IoctlGetInt(fd, unix.TIOCINQ)
		return uint64(max(n, 0))
	})
}

// NewPacketInlet is for datagrams. The kernel does not tell how many of them wait.
func NewPacketInlet(c syscall.Conn) (*Inlet, error) {
	return newInlet(c, 1, func(int) uint64 { return mostPackets })
}

// mostPackets is how many datagrams the kernel queues for a socket, or more: net.unix.max_dgram_qlen, which is 10 by
// default and 512 under systemd.
const mostPackets = 1024

func newInlet(c syscall.Conn, each uint64, size func(int) uint64) (*Inlet, error) {
	raw, err := c.SyscallConn()
	return &Inlet{raw: raw, each: each, size: size}, err
}

// Take calls read when there may be something, and again for as long as that returns unix.EAGAIN. Whoever comes back for
// more has passed on what was read before. It fails when the descriptor is closed.
func (i *Inlet) Take(read func(fd int) (n int, err error)) error {
	i.taken.Add(i.held)
	i.held = 0
	var failed error
	if err := i.raw.Read(func(fd uintptr) bool {
		i.busy.Store(true) // before it is read: what is not in the queue any more is here
		n, err := read(int(fd))
		for errors.Is(err, unix.EINTR) {
			n, err = read(int(fd))
		}
		if errors.Is(err, unix.EAGAIN) {
			i.busy.Store(false)
			return false
		}
		i.held, failed = uint64(max(n, 0)), err
		return true
	}); err != nil {
		return err
	}
	return failed
}

// Read reads a stream.
func (i *Inlet) Read(b []byte) (n int, err error) {
	err = i.Take(func(fd int) (int, error) {
		n, err = unix.Read(fd, b)
		return n, err
	})
	if err == nil && n == 0 {
		err = io.EOF
	}
	return max(n, 0), err
}

// Rest says that nobody reads any more.
func (i *Inlet) Rest() { i.over.Store(true) }

// Arrived returns a function that reports whether something of what has arrived up to now was not passed on yet. More than
// that may arrive meanwhile: it does not wait for a worker that never stops talking.
func (i *Inlet) Arrived() (pending func() bool) {
	waiting := uint64(0)
	_ = i.raw.Control(func(fd uintptr) { waiting = i.size(int(fd)) })
	until := i.taken.Load() + waiting
	if i.busy.Load() {
		until += i.each
	}
	return func() bool {
		// In this order: what is read in between is not passed on before the second look.
		return (i.readable() || i.busy.Load()) && i.taken.Load() < until && !i.over.Load()
	}
}

// readable reports whether something waits.
func (i *Inlet) readable() bool {
	poll := []unix.PollFd{{Events: unix.POLLIN}}
	ready := 0
	_ = i.raw.Control(func(fd uintptr) {
		poll[0].Fd = int32(fd)
		ready, _ = unix.Poll(poll, 0)
	})
	return ready > 0 && poll[0].Revents&unix.POLLIN != 0
}
