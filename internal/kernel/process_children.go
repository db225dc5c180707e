package kernel

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// childLister returns the pids of a process's children. A process that is gone has none.
type childLister func(parent processStat) ([]int, error)

// listChildren is the best way this kernel has.
func listChildren() (childLister, error) {
	if unix.Access("/proc/thread-self/children", unix.F_OK) == nil {
		return childrenFromTasks, nil
	}
	return childrenFromAll() // the kernel was built without CONFIG_PROC_CHILDREN
}

// childrenFromTasks asks each thread for what it has forked, so the cost is that of the
// process and not that of the machine. A child may be missed while a sibling ends.
func childrenFromTasks(parent processStat) ([]int, error) {
	path := "/proc/" + strconv.Itoa(parent.PID) + "/task"
	threads := []string{strconv.Itoa(parent.PID)}
	if parent.threads > 1 {
		var err error
		if threads, err = names(path); err != nil {
			return nil, unlessGone(err)
		}
	}
	var children []int
	for _, thread := range threads {
		content, err := readProc(path + "/" + thread + "/children")
		if unlessGone(err) != nil {
			return nil, err
		}
		for field := range bytes.FieldsSeq(content) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				children = append(children, pid)
			}
		}
	}
	return children, nil
}

// childrenFromAll looks at every process of the machine once.
func childrenFromAll() (childLister, error) {
	entries, err := names("/proc")
	if err != nil {
		return nil, err
	}
	children := make(map[int][]int)
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry)
		if err != nil {
			continue
		}
		if process, err := FindProcess(pid); err == nil {
			children[process.Parent] = append(children[process.Parent], pid)
		}
	}
	return func(parent processStat) ([]int, error) { return children[parent.PID], nil }, nil
}

func names(path string) ([]string, error) {
	directory, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	return directory.Readdirnames(-1)
}

// unlessGone forgives an error that says that the process has ended.
func unlessGone(err error) error {
	if errors.Is(gone(err), fs.ErrNotExist) {
		return nil
	}
	return err
}
