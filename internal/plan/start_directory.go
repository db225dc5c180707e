package plan

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// StartDirectory is the directory that rota was started in. All relative paths start there: of the program,
// the settings file, env files, sockets. A deploy may delete the directory and make it anew, or put another
// in its place. A process stays in the old one, so a reload changes to the one that is at the path by then.
type StartDirectory struct {
	Path    string // without symbolic links; "" if it was gone from the start
	logical string // the shell's path to it, perhaps through a link; "": the same
}

// FindStartDirectory returns the directory that rota is in now.
func FindStartDirectory() *StartDirectory {
	h := &StartDirectory{}
	h.Path, _ = unixGetwd()
	called := os.Getenv("PWD")
	if info, err := os.Stat(called); err == nil && called != h.Path {
		if here, err := os.Stat("."); err == nil && os.SameFile(here, info) {
			h.logical = called
		}
	}
	return h
}

// unixGetwd asks the kernel, not $PWD.
func unixGetwd() (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Getcwd(buffer)
	if err != nil || n < 1 || buffer[0] != '/' { // it can't be reached from the root
		return "", errors.Join(err, unix.ENOENT)
	}
	return string(buffer[:n-1]), nil
}

// Lost says what has become of the directory; "" if it is where it was.
func (h *StartDirectory) Lost() string {
	if h.Path == "" {
		return ""
	}
	var here unix.Stat_t
	if err := unix.Stat(".", &here); err == nil && here.Nlink == 0 {
		return fmt.Sprintf("the directory that rota was started in, %s, has been deleted", h.Path)
	}
	if now, err := unixGetwd(); err == nil && now != h.Path {
		return fmt.Sprintf("the directory that rota was started in, %s, has been moved to %s", h.Path, now)
	}
	return ""
}

// Follow changes to the directory that is at the path now, if the first one is gone from there. It returns
// nil if rota stays where it is.
func (h *StartDirectory) Follow() *StartDirectory {
	if h.Lost() == "" {
		return nil
	}
	places := []string{h.Path}
	if _, err := unixGetwd(); err != nil && h.logical != "" {
		places = append(places, h.logical) // a link that leads to another release by now
	}
	for _, place := range places {
		if os.Chdir(place) == nil {
			_ = os.Setenv("PWD", place) // for the workers
			return FindStartDirectory()
		}
	}
	return nil
}
