package listen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestInheritSockets(t *testing.T) {
	say := func(pid, fds, names string) func(string) string {
		return func(name string) string {
			return map[string]string{"LISTEN_PID": pid, "LISTEN_FDS": fds, "LISTEN_FDNAMES": names}[name]
		}
	}
	for _, env := range []func(string) string{say("", "", ""), say("1", "2", ""), say("x", "2", ""), say(strconv.Itoa(os.Getpid()), "0", "")} {
		list, err := InheritSockets(env)
		require.NoError(t, err)
		require.Empty(t, list)
	}
	_, err := InheritSockets(say(strconv.Itoa(os.Getpid()), "many", ""))
	require.ErrorContains(t, err, `LISTEN_FDS is "many"`)
}

func TestThoseWithoutAUsableNameAreCalledAfterTheirNetwork(t *testing.T) {
	if os.Getenv("TAKE_GIVEN") == "" {
		takeGivenInAChild(t)
		return
	}
	list, err := InheritSockets(func(name string) string {
		if name == "LISTEN_PID" {
			return strconv.Itoa(os.Getpid())
		}
		return os.Getenv(name)
	})
	require.NoError(t, err)
	var names []string
	for _, g := range list {
		names = append(names, g.Name+" "+g.Network)
		flags, err := unix.FcntlInt(uintptr(g.fd), unix.F_GETFD, 0)
		require.NoError(t, err)
		require.NotZero(t, flags&unix.FD_CLOEXEC, "not for programs that nobody meant it for")
	}
	require.Equal(t, []string{"web tcp", "tcp tcp", "unix unix", "tcp-2 tcp"}, names)
}

// takeGivenInAChild runs the calling test again in a process that has the descriptors.
func takeGivenInAChild(t *testing.T) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	path := filepath.Join(t.TempDir(), "x.sock")
	for _, a := range []Spec{loopback, loopback, {Name: "u", Network: "unix", Address: path}, loopback} {
		s, err := OpenSocket(a)
		require.NoError(t, err)
		defer s.Close()
		fd, err := unix.Dup(s.FD)
		require.NoError(t, err)
		command.ExtraFiles = append(command.ExtraFiles, os.NewFile(uintptr(fd), "given"))
	}
	command.Env = append(os.Environ(), "TAKE_GIVEN=1", "LISTEN_FDS=4", "LISTEN_FDNAMES=web:web:bad name:probe")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.True(t, strings.Contains(string(output), "PASS"))
}
