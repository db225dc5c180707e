package kernel

import (
	"io/fs"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestASocketThatSeveralMembersHoldCountsOnce(t *testing.T) {
	ln := listen(t, "unix", abstract("family"))
	own := ourselves(t)
	inodes, err := Family{own, own}.SocketInodes()
	require.NoError(t, err)
	once, err := SocketInodes(os.Getpid())
	require.NoError(t, err)
	require.ElementsMatch(t, once, inodes)
	require.Contains(t, inodes, describe(t, "unix", ln).Inode)
	require.IsIncreasing(t, inodes)
}

func TestAFamilyHoldsTheSocketsOfAllItsMembers(t *testing.T) {
	one, two := listen(t, "unix", abstract("family-1")), listen(t, "unix", abstract("family-2"))
	var family Family
	for _, ln := range []net.Listener{one, two} {
		child := exec.Command("cat")
		stdin, err := child.StdinPipe()
		require.NoError(t, err)
		file := duplicate(t, ln)
		child.ExtraFiles = []*os.File{file}
		require.NoError(t, child.Start())
		require.NoError(t, file.Close())
		defer child.Wait()
		defer stdin.Close()
		process, err := FindProcess(child.Process.Pid)
		require.NoError(t, err)
		family = append(family, process)
	}
	inodes, err := family.SocketInodes()
	require.NoError(t, err)
	require.ElementsMatch(t, []uint64{inode(t, one), inode(t, two)}, inodes)
}

func TestAMemberThatIsGoneOrAnotherByNowAddsNothing(t *testing.T) {
	listen(t, "unix", abstract("not-ours"))
	another := ourselves(t)
	another.Started--
	gone := Process{PID: 1 << 30}
	inodes, err := Family{another, gone}.SocketInodes()
	require.NoError(t, err)
	require.Empty(t, inodes)
	usage, err := Family{another, gone}.Usage()
	require.NoError(t, err)
	require.Zero(t, usage)
}

func TestOneForbiddenMemberHidesTheSocketsOfItsFamily(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	parent, err := FindProcess(os.Getppid())
	require.NoError(t, err)
	asUser(t, 65534, func() {
		_, err := Family{parent, {PID: 1 << 30}}.SocketInodes()
		require.ErrorIs(t, err, fs.ErrPermission)
	})
}

func TestAFamilyUsesWhatItsMembersUse(t *testing.T) {
	tr := grow(t, "ID=a", forks, "middle", "leaf", "second")
	families, _ := familiesOf(t, childrenFromTasks, map[string]Root{"a": tr.as(t, "")})
	var want uint64
	for _, p := range families["a"] {
		usage, err := usageOf(p.PID)
		require.NoError(t, err)
		want += usage.RSSBytes
	}
	usage, err := families["a"].Usage()
	require.NoError(t, err)
	require.InDelta(t, want, usage.RSSBytes, float64(want)/4)
}

// Otherwise a program that replaces its own workers would seem to give time back.
func TestTheTimeOfMembersThatHaveEndedStaysWithTheFamily(t *testing.T) {
	const busy = `i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done`
	tr := grow(t, "ID=a", `sh -c '`+busy+`'; exec sh -c "$STAY" root`, "root")
	alone, err := usageOf(tr.pids["root"])
	require.NoError(t, err)
	family, err := Family{tr.find(t, "root")}.Usage()
	require.NoError(t, err)
	require.Greater(t, family.CPUSeconds, alone.CPUSeconds+0.02)
}

func TestASignalToAFamilyReachesEveryMember(t *testing.T) {
	tr := grow(t, "ID=a", forks, "middle", "leaf", "second")
	root := tr.as(t, "ID=a")
	require.Eventually(t, func() bool {
		families, _ := familiesOf(t, childrenFromTasks, map[string]Root{"a": root})
		require.NoError(t, families["a"].Signal(unix.SIGKILL))
		for _, p := range families["a"] {
			if !p.Zombie {
				return false
			}
		}
		return true
	}, patience, tick)
}
