package worker

import (
	"fmt"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// Listener is a socket to serve on: a listening stream socket or a datagram socket, over IPv4, IPv6 or unix.
type Listener struct {
	Name string // a stream's: "http", "http-2" and so on are HTTP, any other is TCP hello world
	FD   int    // the worker's own descriptor of it
}

func (l Listener) isHTTP() bool {
	return l.Name == "http" || strings.HasPrefix(l.Name, "http-")
}

// Inherited takes over the sockets that came with LISTEN_FDS and unsets those variables, so that it
// works once. The error is ErrNoListeners if there are none meant for this process.
func Inherited() ([]Listener, error) {
	count, pid := os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_PID")
	files := activation.Files(true)
	if len(files) == 0 {
		return nil, fmt.Errorf("%w inherited: LISTEN_FDS is %q and LISTEN_PID is %q in process %d",
			ErrNoListeners, count, pid, os.Getpid())
	}
	var listeners []Listener
	var failed error
	for _, file := range files {
		fd, err := takeDescriptor(file)
		if err != nil {
			failed = err
			continue
		}
		listeners = append(listeners, Listener{Name: file.Name(), FD: fd})
	}
	if failed != nil {
		closeAll(listeners)
		return nil, failed
	}
	return listeners, nil
}

// takeDescriptor gets the descriptor out of a file that is then closed. It must not use Fd, which can
// clear O_NONBLOCK on the open file description that this worker shares with every other one.
func takeDescriptor(file *os.File) (fd int, err error) {
	defer file.Close()
	raw, err := file.SyscallConn()
	if err != nil {
		return -1, fmt.Errorf("take over socket %q: %w", file.Name(), err)
	}
	ctlErr := raw.Control(func(inherited uintptr) {
		fd, err = unix.FcntlInt(inherited, unix.F_DUPFD_CLOEXEC, 3)
	})
	if ctlErr != nil {
		err = ctlErr
	}
	if err != nil {
		return -1, fmt.Errorf("take over socket %q: %w", file.Name(), err)
	}
	return fd, nil
}

func closeAll(listeners []Listener) {
	for _, l := range listeners {
		unix.Close(l.FD)
	}
}
