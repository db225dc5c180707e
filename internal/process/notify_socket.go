package process

import (
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/linger"
	"rota/internal/listen"
	"rota/internal/output"
)

// notifySocket receives the notes of one worker, and no other. It is bound before the worker is forked, so
// that nothing is missed, and its name says who is speaking.
type notifySocket struct {
	conn  *net.UnixConn
	Name  string
	Inlet *output.Inlet
}

// openNotifySocket binds an abstract socket: it leaves no file behind, even if the master is killed, and a
// worker can reach it whatever user it runs as.
func openNotifySocket(worker string) (*notifySocket, error) {
	name := "@rota/" + strconv.Itoa(os.Getpid()) + "/" + worker
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	if err := listen.WithDescriptor(conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	}); err != nil {
		conn.Close()
		return nil, err
	}
	in, err := output.NewPacketInlet(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &notifySocket{conn: conn, Name: name, Inlet: in}, nil
}

// notePause comes after each datagram. It bounds the cost of a sender that never stops.
const notePause = time.Millisecond

// Read sends every note to notes until the socket or stop is closed. leader is the worker's first process,
// and the leader of its group.
func (s *notifySocket) Read(leader int, notes chan<- Note, stop <-chan struct{}) {
	defer s.Inlet.Rest()
	d := newDatagram()
	for {
		if err := s.Inlet.Take(d.receive); err != nil {
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

// datagram is a buffer for one. It has no room for descriptors: the kernel closes those that are sent along,
// which is the answer that BARRIER=1 waits for.
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

// Close empties the socket first: a datagram that is still queued may hold up whoever closes it.
func (s *notifySocket) Close() {
	if s == nil {
		return
	}
	_ = listen.WithDescriptor(s.conn, func(fd int) error {
		err := unix.Shutdown(fd, unix.SHUT_RD)
		for d := newDatagram(); err == nil || err == unix.EINTR; {
			_, err = d.receive(fd)
		}
		return err
	})
	s.conn.Close()
}
