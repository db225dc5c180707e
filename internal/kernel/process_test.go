package kernel

import (
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestSocketInodesAreThoseOfTheSocketsAndNothingElse(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	_, server := connect(t, ln)
	file, err := os.Create(t.TempDir() + "/socket:[4711]")
	require.NoError(t, err)
	defer file.Close()

	inodes, err := SocketInodes(os.Getpid())
	require.NoError(t, err)
	require.Contains(t, inodes, inode(t, server))
	require.Contains(t, inodes, describe(t, "tcp", ln).Inode)
	require.NotContains(t, inodes, uint64(4711))

	gone := inode(t, server)
	server.Close()
	inodes, err = SocketInodes(os.Getpid())
	require.NoError(t, err)
	require.NotContains(t, inodes, gone)
}

func TestOnlyALinkToASocketHasASocketsInode(t *testing.T) {
	inode, ok := socketInode("socket:[4711]")
	require.True(t, ok)
	require.EqualValues(t, 4711, inode)
	for _, link := range []string{"", "4711", "pipe:[4711]", "socket:[]", "/dev/null", "anon_inode:[eventpoll]"} {
		_, ok := socketInode(link)
		require.False(t, ok, link)
	}
}

// The join that the master makes: the child got a copy of our listener.
func TestSocketInodesSeeAnInheritedListenerInTheChild(t *testing.T) {
	ln := listen(t, "unix", abstract("inherited"))
	l := describe(t, "unix", ln)
	child := exec.CommandContext(t.Context(), "cat")
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	file := duplicate(t, ln)
	child.ExtraFiles = []*os.File{file}
	require.NoError(t, child.Start())
	require.NoError(t, file.Close())

	inodes, err := SocketInodes(child.Process.Pid)
	require.NoError(t, err)
	require.Equal(t, []uint64{l.Inode}, inodes)

	require.NoError(t, stdin.Close())
	require.NoError(t, child.Wait())
}

func TestAProcessThatIsGoneDoesNotExist(t *testing.T) {
	child := exec.CommandContext(t.Context(), "true")
	require.NoError(t, child.Run())

	_, err := SocketInodes(child.Process.Pid)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = usageOf(child.Process.Pid)
	require.ErrorIs(t, err, fs.ErrNotExist)

	require.ErrorIs(t, gone(unix.ESRCH), fs.ErrNotExist)
	require.NotErrorIs(t, gone(unix.EACCES), fs.ErrNotExist)
}

func TestAChildThatWasNotWaitedForHoldsNothing(t *testing.T) {
	child := exec.CommandContext(t.Context(), "true")
	require.NoError(t, child.Start())
	defer child.Wait()
	require.NoError(t, unix.Waitid(unix.P_PID, child.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil))

	for _, user := range []int{os.Getuid(), 65534} {
		asUser(t, user, func() {
			inodes, err := SocketInodes(child.Process.Pid)
			require.NoError(t, err)
			require.Empty(t, inodes)
		})
	}
}

func TestTheFilesOfOthersAreForbidden(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	asUser(t, 65534, func() {
		_, err := SocketInodes(os.Getppid())
		require.ErrorIs(t, err, fs.ErrPermission)
	})
}

// asUser lets root see files with the eyes of another user; without root it is
// the same user all the time.
func asUser(t *testing.T, user int, look func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, err := unix.SetfsuidRetUid(user)
	require.NoError(t, err)
	defer func() {
		_, err := unix.SetfsuidRetUid(os.Getuid())
		require.NoError(t, err)
	}()
	look()
}

// usageOf is what one process uses.
func usageOf(pid int) (Usage, error) {
	stat, err := readStat(pid)
	return stat.usage(), err
}

func TestUsageFollowsMemoryAndProcessorTime(t *testing.T) {
	const size = 64 << 20
	before, err := usageOf(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, before.RSSBytes)

	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_POPULATE)
	require.NoError(t, err)
	after, err := usageOf(os.Getpid())
	require.NoError(t, err)
	require.NoError(t, unix.Munmap(memory))
	require.InDelta(t, before.RSSBytes+size, after.RSSBytes, size/4)
	require.LessOrEqual(t, after.RSSBytes, peakMemory(t)+size/4)

	low := processorTime(t)
	usage, err := usageOf(os.Getpid())
	require.NoError(t, err)
	const steps = 0.03 // user and system time are each rounded to 10 ms
	require.GreaterOrEqual(t, usage.CPUSeconds, low-steps)
	require.LessOrEqual(t, usage.CPUSeconds, processorTime(t)+steps)
	require.Positive(t, usage.CPUSeconds)
}

// processorTime is what the process itself is told, in seconds.
func processorTime(t *testing.T) float64 {
	t.Helper()
	var usage unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// peakMemory is the most the process has ever had, in bytes.
func peakMemory(t *testing.T) uint64 {
	t.Helper()
	var usage unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return uint64(usage.Maxrss) << 10
}
