// Package launch is the step between the fork and the worker's program.
//
// The contract with a worker says that LISTEN_PID is the worker's own pid, which nobody
// knows before the fork. So the master forks its own binary with the arguments that a
// Step makes, and that child, in Main, sets the variables that hold its pid, takes on what
// the worker is to run as (become.go), and becomes the program: same pid, same descriptors.
// The program is an open file rather than a path, so that a worker runs the file its
// generation was given even when another stands at that path by now.
package launch

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Verb is the first argument of a process that has to call Main.
const Verb = "__launch"

// Self is the running binary, also when its file was replaced or removed.
const Self = "/proc/self/exe"

// FailedExit is the exit code of a child that could not become its program; why is on
// its stderr.
const FailedExit = 126

// Step is what a child has to do before it is its program. The zero value of a field leaves
// that as the master has it.
type Step struct {
	Program int    // descriptor that the program is open at
	Path    string // what it is called in messages
	AtPath  bool   // the file at Path is the program: execute it by that name, as scripts like it

	Parent    int            // pid of the master; 0: whoever it is
	DeathNote syscall.Signal // sent by the kernel when the master dies; 0: SIGTERM

	Directory     string   // what the working directory is called in messages; "": the master's
	DirectoryFD   int      // descriptor that it is open at
	User          *Account // nil: the master's own
	Umask         *int     // permission bits
	OpenFiles     uint64   // limit of open files, soft and hard; 0: as rota was started
	NoNewPrivs    bool     // no setuid program gives it more rights
	WatchdogArmed bool     // WATCHDOG_USEC is set, so WATCHDOG_PID is wanted
	NoWorker      bool     // the program gets no sockets, so LISTEN_PID is not wanted
}

// Account is whom a worker runs as.
type Account struct {
	Name          string // what it is called in messages
	UID, GID      int
	Supplementary []int
}

// Args makes the arguments of the child that will become the program with argv.
func (s Step) Args(argv []string) ([]string, error) {
	step, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return append([]string{"rota", Verb, string(step)}, argv...), nil
}

// ArgsOfProgram returns the arguments that Args was given, or nil for those that it did not make.
func ArgsOfProgram(args []string) []string {
	if len(args) < 4 {
		return nil
	}
	return args[3:]
}

// Main turns this process, started with the arguments of a Step, into the program. It
// returns only if that fails, with an error that names what could not be done.
func Main(args []string) error {
	if len(args) < 4 {
		return errors.New("launch: too few arguments; this command is for rota's own use")
	}
	var step Step
	if err := json.Unmarshal([]byte(args[2]), &step); err != nil {
		return fmt.Errorf("launch: %w; this command is for rota's own use", err)
	}
	// The death note and the ban on new privileges are one thread's, and the program's if that is the one
	// that executes it.
	runtime.LockOSThread()
	if err := step.become(); err != nil {
		return err
	}
	return fmt.Errorf("cannot execute %q: %w", step.Path, step.explain(step.exec(args[3:])))
}

func (s Step) exec(argv []string) error {
	i, script := interpreterOf(s.Program)
	if filepath.Base(i.path) == "env" {
		if err := i.windowsLine(); err != nil {
			return err // env would say so, of a name whose CR nobody sees
		}
	}
	env := s.environment()
	freshInternalSignals()
	// What rota was started with and did not ask for, such as a shell's own files, is none of the program's
	// business. A kernel before 5.11 can't do that, and nothing is lost.
	_ = unix.CloseRange(uint(s.Program)+1, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC)
	if s.AtPath {
		unix.CloseOnExec(s.Program)
		return syscall.Exec(s.Path, argv, env)
	}
	if !script { // the interpreter of a script has to open it once more
		unix.CloseOnExec(s.Program)
	}
	return execFile(s.Program, argv, env)
}

// environment is this process's own with what the master could not know.
func (s Step) environment() []string {
	var own []string
	if !s.NoWorker {
		own = append(own, "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	}
	if s.WatchdogArmed {
		own = append(own, "WATCHDOG_PID="+strconv.Itoa(os.Getpid()))
	}
	env := os.Environ()
	kept := make([]string, 0, len(env)+len(own))
	for _, kv := range env {
		if !strings.HasPrefix(kv, "LISTEN_PID=") && !strings.HasPrefix(kv, "WATCHDOG_PID=") {
			kept = append(kept, kv)
		}
	}
	return append(kept, own...)
}
