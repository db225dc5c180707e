package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"rota/internal/listen"
)

// programFile is the file that the workers of one generation run. It is held open as long as the generation
// lives.
type programFile struct {
	*listen.SharedFD
	Path           string           // resolved: absolute, without symbolic links
	invocationPath string           // the same, but the last element may be a link: its other files are beside it
	Argv0          string           // what it is called by
	sha256         string           // in hexadecimal; "" when it can't be read
	script         bool             // it begins with #!
	copy           *listen.SharedFD // of a script; nil otherwise
	info           os.FileInfo      // as it was when it was opened
}

// openProgram finds a command's program as it is on disk now: by its path, which is relative to the working
// directory, or by its name along PATH. If the program is still that of the generation before, previous, it
// is not read again.
func openProgram(name, directory, path string, previous *programFile) (*programFile, error) {
	file, err := lookUp(name, directory, path)
	if err != nil {
		return nil, fmt.Errorf("cannot run %q: %w", name, err)
	}
	p, err := openProgramFile(file, previous)
	if err != nil {
		return nil, fmt.Errorf("cannot run %q: %w", name, err)
	}
	p.invocationPath, p.Argv0 = file, name
	if parent, err := resolve(filepath.Dir(file)); err == nil {
		p.invocationPath = filepath.Join(parent, filepath.Base(file))
	}
	if filepath.IsAbs(name) {
		p.Argv0 = p.invocationPath // a program that looks for its own files by this name finds those of its release
	}
	return p, nil
}

func lookUp(name, directory, path string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(directory, name)
		}
		return name, executable(name)
	}
	failed := fmt.Errorf("no such file or program on PATH: %w", os.ErrNotExist)
	for _, place := range filepath.SplitList(path) {
		if !filepath.IsAbs(place) {
			place = filepath.Join(directory, place)
		}
		file := filepath.Join(place, name)
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if errors.Is(err, os.ErrPermission) {
			failed = err // tells more than that there is no such file
		}
	}
	return "", failed
}

func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return &os.PathError{Op: "execute", Path: file, Err: unix.EISDIR}
	case info.Mode()&0o111 == 0:
		return &os.PathError{Op: "execute", Path: file, Err: unix.EACCES}
	}
	return nil
}

func openProgramFile(file string, previous *programFile) (*programFile, error) {
	path, err := resolve(file)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	readable := err == nil
	if errors.Is(err, unix.EACCES) { // a program may be executable without being readable
		fd, err = unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	p := &programFile{SharedFD: listen.ShareFD(fd), Path: path}
	// This asks the open file: the path may lead to another by now.
	if p.info, err = os.Stat("/proc/self/fd/" + strconv.Itoa(fd)); err == nil && readable {
		err = p.read(previous)
	}
	if err != nil {
		p.drop()
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return p, nil
}

// read computes the file's checksum, and copies a script: a binary can't be written to while it runs, but a
// script can be edited in place.
func (p *programFile) read(previous *programFile) error {
	content := io.NewSectionReader(descriptor(p.FD), 0, p.info.Size())
	head := make([]byte, 2)
	n, _ := content.ReadAt(head, 0)
	p.script = string(head[:n]) == "#!" && p.info.Size() <= maxScript
	hash := sha256.New()
	var into io.Writer = hash
	switch {
	case p.script:
		fd, err := unix.MemfdCreate(filepath.Base(p.Path), unix.MFD_CLOEXEC)
		if err != nil {
			return fmt.Errorf("make room for a copy: %w", err)
		}
		p.copy = listen.ShareFD(fd)
		into = io.MultiWriter(hash, descriptor(fd))
	case previous != nil && previous.unchanged(p.info):
		p.sha256 = previous.sha256 // reading a large file takes a while
		return nil
	}
	if _, err := io.Copy(into, content); err != nil {
		return err
	}
	p.sha256 = hex.EncodeToString(hash.Sum(nil))
	return nil
}

// unchanged reports whether info describes the same file in the same state.
func (p *programFile) unchanged(info os.FileInfo) bool {
	then, now := p.info.Sys().(*syscall.Stat_t), info.Sys().(*syscall.Stat_t)
	return os.SameFile(p.info, info) && then.Size == now.Size && then.Mtim == now.Mtim && then.Ctim == now.Ctim
}

// inPlace reports whether the file is still where it was found, or one with the same content: a hard link or
// a new owner changes a file's times, too. A script is then run by that name, because many scripts use it to
// find their other files.
func (p *programFile) inPlace() bool {
	info, err := os.Stat(p.invocationPath)
	if err != nil || p.unchanged(info) {
		return err == nil
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 || info.Size() != p.info.Size() {
		return false
	}
	content, err := os.ReadFile(p.invocationPath)
	sum := sha256.Sum256(content)
	return err == nil && hex.EncodeToString(sum[:]) == p.sha256
}

// ExecFD is the descriptor to execute.
func (p *programFile) ExecFD() int {
	if p.copy != nil {
		return p.copy.FD
	}
	return p.FD
}

func (p *programFile) hold() {
	p.Hold()
	if p.copy != nil {
		p.copy.Hold()
	}
}

func (p *programFile) drop() {
	p.Drop()
	if p.copy != nil {
		p.copy.Drop()
	}
}

// maxScript bounds what is copied; a larger one is only held open.
const maxScript = 16 << 20

// descriptor reads and writes a file that it does not own.
type descriptor int

func (d descriptor) ReadAt(b []byte, offset int64) (int, error) {
	n, err := unix.Pread(int(d), b, offset)
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return max(n, 0), err
}

func (d descriptor) Write(b []byte) (int, error) {
	n, err := unix.Write(int(d), b)
	return max(n, 0), err
}
