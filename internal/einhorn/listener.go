package einhorn

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/lapse"
	"rota/internal/linger"
)

// Listener is one worker's socket.
type Listener struct {
	Path      string
	listener  *net.UnixListener
	directory *Directory
	place     *place // in which it was made; only compared
}

// Listen makes a socket in the directory, to which everybody may connect: who speaks there is for
// the caller to check.
func (d *Directory) Listen(name string) (*Listener, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.renew(); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fmt.Sprintf("/proc/self/fd/%d/%s", d.place.fd, name), Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // by that name; see Close
	if err := d.place.open(name); err != nil {
		l.Close()
		_ = unix.Unlinkat(d.place.fd, name, 0)
		return nil, err
	}
	return &Listener{Path: filepath.Join(d.place.path, name), listener: l, directory: d, place: d.place}, nil
}

// open lets everybody connect to a socket, whatever the umask was.
func (p *place) open(name string) error {
	const everybody = 0o666
	err := unix.Fchmodat(p.fd, name, everybody, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.EOPNOTSUPP) { // before Linux 6.6. Only this process has access to the directory.
		err = unix.Fchmodat(p.fd, name, everybody, 0)
	}
	return err
}

// Close closes the socket and removes its file.
func (l *Listener) Close() {
	linger.Cut(func() { l.listener.Close() })
	d := l.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.place == l.place {
		_ = unix.Unlinkat(l.place.fd, filepath.Base(l.Path), 0)
	}
}

const (
	// patience is with a client that has connected and says nothing.
	patience = 5 * time.Second
	// conversations is how many clients are listened to at a time; the others wait.
	conversations = 8
	// pause comes after an error, when no descriptor is free, and breather after each client. They bound what
	// somebody costs who never stops connecting.
	pause    = 50 * time.Millisecond
	breather = time.Millisecond
)

// Acks calls ack for each acknowledgement of a client who is welcome, until the listener is closed.
// What else a client says is passed over. A client who is not welcome is not read.
func (l *Listener) Acks(welcome func(syscall.Conn) bool, ack func()) {
	places := make(chan struct{}, conversations)
	for {
		places <- struct{}{}
		c, err := l.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			<-places
			time.Sleep(pause)
			continue
		}
		if !welcome(c) {
			leave(c)
			<-places
		} else {
			go func() {
				hear(c, ack)
				<-places
			}()
		}
		time.Sleep(breather)
	}
}

func hear(c *net.UnixConn, ack func()) {
	defer leave(c)
	defer lapse.AfterFunc(patience, func() { _ = c.SetDeadline(time.Unix(1, 0)) }).Stop()
	if read(c) == nil {
		ack()
	}
}

// leave closes a connection with all that was sent on it.
func leave(c *net.UnixConn) { linger.Cut(func() { c.Close() }) }
