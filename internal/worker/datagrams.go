package worker

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

const (
	datagramsPerWake  = 16                     // then the listeners and the open connections have their turn
	datagramsPerPlace = 64                     // then the socket goes to the end of the kernel's waiting line
	idleWakes         = 256                    // in a row: more than other workers' being quicker explains
	readPause         = 100 * time.Millisecond // after those
)

// datagrams is an inherited UDP or unix datagram socket. Each datagram is answered to whoever sent it.
//
// The descriptor may block, because its flags are all workers', whatever program they run: every call says
// for itself that it must not.
type datagrams struct {
	socket
	control   []byte // room for what comes along with a datagram; nil: nothing is wanted
	answered  int
	idle      int   // wakes since the last datagram
	complaint error // why there was no datagram
}

func isDatagram(fd int) bool {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil && kind == unix.SOCK_DGRAM
}

func newDatagrams(l *loop, given Listener) *datagrams {
	return &datagrams{socket: newSocket(l, given), complaint: errNoDatagram}
}

func (d *datagrams) start() error {
	domain, err := unix.GetsockoptInt(d.fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return os.NewSyscallError("getsockopt SO_DOMAIN", err)
	}
	switch domain {
	case unix.AF_UNIX: // with room for control messages, we would be given the descriptors that clients send
	case unix.AF_INET, unix.AF_INET6:
		if d.control, err = askForDestination(d.fd); err != nil {
			return err
		}
	default:
		return fmt.Errorf("descriptor %d: %w: a datagram socket, but neither UDP nor unix", d.fd, ErrNotServable)
	}
	return d.watch(d)
}

func (d *datagrams) resume() error {
	if d.watched {
		return nil
	}
	return d.watch(d)
}

// ready counts the wakes that brought nothing. Now and then another worker was quicker; but a socket that
// one of its holders has shut down, or whose errors nobody fetches, wakes us for ever.
func (d *datagrams) ready() {
	d.idle++
	d.readBatch()
	if d.idle >= idleWakes {
		d.pause(d.complaint)
	}
}

func (d *datagrams) readBatch() {
	for range datagramsPerWake {
		if !d.read() {
			return
		}
	}
}

// read answers one datagram, if there is one, and says whether another may wait. An error is mostly that of
// an earlier answer, which nobody was there to receive. syscall's functions are used because those in x/sys
// ask the kernel for the protocol each time.
func (d *datagrams) read() (more bool) {
	buf := d.loop.buf
	n, controlled, _, sender, err := syscall.Recvmsg(d.fd, buf, d.control, unix.MSG_DONTWAIT)
	switch {
	case errors.Is(err, unix.EAGAIN): // another worker was quicker
		return false
	case err != nil:
		d.complaint = os.NewSyscallError("recvmsg", err)
		return true
	case n == 0 && sender == nil: // this is also how a unix socket says that it was shut down
		return false
	}
	d.idle, d.complaint = 0, errNoDatagram
	d.trace(buf[:n], sender)
	if sender != nil {
		d.answer(sender, answerFrom(d.control[:controlled]))
	}
	if err := d.takeTurns(d, datagramsPerPlace); err != nil {
		d.pause(err)
		return false
	}
	return true
}

// answer drops the answer when there's no room for it: a client of datagrams has to bear that. (A connected
// unix client that reads nothing can take all the room there is, until it leaves.) Another failure may be an
// earlier answer's, told only now, or the address that we wanted to answer from can't be used, as with a
// broadcast over IPv6 sockets; so there is a second try that leaves the address to the kernel.
func (d *datagrams) answer(to syscall.Sockaddr, from []byte) {
	_, err := syscall.SendmsgN(d.fd, reply, from, to, unix.MSG_DONTWAIT)
	if err != nil && !errors.Is(err, unix.EAGAIN) {
		_, err = syscall.SendmsgN(d.fd, reply, nil, to, unix.MSG_DONTWAIT)
	}
	if err == nil {
		d.answered++
	}
}

// pause concerns this socket alone, and the other workers read on.
func (d *datagrams) pause(why error) {
	d.troubles.Warn().Err(why).Str("listener", d.name).Dur("pause", readPause).
		Msg("datagrams can't be read, reading pauses")
	d.idle = 0
	d.unwatch()
	d.loop.resumeAfter(readPause)
}

// retire reads no more than a last batch. It can't be left out: a datagram that woke us woke no other worker,
// and would lie there until the next one comes.
func (d *datagrams) retire() {
	d.unwatch()
	d.readBatch()
	d.close()
	d.loop.log.Debug().Str("listener", d.name).Int("datagrams", d.taken).Int("unanswered", d.taken-d.answered).
		Msg("datagram socket closed")
}

func (d *datagrams) trace(data []byte, sender syscall.Sockaddr) {
	if d.loop.log.GetLevel() > zerolog.TraceLevel {
		return
	}
	traceReceived(d.loop.log, d.name, senderName(sender), data)
}
