package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"rota/internal/listen"
)

// The settings name the path of a unix socket. A program may know that path from its own configuration and
// unlink it, although the doctor has given it another socket. At this moment the service may be running
// there. So the doctor makes a second link to the file and puts the file back when it is missing. Where
// nothing is at the path, it puts a decoy there, to see whether the program removes it.

// guards guard the paths of all unix sockets in the settings.
type guards []*guarded

// guarded is one path, and the file that must stay there.
type guarded struct {
	path  string
	spare string // second link to the file; "": not needed, the program cannot remove the file
	decoy int    // socket that the doctor bound to the path; -1: the file is not the doctor's
	tells int    // inotify descriptor that reports files leaving the directory; -1: none
	stop  chan struct{}
	over  sync.WaitGroup

	mu   sync.Mutex
	file os.FileInfo
	lost bool // since the last call of touched
}

// guard starts to guard the paths. It fails if the file at one of them cannot be saved.
func guard(listen []listen.Spec) (list guards, err error) {
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

// newGuarded returns nil where there is nothing to guard.
func newGuarded(path string) (*guarded, error) {
	g := &guarded{path: path, decoy: -1, tells: -1, stop: make(chan struct{})}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if !g.putDecoy() {
			return nil, nil //nolint:nilnil // nothing is wrong: the directory is missing, or we may not write there
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
		return nil, nil //nolint:nilnil // it was removed meanwhile
	}
	g.listen()
	g.over.Go(g.watch)
	return g, nil
}

// touched returns a path whose file was removed or replaced since the last call, or "". Call it after the
// program has ended: if the program left a socket there on which nobody listens, the saved file takes its
// place.
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

// release removes the decoy at the path, so that the program can listen there. It returns the remaining
// guards.
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

// end stops guarding and leaves the path as it was found.
func (g *guarded) end() {
	if !closed(g.stop) {
		close(g.stop)
		g.over.Wait()
		g.look()
		g.remove()
	}
}
