package master

import (
	"errors"
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
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	var cred *unix.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		cred, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	return errors.Join(err, asked) == nil && maySpeak(cred, leader)
}

func (s *ackSocket) close() {
	if s != nil {
		s.listener.Close() // and with it goes its file
	}
}

// makeAckDirectory makes the directory of the ack sockets. Everybody may pass through it, but
// nobody may look in.
func makeAckDirectory() (string, error) {
	directory, err := os.MkdirTemp("", "rota-")
	if err != nil {
		return "", err
	}
	return directory, os.Chmod(directory, 0o711)
}
