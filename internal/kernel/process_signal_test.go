package kernel

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// signallers are the way of this kernel, and that of one without pidfd.
var signallers = map[string]func(Process, syscall.Signal) error{
	"pidfd": Process.Signal,
	"kill":  Process.kill,
}

func TestASignalReachesItsProcess(t *testing.T) {
	for name, signal := range signallers {
		t.Run(name, func(t *testing.T) {
			child, process := startCat(t)
			require.NoError(t, signal(process, unix.SIGUSR1))
			child.Wait()
			require.Equal(t, unix.SIGUSR1, child.ProcessState.Sys().(syscall.WaitStatus).Signal())
		})
	}
}

func TestASignalNeverReachesAnotherProcessWithThePid(t *testing.T) {
	for name, signal := range signallers {
		t.Run(name, func(t *testing.T) {
			child, process := startCat(t)
			former := process
			former.Started--
			require.ErrorIs(t, signal(former, unix.SIGKILL), os.ErrProcessDone)

			require.NoError(t, signal(process, unix.SIGUSR1)) // had it been killed, this would not be its end
			child.Wait()
			require.Equal(t, unix.SIGUSR1, child.ProcessState.Sys().(syscall.WaitStatus).Signal())
		})
	}
}

func TestAProcessThatHasEndedIsDone(t *testing.T) {
	for name, signal := range signallers {
		t.Run(name, func(t *testing.T) {
			child, process := startCat(t)
			require.NoError(t, child.Process.Kill())
			require.NoError(t, unix.Waitid(unix.P_PID, process.PID, nil, unix.WEXITED|unix.WNOWAIT, nil))
			require.ErrorIs(t, signal(process, unix.SIGTERM), os.ErrProcessDone, "a zombie")

			child.Wait()
			require.ErrorIs(t, signal(process, unix.SIGTERM), os.ErrProcessDone)
		})
	}
}

func TestASignalThatDoesNotExistIsAnError(t *testing.T) {
	require.ErrorIs(t, ourselves(t).Signal(1000), unix.EINVAL)
	require.ErrorIs(t, Family{ourselves(t)}.Signal(1000), unix.EINVAL)
}

func TestAKernelOrSandboxWithoutPidfdIsRecognised(t *testing.T) {
	require.True(t, withoutPidfd(unix.ENOSYS))
	require.True(t, withoutPidfd(unix.EPERM))
	require.False(t, withoutPidfd(unix.ESRCH))
	require.False(t, withoutPidfd(unix.EMFILE))
	require.False(t, withoutPidfd(nil))
}

// startCat starts a process that does nothing.
func startCat(t *testing.T) (*exec.Cmd, Process) {
	t.Helper()
	child := exec.CommandContext(t.Context(), "cat")
	_, err := child.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	t.Cleanup(func() { child.Process.Kill(); child.Wait() })
	process, err := FindProcess(child.Process.Pid)
	require.NoError(t, err)
	return child, process
}
