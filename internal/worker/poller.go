package worker

import (
	"encoding/binary"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// source is something the poller watches: an inherited socket, a connection, the wake-up call.
type source interface {
	ready()
}

// poller is an epoll set with the source of each descriptor, one alarm, and a way to be woken. All but
// wake belongs to the loop's thread.
type poller struct {
	epoll   int
	waker   wakeup
	sources []source // by descriptor; the kernel hands out the lowest free number, so it stays dense
	events  [128]unix.EpollEvent

	alarmAt time.Time // zero: none is set
	onAlarm func()
}

// newPoller makes an empty set that calls onWake, on the loop's thread, after a wake.
func newPoller(onWake func()) (*poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	eventfd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(epoll)
		return nil, os.NewSyscallError("eventfd", err)
	}
	p := &poller{epoll: epoll, waker: wakeup{fd: eventfd, call: onWake}}
	if err := p.add(eventfd, unix.EPOLLIN, &p.waker); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *poller) add(fd int, mask uint32, s source) error {
	event := unix.EpollEvent{Events: mask, Fd: int32(fd)}
	if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return os.NewSyscallError("epoll_ctl add", err)
	}
	for len(p.sources) <= fd {
		p.sources = append(p.sources, nil)
	}
	p.sources[fd] = s
	return nil
}

func (p *poller) modify(fd int, mask uint32) error {
	event := unix.EpollEvent{Events: mask, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl mod", unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, fd, &event))
}

// remove is for a descriptor that others share: for them close(2) takes nothing out of the set.
func (p *poller) remove(fd int) error {
	p.forget(fd)
	return os.NewSyscallError("epoll_ctl del", unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, fd, nil))
}

// forget is enough for a descriptor that is closed next and nobody shares: the kernel does the rest.
func (p *poller) forget(fd int) {
	if fd < len(p.sources) {
		p.sources[fd] = nil
	}
}

// wait sleeps until something happens and calls the sources it happened to. A source may close others
// whose events are still to come, and their numbers may be given out anew at once. So a source must
// bear to be called when nothing has happened to it; that is why ready gets no event to believe in.
func (p *poller) wait() error {
	n, err := unix.EpollWait(p.epoll, p.events[:], p.timeout())
	if err != nil && !errors.Is(err, unix.EINTR) {
		return os.NewSyscallError("epoll_wait", err)
	}
	for i := range max(n, 0) {
		if s := p.sources[p.events[i].Fd]; s != nil {
			s.ready()
		}
	}
	if !p.alarmAt.IsZero() && !time.Now().Before(p.alarmAt) {
		p.alarmAt = time.Time{}
		p.onAlarm()
	}
	return nil
}

// alarm has call made once after d, in place of an alarm set earlier.
func (p *poller) alarm(d time.Duration, call func()) {
	p.alarmAt, p.onAlarm = time.Now().Add(d), call
}

func (p *poller) alarmSet() bool { return !p.alarmAt.IsZero() }

func (p *poller) cancelAlarm() { p.alarmAt = time.Time{} }

// timeout is in milliseconds, rounded up so that the alarm is due when wait comes back.
func (p *poller) timeout() int {
	if p.alarmAt.IsZero() {
		return -1
	}
	return max(0, int((time.Until(p.alarmAt)+time.Millisecond-1)/time.Millisecond))
}

// wake makes a wait return. Any goroutine may call it until close.
func (p *poller) wake() { p.waker.signal() }

func (p *poller) close() {
	unix.Close(p.waker.fd)
	unix.Close(p.epoll)
}

// wakeup is the eventfd that other goroutines ring; call is made on the loop's thread.
type wakeup struct {
	fd   int
	call func()
}

// signal can only fail when the counter is full, and then the loop wakes anyway.
func (w *wakeup) signal() {
	_, _ = unix.Write(w.fd, binary.NativeEndian.AppendUint64(nil, 1))
}

func (w *wakeup) ready() {
	var count [8]byte
	_, _ = unix.Read(w.fd, count[:])
	w.call()
}
