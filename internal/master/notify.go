package master

import (
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/linger"
)

// note is one datagram of the sd_notify protocol, as far as the master cares.
type note struct {
	ready        bool
	status       *string       // nil: not said
	extend       time.Duration // 0: not asked for
	alive        bool          // it feeds its watchdog
	trigger      bool          // it asks to be treated as if it had missed its watchdog
	acknowledged bool          // to einhorn, that it is ready
	seen         string        // not from the worker: what a probe has shown, which makes it ready
}

// maxExtend bounds EXTEND_TIMEOUT_USEC; more is taken as this much.
const maxExtend = 24 * time.Hour

// parseNote reads the assignments of a datagram, one a line. It ignores unknown ones.
func parseNote(datagram string) note {
	var n note
	for line := range strings.SplitSeq(datagram, "\n") {
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		switch key {
		case "READY":
			n.ready = n.ready || value == "1"
		case "WATCHDOG":
			n.alive = n.alive || value == "1"
			n.trigger = n.trigger || value == "trigger"
		case "STATUS":
			status := strings.ToValidUTF8(value, "\uFFFD")
			n.status = &status
		case "EXTEND_TIMEOUT_USEC":
			if usec, err := strconv.ParseUint(value, 10, 63); err == nil {
				n.extend = min(time.Duration(min(usec, uint64(maxExtend/time.Microsecond)))*time.Microsecond, maxExtend)
			}
		}
	}
	return n
}

// notifySocket receives the notes of one worker, and no other. It is bound before the worker is forked, so that nothing
// is missed, and its name says who is speaking.
type notifySocket struct {
	conn  *net.UnixConn
	name  string
	inlet *inlet
}

// openNotifySocket binds an abstract socket: it leaves no file behind, even if the master is killed, and a worker can
// reach it whatever user it runs as.
func openNotifySocket(worker string) (*notifySocket, error) {
	name := "@rota/" + strconv.Itoa(os.Getpid()) + "/" + worker
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	if err := withDescriptor(conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	}); err != nil {
		conn.Close()
		return nil, err
	}
	in, err := newPacketInlet(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &notifySocket{conn: conn, name: name, inlet: in}, nil
}

// notePause comes after each datagram. It bounds the cost of a sender that never stops.
const notePause = time.Millisecond

// read sends every note to notes until the socket or stop is closed. leader is the worker's first process, and the leader
// of its group.
func (s *notifySocket) read(leader int, notes chan<- note, stop <-chan struct{}) {
	defer s.inlet.rest()
	d := newDatagram()
	for {
		if err := s.inlet.take(d.receive); err != nil {
			return // it was closed
		}
		if d.whole() && trusted(d.credentials(), leader) {
			select {
			case notes <- parseNote(d.text()):
			case <-stop:
				return
			}
		}
		time.Sleep(notePause)
	}
}

// datagram is a buffer for one. It has no room for descriptors: the kernel closes those that are sent along, which is the
// answer that BARRIER=1 waits for.
type datagram struct {
	data, control  []byte
	n, controlSize int
	flags          int
}

func newDatagram() *datagram {
	return &datagram{data: make([]byte, 4096), control: make([]byte, unix.CmsgSpace(unix.SizeofUcred))}
}

// receive takes one off the queue. Error: io.EOF if the socket is closed and empty.
func (d *datagram) receive(fd int) (packets int, err error) {
	linger.Cut(func() {
		d.n, d.controlSize, d.flags, _, err = unix.Recvmsg(fd, d.data, d.control, unix.MSG_DONTWAIT)
	})
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, err
	case err != nil: // it may be short of memory, for now
		d.n, d.controlSize = 0, 0
	case d.n == 0 && d.controlSize == 0: // whatever was sent has credentials
		return 0, io.EOF
	}
	return 1, nil
}

func (d *datagram) whole() bool         { return d.flags&unix.MSG_TRUNC == 0 }
func (d *datagram) text() string        { return string(d.data[:d.n]) }
func (d *datagram) credentials() []byte { return d.control[:d.controlSize] }

// trusted reports whether the sender may speak for the worker. The name of an abstract socket is no secret, so without
// this any user of the machine could call a worker ready. The worker may have become another user since it was started.
func trusted(oob []byte, leader int) bool {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return false
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return maySpeak(cred, leader)
		}
	}
	return false
}

// maySpeak reports whether a process with these credentials may speak for the worker.
func maySpeak(cred *unix.Ucred, leader int) bool {
	return cred.Uid == 0 || int(cred.Uid) == os.Geteuid() || runsAs(cred.Uid, leader) || belongs(int(cred.Pid), leader)
}

// runsAs reports whether the worker's first process runs as uid. That user could make the worker itself say it anyway;
// and the helper that said it, such as systemd-notify, may be gone by now.
func runsAs(uid uint32, leader int) bool {
	info, err := os.Stat("/proc/" + strconv.Itoa(leader))
	return err == nil && info.Sys().(*syscall.Stat_t).Uid == uid
}

// belongs reports whether the process is in the worker's group or descends from its first process: a child may have become
// another user in a session of its own.
func belongs(pid, leader int) bool {
	if group, err := unix.Getpgid(pid); err == nil && group == leader {
		return true
	}
	for pid > 1 && pid != leader {
		p, err := kernel.FindProcess(pid)
		if err != nil {
			return false
		}
		pid = p.Parent
	}
	return pid == leader
}

// close empties the socket first: a datagram that is still queued may hold up whoever closes it.
func (s *notifySocket) close() {
	if s == nil {
		return
	}
	_ = withDescriptor(s.conn, func(fd int) error {
		err := unix.Shutdown(fd, unix.SHUT_RD)
		for d := newDatagram(); err == nil || err == unix.EINTR; {
			_, err = d.receive(fd)
		}
		return err
	})
	s.conn.Close()
}
