package launch

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const patience = time.Minute

// stepping is a command that becomes /bin/sh with a script by way of the step.
func stepping(t *testing.T, step Step, script string) *exec.Cmd {
	t.Helper()
	shell, err := os.Open("/bin/sh")
	require.NoError(t, err)
	t.Cleanup(func() { shell.Close() })
	step.Program, step.Path = 3, "/bin/sh"
	command := exec.Command(Self)
	command.Args, err = step.Args([]string{"sh", "-c", script})
	require.NoError(t, err)
	command.ExtraFiles = []*os.File{shell}
	return command
}

func requireFails(t *testing.T, command *exec.Cmd, complaint string) {
	t.Helper()
	var stderr strings.Builder
	command.Stderr = &stderr
	var exit *exec.ExitError
	require.ErrorAs(t, command.Run(), &exit)
	require.Equal(t, FailedExit, exit.ExitCode())
	require.Contains(t, stderr.String(), complaint)
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line")
}

func requireSays(t *testing.T, command *exec.Cmd, want string) {
	t.Helper()
	command.Stderr = os.Stderr
	output, err := command.Output()
	require.NoError(t, err)
	require.Equal(t, want, strings.TrimSpace(string(output)))
}

func TestTheUmaskIsSet(t *testing.T) {
	mask := 0o027
	requireSays(t, stepping(t, Step{Umask: &mask}, "umask"), "0027")
	none := 0
	requireSays(t, stepping(t, Step{Umask: &none}, "umask"), "0000")
}

func TestTheLimitOfOpenFilesIsSet(t *testing.T) {
	requireSays(t, stepping(t, Step{OpenFiles: 123}, "ulimit -S -n; ulimit -H -n"), "123\n123")
}

// A program in Go, as the built-in worker, raises the soft limit to the hard one when it begins.
func TestTheLimitOfOpenFilesHoldsForAProgramThatRaisesItsOwn(t *testing.T) {
	program, err := os.Open(testBinary(t))
	require.NoError(t, err)
	defer program.Close()
	command := exec.Command(Self)
	command.Args, err = Step{Program: 3, OpenFiles: 123}.Args([]string{"program", "tell"})
	require.NoError(t, err)
	command.ExtraFiles = []*os.File{program}
	output, err := command.Output()
	require.NoError(t, err)
	var found tale
	require.NoError(t, json.Unmarshal(output, &found), "%s", output)
	require.EqualValues(t, 123, found.OpenFiles)
}

func TestALimitThatIsTooHighIsNamed(t *testing.T) {
	const beyond = 1 << 40 // more than the kernel allows anybody
	requireFails(t, stepping(t, Step{OpenFiles: beyond}, "true"), "cannot set the limit of open files (open_files) to 1099511627776")
}

func TestNewPrivilegesAreForbidden(t *testing.T) {
	requireSays(t, stepping(t, Step{NoNewPrivs: true}, "grep NoNewPrivs /proc/self/status"), "NoNewPrivs:\t1")
}

func TestTheWorkingDirectoryIsTheOneThatWasOpened(t *testing.T) {
	parent := t.TempDir()
	path, moved := filepath.Join(parent, "a"), filepath.Join(parent, "b")
	require.NoError(t, os.Mkdir(path, 0o755))
	directory, err := os.Open(path)
	require.NoError(t, err)
	defer directory.Close()
	command := stepping(t, Step{Directory: path, DirectoryFD: 4}, "pwd -P; if [ -e /proc/$$/fd/4 ]; then echo handed on; fi")
	command.ExtraFiles = append(command.ExtraFiles, directory)
	require.NoError(t, os.Rename(path, moved))
	require.NoError(t, os.Mkdir(path, 0o755))
	output, err := command.Output()
	require.NoError(t, err)
	require.Equal(t, moved+"\n", string(output), "and the program is not handed the directory")

	requireFails(t, stepping(t, Step{Directory: "/gone", DirectoryFD: 99}, "true"), `cannot change to the working directory "/gone"`)
}

func TestAnotherUserRunsTheProgram(t *testing.T) {
	account := &Account{Name: "somebody", UID: 65533, GID: 65532, Supplementary: []int{65532, 65531}}
	command := stepping(t, Step{User: account, NoNewPrivs: true, DeathNote: unix.SIGUSR1}, `echo $(id -u) $(id -g) $(id -G)`)
	if os.Getuid() != 0 {
		requireFails(t, command, "cannot run as somebody (uid 65533, gid 65532): operation not permitted; only a rota that runs as root can")
		return
	}
	requireSays(t, command, "65533 65532 65532 65531")
}

func TestOnlyRootCanBecomeSomebodyElse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("TestAnotherUserRunsTheProgram has shown it")
	}
	command := stepping(t, Step{User: &Account{Name: "root", Supplementary: []int{0}}}, "true")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	require.NoError(t, os.Chmod(filepath.Dir(testBinary(t)), 0o755)) // the kernel checks the way to the binary
	requireFails(t, command, "cannot run as root (uid 0, gid 0): operation not permitted; only a rota that runs as root can")
}

func TestTheWatchdogsProcessIsTheProgram(t *testing.T) {
	command := stepping(t, Step{WatchdogArmed: true}, `echo $$ $WATCHDOG_PID $LISTEN_PID`)
	output, err := command.Output()
	require.NoError(t, err)
	pid := command.Process.Pid
	require.Equal(t, fmt.Sprintf("%d %d %d\n", pid, pid, pid), string(output))
}

func TestAProgramWhoseMasterIsAnotherIsNotStarted(t *testing.T) {
	requireFails(t, stepping(t, Step{Parent: 1 << 30}, "echo started"), "the master is gone")
	requireSays(t, stepping(t, Step{Parent: os.Getpid()}, "echo started"), "started")
}

// A parent launches the program and dies; the program has to hear of it in the way that was asked for.
func TestTheDeathOfTheMasterIsToldByTheStopSignal(t *testing.T) {
	step := Step{Program: 3, Path: "/bin/sh", DeathNote: unix.SIGUSR2}
	args, err := step.Args([]string{"sh", "-c", `trap 'echo told; exit' USR2; echo up; while :; do sleep 0.01; done`})
	require.NoError(t, err)
	encoded, err := json.Marshal(args)
	require.NoError(t, err)
	shell, err := os.Open("/bin/sh")
	require.NoError(t, err)
	defer shell.Close()
	parent := exec.Command(testBinary(t), "parent", string(encoded))
	parent.ExtraFiles = []*os.File{shell}
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	lines := bufio.NewScanner(output)
	require.True(t, lines.Scan())
	require.Equal(t, "up", lines.Text())
	require.NoError(t, parent.Process.Kill())
	told := make(chan bool, 1)
	go func() { told <- lines.Scan() && lines.Text() == "told" }()
	select {
	case ok := <-told:
		require.True(t, ok)
	case <-time.After(patience):
		require.FailNow(t, "not told")
	}
	_ = parent.Wait() // it was killed
}

// parent launches a program as a master does, and waits for its own death.
func parent(encoded string) {
	var args []string
	if err := json.Unmarshal([]byte(encoded), &args); err != nil {
		panic(err)
	}
	command := exec.Command(Self)
	command.Args = args
	command.Stdout = os.Stdout
	command.ExtraFiles = []*os.File{os.NewFile(3, "program")}
	if err := command.Start(); err != nil {
		panic(err)
	}
	time.Sleep(time.Hour) // a bare select is a deadlock to the runtime, where there is no cgo
}
