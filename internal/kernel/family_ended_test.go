package kernel

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// mainThreadEnds is a program, the test binary by another name, whose other threads go on until its input
// ends.
const mainThreadEnds = "main-thread-ends"

func init() {
	if len(os.Args) > 1 && os.Args[1] == mainThreadEnds {
		runtime.LockOSThread() // only here is it sure to be the main one
	}
}

func endMainThread() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
}

func TestAFamilyHasEndedWhenNoThreadOfItRuns(t *testing.T) {
	child := exec.Command(os.Args[0], mainThreadEnds)
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	ln := listen(t, "unix", abstract("main-thread"))
	file := duplicate(t, ln)
	defer file.Close()
	child.ExtraFiles = []*os.File{file}
	require.NoError(t, child.Start())
	defer child.Wait()
	defer stdin.Close()
	process, err := FindProcess(child.Process.Pid)
	require.NoError(t, err)
	require.Eventually(t, func() bool { // its main thread is gone
		stat, err := readStat(process.PID)
		require.NoError(t, err)
		return stat.exiting
	}, patience, tick)
	require.False(t, Family{process}.Ended(), "others run")
	require.False(t, Family{ourselves(t), process}.Ended())
	inodes, err := Family{process}.SocketInodes()
	require.NoError(t, err)
	require.Contains(t, inodes, inode(t, ln), "they have it")

	require.NoError(t, child.Process.Kill())
	require.Eventually(t, Family{process}.Ended, patience, tick)
	_, err = FindProcess(process.PID)
	require.NoError(t, err, "nobody has waited for it")
	require.False(t, Family{ourselves(t), process}.Ended())
	require.NoError(t, stdin.Close())
	child.Wait()
	require.True(t, Family{process}.Ended())
	require.True(t, Family{}.Ended())
}
