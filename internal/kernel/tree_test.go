package kernel

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// tree is a worker's processes, made by a shell script. All of them live until the test
// lets go of what they read from.
type tree struct {
	root    *exec.Cmd
	release func() // ends them all
	pids    map[string]int
}

// $STAY is a script that says who it is, by the name it is given, and lives on.
const stay = `export STAY='echo $0 $$; exec cat <&3'; `

// grow runs a script as a worker with a mark, and returns when the named processes have
// said their pids, each once. The script itself is called root.
func grow(t testing.TB, mark, script string, named ...string) *tree {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	root := exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-c", stay+script)
	root.Env = append(os.Environ(), "SELF="+os.Args[0], mark)
	root.ExtraFiles = []*os.File{read}
	root.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := root.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, root.Start())
	require.NoError(t, read.Close())

	tr := &tree{root: root, release: func() { write.Close() }, pids: map[string]int{"root": root.Process.Pid}}
	t.Cleanup(func() {
		tr.release()
		tr.waitForAll()
		require.Eventually(t, func() bool { return !anyMarked(mark) }, patience, tick, "the next test's may have the same mark")
	})
	lines := bufio.NewScanner(output)
	for range named {
		require.True(t, lines.Scan(), lines.Err())
		name, pid, _ := strings.Cut(lines.Text(), " ")
		tr.pids[name], err = strconv.Atoi(pid)
		require.NoError(t, err)
	}
	for _, name := range named {
		require.Contains(t, tr.pids, name)
	}
	return tr
}

// anyMarked reports whether a process lives, of those that this test binary has grown, that has the mark.
func anyMarked(mark string) bool {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		environment, _ := os.ReadFile(path) // it may be gone, or another user's
		entries := strings.Split(string(environment), "\x00")
		if slices.Contains(entries, mark) && slices.Contains(entries, "SELF="+os.Args[0]) {
			return true
		}
	}
	return false
}

// end ends the root alone, and takes note.
func (tr *tree) end(t testing.TB) {
	t.Helper()
	require.NoError(t, tr.root.Process.Kill())
	tr.root.Wait() // says that it was killed
}

// waitForAll takes note of the orphans too, which are ours by then.
func (tr *tree) waitForAll() {
	tr.root.Wait()
	for _, pid := range tr.pids {
		var status unix.WaitStatus
		for {
			if _, err := unix.Wait4(pid, &status, 0, nil); err != unix.EINTR {
				break
			}
		}
	}
}

func (tr *tree) find(t testing.TB, name string) Process {
	t.Helper()
	process, err := FindProcess(tr.pids[name])
	require.NoError(t, err)
	return process
}

// as is the root as the master would remember it from its launch.
func (tr *tree) as(t testing.TB, mark string) Root {
	t.Helper()
	return Root{PID: tr.pids["root"], Started: tr.find(t, "root").Started, Mark: mark}
}

// names tells a family by what its members are called, an unknown one by its program.
func (tr *tree) names(family Family) []string {
	names := []string{}
	for _, p := range family {
		name := fmt.Sprintf("%s(%d)", p.Name, p.PID)
		for called, pid := range tr.pids {
			if pid == p.PID {
				name = called
			}
		}
		names = append(names, name)
	}
	return names
}

// orphaned waits until a process has become ours.
func (tr *tree) orphaned(t testing.TB, name string) {
	t.Helper()
	require.Eventually(t, func() bool { return tr.find(t, name).Parent == os.Getpid() }, patience, tick)
}

func ourselves(t testing.TB) Process {
	t.Helper()
	process, err := FindProcess(os.Getpid())
	require.NoError(t, err)
	return process
}

// inOwnGroup is a program for scripts, the test binary by another name: it runs the program
// that its arguments name in a process group of its own.
const inOwnGroup = "in-own-group"

func becomeOwnGroup(argv []string) error {
	if err := unix.Setpgid(0, 0); err != nil {
		return err
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return unix.Exec(path, argv, os.Environ())
}
