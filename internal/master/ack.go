package master

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"rota/internal/einhorn"
)

// ackSocket is where one worker, and no other, can say in einhorn's way that it is ready. Unlike
// the notify socket it is a file, because einhorn's clients know of nothing else.
type ackSocket struct {
	listener *net.UnixListener
	path     string
}

// openAckSocket makes one in the directory; nil and no error without a directory.
func openAckSocket(directory, worker string) (*ackSocket, error) {
	if directory == "" {
		return nil, nil
	}
	path := filepath.Join(directory, worker)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if errors.Is(err, fs.ErrNotExist) { // somebody has tidied up, which must not keep workers from starting
		if err = os.Mkdir(directory, passable); err == nil {
			err = os.Chmod(directory, passable)
		}
		if err == nil || errors.Is(err, fs.ErrExist) {
			l, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		}
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o666); err != nil { // whoever the worker runs as; who speaks is checked
		l.Close()
		return nil, err
	}
	return &ackSocket{l, path}, nil
}

// read sends a note for each acknowledgement until the socket is closed or stop is.
func (s *ackSocket) read(leader int, notes chan<- note, stop <-chan struct{}) {
	einhorn.Acks(s.listener, func(c *net.UnixConn) {
		if !trustedPeer(c, leader) {
			return
		}
		select {
		case notes <- note{acknowledged: true}:
		case <-stop:
		}
	})
}

func trustedPeer(c *net.UnixConn, leader int) bool {
	var cred *unix.Ucred
	err := withDescriptor(c, func(fd int) (err error) {
		cred, err = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		return err
	})
	return err == nil && maySpeak(cred, leader)
}

func (s *ackSocket) close() {
	if s != nil {
		s.listener.Close() // and with it goes its file
	}
}

// passable lets everybody through a directory, but nobody look in.
const passable = 0o711

// makeAckDirectory makes the directory of the ack sockets. It is not under a $TMPDIR that is so deep
// that the path of a worker's socket, which ends in its id, would not fit.
func makeAckDirectory() (string, error) {
	parent := os.TempDir()
	if len(parent)+len("/rota-4294967295/01234567-89ab-cdef-0123-456789abcdef") > maxUnixPath {
		parent = "/tmp"
	}
	directory, err := os.MkdirTemp(parent, "rota-")
	if err != nil {
		return "", err
	}
	return directory, os.Chmod(directory, passable)
}
