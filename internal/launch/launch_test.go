package launch

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The test binary is the launcher, as rota is, and also the program that is launched: then
// it tells on stdout what became of it.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == Verb:
		fmt.Fprintln(os.Stderr, Main(os.Args))
		os.Exit(FailedExit)
	case len(os.Args) > 2 && os.Args[1] == "parent":
		parent(os.Args[2])
	case len(os.Args) > 1 && os.Args[1] == "tell":
		_ = json.NewEncoder(os.Stdout).Encode(tell())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// tale is what a launched program finds.
type tale struct {
	PID       int
	Args      []string
	Variables []string // LISTEN_PID, and those that the test made
	Third     string   // what descriptor 3 is
	Name      string   // as ps shows it
	OpenFiles uint64   // the limit of it
}

func tell() tale {
	found := tale{PID: os.Getpid(), Args: os.Args}
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "LISTEN_") || strings.HasPrefix(kv, "LAUNCH_") {
			found.Variables = append(found.Variables, kv)
		}
	}
	var limit unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	found.OpenFiles = limit.Cur
	name, _ := os.ReadFile("/proc/self/comm")
	found.Name = strings.TrimSpace(string(name))
	found.Third, _ = os.Readlink("/proc/self/fd/3")
	return found
}

// launched is a command that becomes the program at path by way of Main, as a worker does.
func launched(t *testing.T, path string, argv ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { program.Close() })
	command := exec.Command(Self)
	command.Args, err = Step{Program: 3, Path: path}.Args(argv)
	require.NoError(t, err)
	command.ExtraFiles = []*os.File{program}
	command.Env = append(os.Environ(), "LISTEN_PID=1", "LISTEN_FDS=2", "LAUNCH_NOTE=kept as it is")
	return command
}

func scriptWith(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
	return path
}

func TestTheChildBecomesTheProgramWithItsOwnPID(t *testing.T) {
	path := testBinary(t)
	command := launched(t, path, "another name", "tell", "", "two words")
	output, err := command.Output()
	require.NoError(t, err)
	var found tale
	require.NoError(t, json.Unmarshal(output, &found), "%s", output)
	require.Equal(t, command.Process.Pid, found.PID, "no fork on the way")
	require.Equal(t, []string{"another name", "tell", "", "two words"}, found.Args)
	require.ElementsMatch(t, []string{
		"LISTEN_PID=" + strconv.Itoa(found.PID), // once: the stale one is gone
		"LISTEN_FDS=2", "LAUNCH_NOTE=kept as it is",
	}, found.Variables)
	require.Contains(t, []string{filepath.Base(path), "3"}, found.Name, "before Linux 6.14 it is the descriptor's number")
	require.NotEqual(t, path, found.Third, "a program is not handed its own file")
}

func TestAScriptRunsToo(t *testing.T) {
	command := launched(t, scriptWith(t, "#!/bin/sh\necho \"$$ $LISTEN_PID $1\"\n"), "name", "argument")
	output, err := command.Output()
	require.NoError(t, err)
	pid := command.Process.Pid
	require.Equal(t, fmt.Sprintf("%d %d argument\n", pid, pid), string(output))
}

// Go raises the soft limit of open files for itself; a program gets what its user set.
func TestTheProgramGetsTheLimitOfOpenFilesAsItWas(t *testing.T) {
	path := scriptWith(t, "#!/bin/sh\nulimit -S -n\n")
	command := launched(t, path, "name")
	command.Path = "/bin/sh"
	command.Args = append([]string{"sh", "-c", `ulimit -S -n 77; exec "$@"`, "sh", testBinary(t)}, command.Args[1:]...)
	output, err := command.Output()
	require.NoError(t, err)
	require.Equal(t, "77\n", string(output))
}

func testBinary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

func TestWhatCannotBeExecutedIsNamed(t *testing.T) {
	for name, content := range map[string]string{
		"garbage":         "\x7fELFgarbage",
		"an empty file":   "",
		"no interpreter ": "#!/no/such/interpreter\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := scriptWith(t, content)
			var stderr strings.Builder
			command := launched(t, path, "name")
			command.Stderr = &stderr
			var exit *exec.ExitError
			require.ErrorAs(t, command.Run(), &exit)
			require.Equal(t, FailedExit, exit.ExitCode())
			require.Contains(t, stderr.String(), fmt.Sprintf("cannot execute %q: ", path))
		})
	}
}

func TestArgumentsThatArgsDidNotMakeAreRefused(t *testing.T) {
	require.ErrorContains(t, Main([]string{"rota", Verb}), "too few arguments")
	require.ErrorContains(t, Main([]string{"rota", Verb, "{}"}), "too few arguments", "a program has a name")
	require.ErrorContains(t, Main([]string{"rota", Verb, "three", "true"}), "for rota's own use")
}

func TestTheProgramDoesNotGetWhatNobodyMeantForIt(t *testing.T) {
	stray, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer stray.Close()
	for name, path := range map[string]string{"program": "/bin/sh", "script": scriptWith(t, "#!/bin/sh\n. /dev/stdin\n")} {
		t.Run(name, func(t *testing.T) {
			command := launched(t, path, "sh")
			command.ExtraFiles = append(command.ExtraFiles, stray)
			command.Stdin = strings.NewReader("test -e /proc/$$/fd/4 && echo leaked; exit 0\n")
			output, err := command.Output()
			require.NoError(t, err)
			require.Empty(t, string(output))
		})
	}
}
