package kernel

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
)

// Finder finds out whose a socket is. It remembers at which descriptor it found one in a process: they are
// given out lowest first, so the next one is likely there too, and not each of thousands has to be read. It
// is for one goroutine at a time.
type Finder struct {
	last map[int]string // descriptor, by pid
}

// keepLast is how many processes are remembered, of a program that has one for each connection.
const keepLast = 1024

// Find returns the first of the families that has the socket open; -1 for none of them. The error, joined of
// those of SocketInodes, says why it may be one of them all the same.
func (f *Finder) Find(families []Family, inode uint64) (int, error) {
	wanted := "socket:[" + strconv.FormatUint(inode, 10) + "]"
	for i, family := range families {
		if f.guess(family, wanted) {
			return i, nil
		}
	}
	var failed error
	for i, family := range families {
		for _, p := range family {
			descriptor, err := findLink(p.PID, wanted)
			if p.gone() {
				continue // whatever was read may be another's
			}
			if descriptor != "" {
				f.remember(p.PID, descriptor)
				return i, nil
			}
			failed = errors.Join(failed, err)
		}
	}
	return -1, failed
}

// guess looks where the one before was.
func (f *Finder) guess(family Family, wanted string) bool {
	for _, p := range family {
		descriptor, known := f.last[p.PID]
		if !known {
			continue
		}
		link, err := os.Readlink("/proc/" + strconv.Itoa(p.PID) + "/fd/" + descriptor)
		if err == nil && link == wanted && !p.gone() {
			return true
		}
	}
	return false
}

func (f *Finder) remember(pid int, descriptor string) {
	if f.last == nil || len(f.last) >= keepLast {
		f.last = map[int]string{}
	}
	f.last[pid] = descriptor
}

// readAtOnce is how many descriptors are listed at a time: the one that is looked for is often among the
// first.
const readAtOnce = 512

// findLink returns the descriptor of the process that leads to what is wanted; "" for none.
func findLink(pid int, wanted string) (string, error) {
	directory, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if errors.Is(err, fs.ErrPermission) && zombie(pid) {
		return "", nil
	}
	if err != nil {
		return "", unlessGone(err)
	}
	defer directory.Close()
	for {
		names, err := directory.Readdirnames(readAtOnce)
		for _, name := range names {
			if link, err := readLink(int(directory.Fd()), name); err == nil && link == wanted {
				return name, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		if err != nil {
			return "", unlessGone(err)
		}
	}
}
