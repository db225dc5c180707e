package master

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What rota does with sockets that it was started with.

func TestSocketsThatRotaWasStartedWithAreAdoptedByName(t *testing.T) {
	adopted := openGiven(t, "web")
	other := ListenAddress{Name: "more", Network: "tcp", Address: "127.0.0.1:0"}
	asked := ListenAddress{Name: "web", Network: "tcp", Address: "127.0.0.1:1"}
	spec := greeting(asked, other)
	r := runMasterWith(t, Options{Spec: *spec, Given: []Given{adopted}}, "")
	r.ready(2)
	at := r.listening()
	require.Equal(t, adopted.Address, at[0].Address)
	stop := load(t, "tcp", at[0].Address)
	require.Equal(t, ReloadCompleted, r.reload(ReloadRequest{}, ReloadCompleted).State)
	stop()
	r.Shutdown()
	<-r.done
	c, err := net.DialTimeout("tcp", adopted.Address, patience)
	require.NoError(t, err, "whoever gave it may go on listening: nobody is turned away")
	c.Close()
}

// openGiven is a socket as another process would pass it on.
func openGiven(t *testing.T, name string) Given {
	t.Helper()
	s, err := openSocket(loopback)
	require.NoError(t, err)
	t.Cleanup(s.drop)
	g, err := take(s.fd, name)
	require.NoError(t, err)
	return g
}

func TestTakeGiven(t *testing.T) {
	say := func(pid, fds, names string) func(string) string {
		return func(name string) string {
			return map[string]string{"LISTEN_PID": pid, "LISTEN_FDS": fds, "LISTEN_FDNAMES": names}[name]
		}
	}
	for _, env := range []func(string) string{say("", "", ""), say("1", "2", ""), say("x", "2", ""), say(itoa(os.Getpid()), "0", "")} {
		list, err := TakeGiven(env)
		require.NoError(t, err)
		require.Empty(t, list)
	}
	_, err := TakeGiven(say(itoa(os.Getpid()), "many", ""))
	require.ErrorContains(t, err, `LISTEN_FDS is "many"`)
}

func TestThoseWithoutAUsableNameAreCalledAfterTheirNetwork(t *testing.T) {
	if os.Getenv("TAKE_GIVEN") == "" {
		takeGivenInAChild(t)
		return
	}
	list, err := TakeGiven(func(name string) string {
		if name == "LISTEN_PID" {
			return itoa(os.Getpid())
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
	command := childTest(t)
	path := filepath.Join(t.TempDir(), "x.sock")
	for _, a := range []ListenAddress{loopback, loopback, {Name: "u", Network: "unix", Address: path}, loopback} {
		s, err := openSocket(a)
		require.NoError(t, err)
		defer s.close()
		fd, err := unix.Dup(s.fd)
		require.NoError(t, err)
		command.ExtraFiles = append(command.ExtraFiles, os.NewFile(uintptr(fd), "given"))
	}
	command.Env = append(os.Environ(), "TAKE_GIVEN=1", "LISTEN_FDS=4", "LISTEN_FDNAMES=web:web:bad name:probe")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.True(t, strings.Contains(string(output), "PASS"))
}
