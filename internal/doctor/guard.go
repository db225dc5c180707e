package doctor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/listen"
)

// A program may know by its own configuration the path of a unix socket that the settings name, and unlink that
// instead of the one it was given. Behind it may be what serves the clients at this moment. So the doctor keeps a
// second name of the file, and puts it back. Where nothing is at the path, it puts a file there to
// see the same.

// guards are those of all such paths.
type guards []*guarded

// guarded is one path, and the file that has to stay there.
type guarded struct {
	path  string
	spare string // second name of the file; "": there is none, as the program can't remove it
	decoy int    // descriptor of the socket whose file it is; -1: it is somebody's
	tells int    // descriptor at which the kernel tells of files that leave the directory; -1: it does not
	stop  chan struct{}
	over  sync.WaitGroup

	mu   sync.Mutex
	file os.FileInfo
	lost bool // since it was asked last
}

// guard begins to look after the paths. The error says that the file at one of them could not be saved.
func guard(listen []listen.ListenAddress) (list guards, err error) {
	for _, a := range listen {
		if a.Network != "unix" && a.Network != "unixgram" || !filepath.IsAbs(a.Address) {
			continue
		}
		g, err := newGuarded(a.Address)
		if err != nil {
			list.close()
			return nil, fmt.Errorf("%w: %w", ErrUsage, err)
		}
		if g != nil {
			list = append(list, g)
		}
	}
	return list, nil
}

// newGuarded is nil where nothing can be lost or seen.
func newGuarded(path string) (*guarded, error) {
	g := &guarded{path: path, decoy: -1, tells: -1, stop: make(chan struct{})}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if !g.putDecoy() {
			return nil, nil //nolint:nilnil // nothing is wrong: the directory is not there, or not for us
		}
	case err != nil || info.Mode()&os.ModeSocket == 0 || isDead(path):
		return nil, nil //nolint:nilnil // nobody serves there
	default:
		if err := g.save(); err != nil {
			return nil, err
		}
	}
	if g.file, err = os.Lstat(path); err != nil {
		g.remove()
		return nil, nil //nolint:nilnil // it has left meanwhile
	}
	g.listen()
	g.over.Go(g.watch)
	return g, nil
}

// putDecoy binds a socket to the path, on which nobody listens: who starts to serve there takes its place.
func (g *guarded) putDecoy() bool {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	if unix.Bind(fd, &unix.SockaddrUnix{Name: g.path}) != nil {
		unix.Close(fd)
		return false
	}
	g.decoy = fd
	return true
}

// save gives the file its second name.
func (g *guarded) save() error {
	directory, name := filepath.Split(g.path)
	spare := fmt.Sprintf("%s.%s.rota-doctor-%d", directory, name, os.Getpid())
	err := os.Link(g.path, spare)
	if err == nil {
		g.spare = spare
		return nil
	}
	if unix.Access(directory, unix.W_OK) != nil {
		return nil // then the program, which is no mightier, can't remove it
	}
	return fmt.Errorf("%s is in use, and could not be put back if the program removed it: %w; give --listen another path", g.path, err)
}

// listen has the kernel tell when the file leaves its place, so that it is back before a client misses it, and
// also if others have put it back.
func (g *guarded) listen() {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return
	}
	if _, err := unix.InotifyAddWatch(fd, filepath.Dir(g.path), unix.IN_DELETE|unix.IN_MOVED_FROM); err != nil {
		unix.Close(fd)
		return
	}
	g.tells = fd
}

func (g *guarded) watch() {
	for !closed(g.stop) {
		if g.tells < 0 {
			time.Sleep(pause)
		} else {
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(g.tells), Events: unix.POLLIN}}, int(lookEvery/time.Millisecond)) //nolint:gosec // a descriptor
		}
		g.look()
	}
}

// lookEvery is how often the path is looked at when the kernel tells nothing.
const lookEvery = 20 * time.Millisecond

// look puts the file back where it is missing.
func (g *guarded) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := g.hasLeft()
	now, err := os.Lstat(g.path)
	if err == nil && os.SameFile(g.file, now) && !left {
		return
	}
	g.lost = true
	if errors.Is(err, os.ErrNotExist) {
		g.putBack()
	}
}

// hasLeft reads what the kernel has told since.
func (g *guarded) hasLeft() (left bool) {
	buffer := make([]byte, 4<<10)
	for g.tells >= 0 {
		n, err := unix.Read(g.tells, buffer)
		if err != nil || n <= 0 {
			break
		}
		left = left || named(buffer[:n], filepath.Base(g.path))
	}
	return left
}

// named reports whether one of the events is about the file.
func named(events []byte, file string) bool {
	for len(events) >= unix.SizeofInotifyEvent {
		size := int(binary.NativeEndian.Uint32(events[12:])) // of the name, padded with zeros
		end := min(unix.SizeofInotifyEvent+size, len(events))
		if string(bytes.TrimRight(events[unix.SizeofInotifyEvent:end], "\x00")) == file {
			return true
		}
		events = events[end:]
	}
	return false
}

// isDead reports whether the file at the path is of a socket that is there, and on which nobody listens. Nobody is
// disturbed by that, as by a connection.
func isDead(path string) bool {
	const listens = 1 << 16 // __SO_ACCEPTCON
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return false
	}
	there := false
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) < 8 || fields[7] != path {
			continue
		}
		flags, err := strconv.ParseUint(fields[3], 16, 32)
		if err != nil || flags&listens != 0 || fields[4] != "0001" { // not a stream: nobody listens, and yet it serves
			return false
		}
		there = true
	}
	return there
}

func (g *guarded) putBack() {
	switch {
	case g.spare != "":
		_ = os.Link(g.spare, g.path)
	case g.decoy >= 0:
		unix.Close(g.decoy)
		if g.decoy = -1; g.putDecoy() {
			if now, err := os.Lstat(g.path); err == nil {
				g.file = now
			}
		}
	}
}

// touched is a path whose file was removed or replaced since it was asked last. It is for when the program is
// gone: a socket that it has left there, where nobody listens, makes place again.
func (list guards) touched() (path string) {
	for _, g := range list {
		g.look()
		g.mu.Lock()
		if g.lost {
			path = g.path
		}
		g.lost = false
		g.replaceDead()
		g.mu.Unlock()
	}
	return path
}

func (g *guarded) replaceDead() {
	now, err := os.Lstat(g.path)
	if err != nil || os.SameFile(g.file, now) || g.spare == "" || now.Mode()&os.ModeSocket == 0 {
		return
	}
	c, err := net.Dial("unix", g.path)
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return
	}
	again := g.spare + ".back"
	if os.Link(g.spare, again) == nil && os.Rename(again, g.path) == nil {
		if now, err := os.Lstat(g.path); err == nil {
			g.file = now
		}
	}
}

// release gives up a path where nobody has served, for the program itself. It returns the others.
func (list guards) release(path string) guards {
	return slices.DeleteFunc(list, func(g *guarded) bool {
		if g.path != path || g.decoy < 0 {
			return false
		}
		g.end()
		return true
	})
}

func (list guards) close() {
	for _, g := range list {
		g.end()
	}
}

func (g *guarded) end() {
	if !closed(g.stop) {
		close(g.stop)
		g.over.Wait()
		g.look()
		g.remove()
	}
}

// remove leaves the path as it was found.
func (g *guarded) remove() {
	if g.spare != "" {
		os.Remove(g.spare)
	}
	if g.tells >= 0 {
		unix.Close(g.tells)
	}
	if g.decoy < 0 {
		return
	}
	if now, err := os.Lstat(g.path); err == nil && g.file != nil && os.SameFile(g.file, now) {
		os.Remove(g.path)
	}
	unix.Close(g.decoy)
	g.decoy = -1
}
