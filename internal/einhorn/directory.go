package einhorn

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Directory is where the sockets are. It is made anew by each master, belongs to nobody else, and everything in
// it is reached through its descriptor, so that it does not matter what others do to its path. A lock on it
// tells other masters that it is in use; they remove what a killed one has left.
type Directory struct {
	mu      sync.Mutex
	parents []string
	place   *place // nil: none could be made yet
}

// Places are the directories in which one may be made, the best first.
func Places() []string {
	list := filepath.SplitList(os.Getenv("RUNTIME_DIRECTORY")) // systemd's, for RuntimeDirectory=
	if os.Geteuid() == 0 {
		list = append(list, "/run")
	} else if own := os.Getenv("XDG_RUNTIME_DIR"); own != "" {
		list = append(list, own)
	}
	return append(list, os.TempDir(), "/tmp")
}

// NewDirectory makes one in the first of the parents where that can be done. After an error it can be used too:
// Listen tries again.
func NewDirectory(parents []string) (*Directory, error) {
	d := &Directory{parents: parents}
	return d, d.renew()
}

// renew makes a new place if there is none, or if somebody has removed the one there was.
func (d *Directory) renew() error {
	if d.place != nil && d.place.there() {
		return nil
	}
	if d.place != nil {
		d.place.close()
		d.place = nil
	}
	var failed []error
	for _, parent := range d.parents {
		p, err := makePlace(parent)
		if err == nil {
			d.place = p
			return nil
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// Path is where it is; "" if none could be made.
func (d *Directory) Path() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.place == nil {
		return ""
	}
	return d.place.path
}

// Close removes the directory.
func (d *Directory) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.place != nil {
		d.place.remove()
		d.place.close()
		d.place = nil
	}
}

// place is one directory.
type place struct {
	path string
	fd   int
}

const (
	prefix     = "rota-einhorn-"
	nameLength = 10 // what is behind the prefix

	// passable lets everybody through the directory, but nobody look in: a worker may run as anybody.
	passable = 0o711
	// attempts: another master may take the new directory for one that was left, before it is locked.
	attempts = 5
	// longestSocket is what fits into sun_path with its final zero.
	longestSocket = 107
	longestName   = 36 // of a socket in it: a worker's id
)

func makePlace(parent string) (*place, error) {
	parent, err := filepath.Abs(parent)
	if err != nil {
		return nil, err
	}
	if len(parent)+1+len(prefix)+nameLength+1+longestName > longestSocket {
		return nil, fmt.Errorf("%s is too long for the path of a socket", parent)
	}
	at, err := unix.Open(parent, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: parent, Err: err}
	}
	defer unix.Close(at)
	if err := usable(at); err != nil {
		return nil, fmt.Errorf("%s %w", parent, err)
	}
	tidy(at, parent)
	for range attempts {
		var p *place
		if p, err = makeIn(at, parent); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("make a directory in %s: %w", parent, err)
}

// usable reports why nothing of ours can stand in a directory: others can rename and remove it there, or workers
// that run as others do not get there.
func usable(fd int) error {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	own := os.Geteuid()
	switch {
	case stat.Uid != 0 && int(stat.Uid) != own:
		return errors.New("belongs to another user")
	case stat.Mode&0o022 != 0 && stat.Mode&unix.S_ISVTX == 0:
		return errors.New("can be written to by other users")
	case own == 0 && stat.Mode&0o001 == 0:
		return errors.New("can't be entered by other users")
	}
	return nil
}

func makeIn(at int, parent string) (*place, error) {
	name := prefix + rand.Text()[:nameLength]
	if err := unix.Mkdirat(at, name, 0o700); err != nil {
		return nil, err
	}
	fd, err := openLocked(at, name)
	if err != nil {
		return nil, err
	}
	p := &place{filepath.Join(parent, name), fd}
	if !p.there() {
		err = errors.New("somebody removes what is made there")
	}
	if err == nil {
		err = unix.Fchmod(fd, passable)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// openLocked opens a directory of ours that nobody else has locked.
func openLocked(at int, name string) (int, error) {
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var stat unix.Stat_t
	if err = unix.Fstat(fd, &stat); err == nil && int(stat.Uid) != os.Geteuid() {
		err = fs.ErrPermission
	}
	if err == nil {
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// tidy removes what killed masters have left: their lock went with them.
func tidy(at int, parent string) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/self/fd/%d", at))
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if fd, err := openLocked(at, e.Name()); err == nil {
			p := place{filepath.Join(parent, e.Name()), fd}
			p.remove()
			p.close()
		}
	}
}

// there reports whether the path still leads to the directory.
func (p *place) there() bool {
	var is, should unix.Stat_t
	return unix.Lstat(p.path, &is) == nil && unix.Fstat(p.fd, &should) == nil && is.Dev == should.Dev && is.Ino == should.Ino
}

// remove removes the sockets, and then the directory if nothing else is in it.
func (p *place) remove() {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/self/fd/%d", p.fd))
	for _, e := range entries {
		if e.Type()&fs.ModeSocket != 0 {
			_ = unix.Unlinkat(p.fd, e.Name(), 0)
		}
	}
	if p.there() {
		_ = unix.Rmdir(p.path)
	}
}

func (p *place) close() { unix.Close(p.fd) }
