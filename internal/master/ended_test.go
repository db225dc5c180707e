package master

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

func TestWhatAWorkerLeavesCanBeSeenWhenItHasEnded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	left := make(chan error, 8)
	var sleeper int
	r := runMasterWith(t, Options{
		Spec: plan.Spec{Workers: 1, Command: []string{os.Args[0], "leaves-a-child", path}},
		Ended: func(string) {
			text, err := os.ReadFile(path)
			if err == nil {
				sleeper, err = strconv.Atoi(string(text))
			}
			if err == nil {
				err = syscall.Kill(sleeper, 0)
			}
			left <- err
		},
	}, "")
	r.ready(1)
	r.Shutdown()
	r.next(record.EventWorkerExited)
	require.NoError(t, <-left, "it was still there")
	requireGone(t, sleeper)
}

func TestASocketThatIsGivenOutlivesTheMaster(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	_, err = listen.Inherit("web", fd)
	require.Error(t, err, "it does not listen")
	require.NoError(t, unix.Listen(fd, 8))
	given, err := listen.Inherit("web", fd)
	require.NoError(t, err)

	r := runMasterWith(t, Options{Spec: plan.Spec{Workers: 1, Listen: []listen.Spec{}}, Inherited: []listen.InheritedSocket{given}}, "good")
	r.ready(1)
	require.Equal(t, "web", r.listening()[0].Name)
	r.Shutdown()
	r.next(record.EventWorkerExited)
	c, err := net.Dial("tcp", given.Address)
	require.NoError(t, err)
	c.Close()
}
