// Package launch is the step between the fork and the worker's program.
//
// The contract with a worker says that LISTEN_PID is the worker's own pid, which nobody
// knows before the fork. So the master forks its own binary with the arguments that Args
// makes, and that child, in Main, sets LISTEN_PID and becomes the program: same pid, same
// descriptors. The program is an open file rather than a path, so that a worker runs the
// file its generation was given even when another stands at that path by now.
package launch

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Verb is the first argument of a process that has to call Main.
const Verb = "__launch"

// Self is the running binary, also when its file was replaced or removed.
const Self = "/proc/self/exe"

// FailedExit is the exit code of a child that could not become its program; why is on
// its stderr.
const FailedExit = 126

// Args makes the arguments of the child that will become the program open at
// descriptor fd. path is what it is called in messages, argv what it gets.
func Args(fd int, path string, argv []string) []string {
	return append([]string{"rota", Verb, strconv.Itoa(fd), path}, argv...)
}

// Main turns this process, started with the arguments of Args, into the program. It
// returns only if that fails, with an error that names the program.
func Main(args []string) error {
	defaultSIGTERM()
	if len(args) < 5 {
		return errors.New("launch: too few arguments; this command is for rota's own use")
	}
	fd, err := strconv.Atoi(args[2])
	if err != nil {
		return fmt.Errorf("launch: descriptor %q: %w", args[2], err)
	}
	path, argv := args[3], args[4:]
	if !isScript(fd) { // the interpreter of a script has to open it once more
		unix.CloseOnExec(fd)
	}
	err = execFile(fd, argv, environment())
	return fmt.Errorf("cannot execute %q: %w", path, err)
}

// environment is this process's own with the one variable the master could not know.
func environment() []string {
	env := os.Environ()
	kept := make([]string, 0, len(env)+1)
	for _, kv := range env {
		if !strings.HasPrefix(kv, "LISTEN_PID=") {
			kept = append(kept, kv)
		}
	}
	return append(kept, "LISTEN_PID="+strconv.Itoa(os.Getpid()))
}

func isScript(fd int) bool {
	f, err := os.Open("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return false // executable but not readable: the kernel will say what is wrong
	}
	defer f.Close()
	head := make([]byte, 2)
	n, _ := f.Read(head)
	return string(head[:n]) == "#!"
}
