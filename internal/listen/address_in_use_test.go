package listen

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// occupy has another process hold the listening socket alone, as a worker does that outlived its master.
func occupy(t *testing.T, network, address string, env ...string) (pid int) {
	t.Helper()
	l, err := OpenSocket(Spec{Name: "x", Network: network, Address: address})
	require.NoError(t, err)
	number, err := unix.FcntlInt(uintptr(l.FD), unix.F_DUPFD_CLOEXEC, 3)
	require.NoError(t, err)
	file := os.NewFile(uintptr(number), "socket")
	command := exec.Command("sleep", "1000")
	command.Env = append(os.Environ(), env...)
	command.ExtraFiles = []*os.File{file}
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	file.Close()
	l.Drop()
	require.Eventually(t, func() bool { // it has become its program
		held, err := kernel.SocketInodes(command.Process.Pid)
		p, _ := kernel.FindProcess(command.Process.Pid)
		return err == nil && slices.Contains(held, l.Kernel.Inode) && p.Name == "sleep" && p.StartedWith("PATH")
	}, patience, time.Millisecond)
	return command.Process.Pid
}

func TestWhoHasTheAddressIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	for network, address := range map[string]string{"tcp": freePort(t), "udp": freePort(t), "unix": path, "unixgram": path + "2"} {
		pid := occupy(t, network, address)
		_, err := OpenSocket(Spec{Name: "tcp", Network: network, Address: address})
		require.ErrorIs(t, err, unix.EADDRINUSE)
		require.ErrorContains(t, err, fmt.Sprintf("process %d (\"sleep\") has it; stop it", pid))
	}
}

func TestAWorkerThatOutlivedItsMasterIsNamed(t *testing.T) {
	address := freePort(t)
	pid := occupy(t, "tcp", address, "ROTA_WORKER_ID=x")
	_, err := net.Listen("tcp", address)
	require.ErrorContains(t, Hint("tcp", err), fmt.Sprintf("kill -9 %d", pid))
}
