package kernel

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
)

// Finder finds the process that holds a socket. It remembers at which descriptor it found one: descriptors
// are given out lowest first, so the next socket is probably at the same one, and not all of thousands must
// be read. It is not safe for concurrent use.
type Finder struct {
	last map[int]string // descriptor, by pid
}

// keepLast bounds the processes that are remembered, for a program with one process for each connection.
const keepLast = 1024

// Find returns the index of the first family that has the socket open; -1 if none has. The error joins those
// of SocketInodes, and says why one of them may hold it nevertheless.
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

// guess looks at the descriptor where the last socket was.
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

// readAtOnce is how many descriptors are listed at a time: the wanted one is often among the first.
const readAtOnce = 512

// findLink returns the descriptor of the process whose link is the wanted one; "" for none.
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
