package launch

import (
	"os/exec"
	"os/signal"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Whoever started rota may have blocked or ignored signals, as nohup and many supervisors do.
func TestTheProgramStartsWithNoSignalBlockedOrIgnored(t *testing.T) {
	const script = "exec grep -E 'Sig(Blk|Ign)' /proc/self/status"
	signal.Ignore(unix.SIGUSR2, unix.SIGHUP)
	defer signal.Reset(unix.SIGUSR2, unix.SIGHUP)
	runtime.LockOSThread() // which forks, and so hands on what it blocks
	defer runtime.UnlockOSThread()
	blocked, before := unix.Sigset_t{Val: [16]uint64{1<<(unix.SIGUSR1-1) | 1<<(unix.SIGTERM-1)}}, unix.Sigset_t{}
	require.NoError(t, unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, &before))
	defer func() { require.NoError(t, unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)) }()

	without, err := exec.Command("/bin/sh", "-c", script).Output()
	require.NoError(t, err)
	const clean = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000"
	require.NotContains(t, string(without), clean, "else this shows nothing")
	requireSays(t, stepping(t, Step{}, script), clean)
}

func TestWhatIsNoWorkerIsToldOfNoSockets(t *testing.T) {
	requireSays(t, stepping(t, Step{NoWorker: true}, `echo "[$LISTEN_PID]"`), "[]")
}
