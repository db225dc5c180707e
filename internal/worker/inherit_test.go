package worker

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestWithoutInheritedSocketsTheErrorNamesTheVariables(t *testing.T) {
	t.Setenv("LISTEN_FDS", "1")
	t.Setenv("LISTEN_PID", "1")
	_, err := Inherited()
	require.ErrorIs(t, err, ErrNoListeners)
	require.ErrorContains(t, err, `LISTEN_FDS is "1" and LISTEN_PID is "1"`)
}

func TestTakingADescriptorLeavesTheSharedFlagsAlone(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	inherited := os.NewFile(uintptr(share(t, "tcp", ln).FD), "tcp")
	fd, err := takeDescriptor(inherited)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.True(t, isNonblocking(t, ln))
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	require.NoError(t, err)
	require.Equal(t, unix.FD_CLOEXEC, flags)
	require.ErrorIs(t, inherited.Close(), os.ErrClosed)
}

// A real process, spawned the way that clears O_NONBLOCK on the shared listeners.
func TestAProcessServesWhatItInherits(t *testing.T) {
	tcp, web := bind(t, "tcp4", "127.0.0.1:0"), bind(t, "tcp4", "127.0.0.1:0")
	udp := bindPacket(t, "udp4", "127.0.0.1:0")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: t.TempDir() + "/notify", Net: "unixgram"})
	require.NoError(t, err)
	defer notify.Close()

	child := exec.Command(os.Args[0])
	child.Stderr = os.Stderr
	child.Env = append(os.Environ(), "WORKER_TEST_ROLE=worker", "LISTEN_FDS=3", "LISTEN_FDNAMES=tcp:http:udp",
		"NOTIFY_SOCKET="+notify.LocalAddr().String())
	for _, socket := range []any{tcp, web, udp} {
		file, err := socket.(interface{ File() (*os.File, error) }).File()
		require.NoError(t, err)
		defer file.Close()
		child.ExtraFiles = append(child.ExtraFiles, file)
	}
	require.NoError(t, child.Start())
	message := make([]byte, 100)
	n, err := notify.Read(message)
	require.NoError(t, err)
	require.Equal(t, "READY=1", string(message[:n]))
	require.True(t, isNonblocking(t, tcp))
	require.True(t, isNonblocking(t, web))

	c := dial(t, tcp)
	greet(t, c)
	newBrowser(t, web).get(t)
	ask(t, connect(t, udp))
	require.NoError(t, child.Process.Signal(syscall.SIGTERM))
	greet(t, c)
	require.NoError(t, c.Close())
	require.NoError(t, child.Wait())
}

// playRole is the child's main.
func playRole(role string) int {
	// In the place of the exec step that knows the pid.
	os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listeners, err := Inherited()
	if err == nil && role == "plain" {
		err = servePlainly(ctx, listeners)
	} else if err == nil {
		err = Run(ctx, Options{Listeners: listeners, IdleGrace: 1})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
