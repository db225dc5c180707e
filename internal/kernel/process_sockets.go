package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// SocketInodes returns the inodes of every socket the process holds open, from
// the links in /proc/PID/fd. A socket open under two descriptors is there twice.
//
// A process that has exited and was not waited for holds nothing. For one that is
// gone errors.Is(err, fs.ErrNotExist) is true; for one the caller may not inspect,
// fs.ErrPermission.
func SocketInodes(pid int) ([]uint64, error) {
	inodes, err := readSocketInodes("/proc/" + strconv.Itoa(pid) + "/fd")
	if errors.Is(err, fs.ErrPermission) && zombie(pid) {
		return nil, nil
	}
	return inodes, gone(err)
}

// zombie reports whether the process has ended and was not waited for: its files belong to root by then, so
// they only look forbidden.
func zombie(pid int) bool {
	process, err := FindProcess(pid)
	return err == nil && process.Zombie
}

func readSocketInodes(path string) (inodes []uint64, err error) {
	err = eachSocket(path, func(_ string, inode uint64) { inodes = append(inodes, inode) })
	return inodes, err
}

// eachSocket tells of every descriptor in a /proc/PID/fd that is a socket.
func eachSocket(path string, tell func(descriptor string, inode uint64)) error {
	return eachLink(path, func(descriptor, link string) {
		if inode, ok := socketInode(link); ok {
			tell(descriptor, inode)
		}
	})
}

// eachLink tells of every descriptor in a /proc/PID/fd where it leads to. A long path comes cut off.
func eachLink(path string, tell func(descriptor, link string)) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()

	names, err := directory.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		link, err := readLink(int(directory.Fd()), name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // closed since its name was read
		}
		if err != nil {
			return fmt.Errorf("read link %s/%s: %w", path, name, err)
		}
		tell(name, link)
	}
	return nil
}

// readLink spares os.Readlink's walk down from the root for each of thousands of
// links. A link to something else than a socket may come out cut off.
func readLink(directory int, name string) (string, error) {
	var link [64]byte
	n, err := unix.Readlinkat(directory, name, link[:])
	return string(link[:max(n, 0)]), err
}

// socketInode reads the inode out of "socket:[4711]".
func socketInode(link string) (uint64, bool) {
	digits, ok := strings.CutPrefix(link, "socket:[")
	if !ok {
		return 0, false
	}
	inode, err := strconv.ParseUint(strings.TrimSuffix(digits, "]"), 10, 64)
	return inode, err == nil
}
