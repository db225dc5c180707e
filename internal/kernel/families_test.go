package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// listers are the two ways to learn of children; the second is for kernels without the first.
func listers(t *testing.T) map[string]childLister {
	t.Helper()
	all, err := childrenFromAll()
	require.NoError(t, err)
	return map[string]childLister{"tasks": childrenFromTasks, "all of /proc": all}
}

func familiesOf(t *testing.T, children childLister, roots map[string]Root) (map[string]Family, Family) {
	t.Helper()
	families, strays, err := familiesBy(children, roots)
	require.NoError(t, err)
	require.Len(t, families, len(roots))
	return families, strays
}

const forks = `sh -c 'echo middle $$; sh -c "$STAY" leaf & wait' & sh -c "$STAY" second & wait`

func TestAFamilyIsTheRootAndItsDescendants(t *testing.T) {
	a := grow(t, "ID=a", forks, "middle", "leaf", "second")
	b := grow(t, "ID=b", `exec sh -c "$STAY" root`, "root")
	for name, children := range listers(t) {
		t.Run(name, func(t *testing.T) {
			families, strays := familiesOf(t, children, map[string]Root{"a": a.as(t, ""), "b": b.as(t, "")})
			require.ElementsMatch(t, []string{"root", "middle", "leaf", "second"}, a.names(families["a"]))
			require.Len(t, families["b"], 1)
			require.True(t, b.find(t, "root").same(families["b"][0]))
			require.NotContains(t, a.names(strays), "middle")
		})
	}
}

// Who is after one worker's processes need not have those of all others looked for, and gets none of theirs.
func TestARootThatIsAsideHasNoFamily(t *testing.T) {
	a := grow(t, "ID=a", `exec sh -c "$STAY" root`, "root")
	b := grow(t, "ID=b", forks, "middle", "leaf", "second")
	orphan := grow(t, "ID=c", `(setsid sh -c "$STAY" daemon &) ; exec sh -c "$STAY" root`, "daemon", "root")
	for name, children := range listers(t) {
		t.Run(name, func(t *testing.T) {
			roots := map[string]Root{"a": a.as(t, "ID=a"), "b": b.as(t, "ID=b"), "c": orphan.as(t, "ID=c")}
			for _, id := range []string{"b", "c"} {
				root := roots[id]
				root.Aside = true
				roots[id] = root
			}
			families, strays, err := familiesBy(children, roots)
			require.NoError(t, err)
			require.Len(t, families, 1)
			require.Equal(t, []string{"root"}, a.names(families["a"]))
			for _, tree := range []*tree{b, orphan} {
				for leaf := range tree.pids {
					require.NotContains(t, tree.names(strays), leaf)
				}
			}
		})
	}
}

func TestAProcessTellsWhoItIs(t *testing.T) {
	tr := grow(t, "ID=a", forks, "middle", "leaf", "second")
	require.Eventually(t, func() bool { return tr.find(t, "leaf").Name == "cat" }, patience, tick)
	root, leaf := tr.find(t, "root"), tr.find(t, "leaf")

	require.Equal(t, Process{
		PID: tr.pids["leaf"], Started: leaf.Started,
		Parent: tr.pids["middle"], Group: tr.pids["root"], Session: root.Session, Name: "cat",
	}, leaf)
	require.Equal(t, os.Getpid(), root.Parent)
	require.Equal(t, "sh", root.Name)
	require.GreaterOrEqual(t, leaf.Started, root.Started)
	require.Greater(t, root.Started, uint64(0))
	session, err := unix.Getsid(0)
	require.NoError(t, err)
	require.Equal(t, session, root.Session)
}

// Both parents are gone, and nothing but the environment says whose it is.
func TestADaemonOfAWorkerIsKnownByItsEnvironment(t *testing.T) {
	tr := grow(t, "ID=a", `setsid sh -c '(setsid sh -c "$STAY" daemon; :) & exit' & exec sh -c "$STAY" root`, "daemon", "root")
	root := tr.as(t, "ID=a")
	require.NotEqual(t, tr.pids["root"], tr.find(t, "daemon").Session)

	other := Root{PID: tr.pids["root"], Started: 1, Mark: "ID=aa"}
	for _, rootLives := range []bool{true, false} {
		if !rootLives {
			tr.end(t)
		}
		for name, children := range listers(t) {
			families, _ := familiesOf(t, children, map[string]Root{"a": root, "b": other})
			require.Contains(t, tr.names(families["a"]), "daemon", name)
			require.Empty(t, families["b"])
		}
	}
	_, strays := familiesOf(t, childrenFromTasks, map[string]Root{"b": other})
	require.Contains(t, tr.names(strays), "daemon")
}

const forgetful = `env -i STAY="$STAY" PATH="$PATH" sh -c 'sh -c "$STAY" orphan & wait' & exec sh -c "$STAY" root`

func TestAnOrphanWithoutTheEnvironmentIsKnownByItsGroup(t *testing.T) {
	tr := grow(t, "ID=a", forgetful, "orphan", "root")
	root := tr.as(t, "ID=a")
	parent := tr.find(t, "orphan").Parent
	require.Equal(t, tr.pids["root"], tr.find(t, "orphan").Group)
	tr.end(t)
	require.NoError(t, unix.Kill(parent, unix.SIGKILL))
	tr.orphaned(t, "orphan")

	for name, children := range listers(t) {
		families, strays := familiesOf(t, children, map[string]Root{"a": root})
		require.Contains(t, tr.names(families["a"]), "orphan", name)
		require.NotContains(t, tr.names(strays), "orphan", name)
	}
	require.NoError(t, waitFor(parent))
}

func TestAnOrphanInAGroupOfItsOwnIsKnownByItsSession(t *testing.T) {
	tr := grow(t, "ID=a", `exec setsid -f env -i SELF="$SELF" STAY="$STAY" PATH="$PATH" sh -c '
		"$SELF" `+inOwnGroup+` sh -c "$STAY" orphan & exec sh -c "$STAY" leader'`, "leader", "orphan")
	tr.root.Wait()
	leader := tr.find(t, "leader") // it forked away from the root before it led anything
	require.Equal(t, leader.PID, leader.Session)
	require.NotEqual(t, leader.PID, tr.find(t, "orphan").Group)
	require.NoError(t, leader.Signal(unix.SIGKILL))
	tr.orphaned(t, "orphan")
	require.NoError(t, waitFor(leader.PID))

	families, _ := familiesOf(t, childrenFromTasks, map[string]Root{"a": {PID: leader.PID, Started: leader.Started}})
	require.Equal(t, []string{"orphan"}, tr.names(families["a"]))
}

func TestWhoWasAMemberOnceStaysOne(t *testing.T) {
	tr := grow(t, "ID=a", `env -i STAY="$STAY" PATH="$PATH" setsid sh -c "$STAY" runaway & wait`, "runaway")
	root := tr.as(t, "ID=a")
	families, _ := familiesOf(t, childrenFromTasks, map[string]Root{"a": root})
	require.ElementsMatch(t, []string{"root", "runaway"}, tr.names(families["a"]))
	tr.end(t)
	tr.orphaned(t, "runaway")

	alone, strays := familiesOf(t, childrenFromTasks, map[string]Root{"a": root})
	require.Empty(t, alone["a"])
	require.Contains(t, tr.names(strays), "runaway")

	root.Known = families["a"]
	families, strays = familiesOf(t, childrenFromTasks, map[string]Root{"a": root})
	require.Equal(t, []string{"runaway"}, tr.names(families["a"]))
	require.NotContains(t, tr.names(strays), "runaway")

	root.Known[1].Started-- // somebody else with that pid
	families, _ = familiesOf(t, childrenFromTasks, map[string]Root{"a": root})
	require.Empty(t, families["a"])
}

// Its group has the number of the dead root and is another's.
func TestAProcessThatGotADeadRootsPidIsNotOfItsFamily(t *testing.T) {
	tr := grow(t, "ID=new", `sh -c "$STAY" child & wait`, "child")
	dead := Root{PID: tr.pids["root"], Started: tr.find(t, "root").Started - 1, Mark: "ID=old"}

	families, strays := familiesOf(t, childrenFromTasks, map[string]Root{"dead": dead})
	require.Empty(t, families["dead"])
	require.Subset(t, tr.names(strays), []string{"root", "child"})

	families, _ = familiesOf(t, childrenFromTasks, map[string]Root{"dead": dead, "new": tr.as(t, "ID=new")})
	require.Empty(t, families["dead"])
	require.ElementsMatch(t, []string{"root", "child"}, tr.names(families["new"]))

	dead.Started = 0 // the pid is trusted
	families, _ = familiesOf(t, childrenFromTasks, map[string]Root{"dead": dead})
	require.ElementsMatch(t, []string{"root", "child"}, tr.names(families["dead"]))
}

func TestAnOlderProcessIsNotLedByARoot(t *testing.T) {
	const nobody = 1 << 30 // more than any kernel counts pids
	root := Root{PID: nobody, Started: 100}
	require.True(t, root.led(Process{PID: 5, Group: nobody, Started: 100}))
	require.True(t, root.led(Process{PID: 5, Session: nobody, Started: 200}))
	require.False(t, root.led(Process{PID: 5, Group: nobody, Started: 99}))
	require.False(t, root.led(Process{PID: 5, Group: 4, Session: 4, Started: 200}))
	require.False(t, Root{}.led(Process{PID: 5}), "group 0 is one outside of the pid namespace")
}

func TestAnEnvironmentThatIsKeptSecretLeavesTheGroup(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	tr := grow(t, "ID=a", `(sh -c "$STAY" orphan &) ; exec sh -c "$STAY" root`, "orphan", "root")
	tr.orphaned(t, "orphan")
	require.True(t, readEnvironment(tr.pids["orphan"]).has("ID=a"))
	root := tr.as(t, "ID=a")
	elsewhere := Root{PID: 1 << 30, Mark: "ID=a"}
	asUser(t, 65534, func() {
		require.Empty(t, readEnvironment(tr.pids["orphan"]))
		families, _ := familiesOf(t, childrenFromTasks, map[string]Root{"a": root})
		require.Contains(t, tr.names(families["a"]), "orphan")
		families, _ = familiesOf(t, childrenFromTasks, map[string]Root{"a": elsewhere})
		require.Empty(t, families["a"])
	})
}

func TestOnlyAWholeEntryOfAnEnvironmentCounts(t *testing.T) {
	e := environment("A=1\x00ID=a\x00B=ID=b\x00")
	require.True(t, e.has("ID=a"))
	require.False(t, e.has("ID="))
	require.False(t, e.has("ID=aa"))
	require.False(t, e.has("ID=b"))
	require.False(t, environment(nil).has("ID=a"))
}

func TestAMemberThatWasNotWaitedForIsAZombie(t *testing.T) {
	tr := grow(t, "ID=a", `sh -c "$STAY" ended & exec sh -c "$STAY" root`, "ended", "root")
	require.Eventually(t, func() bool { return tr.find(t, "root").Name == "cat" }, patience, tick) // a shell might take note
	require.NoError(t, tr.find(t, "ended").Signal(unix.SIGKILL))
	require.Eventually(t, func() bool { return tr.find(t, "ended").Zombie }, patience, tick)

	families, _ := familiesOf(t, childrenFromTasks, map[string]Root{"a": tr.as(t, "")})
	require.ElementsMatch(t, []string{"root", "ended"}, tr.names(families["a"]))
	_, err := families["a"].SocketInodes()
	require.NoError(t, err)
	require.NoError(t, families["a"].Signal(0))
}

// Each thread has a list of children of its own.
func TestAChildThatAnyThreadForkedIsFound(t *testing.T) {
	child := exec.Command("cat")
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	started, release := make(chan error), make(chan struct{})
	var fork func()
	fork = func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if unix.Gettid() == unix.Getpid() { // the main thread; hold it, and another one is taken
			go fork()
			<-release
			return
		}
		started <- child.Start()
		<-release
	}
	go fork()
	require.NoError(t, <-started)
	families, _ := familiesOf(t, childrenFromTasks, map[string]Root{"us": {PID: os.Getpid()}})
	close(release)
	require.Contains(t, families["us"], ourselves(t))
	tr := tree{pids: map[string]int{"child": child.Process.Pid}}
	require.Contains(t, tr.names(families["us"]), "child")
	require.NoError(t, stdin.Close())
	require.NoError(t, child.Wait())
}

func TestThisKernelListsChildrenByTask(t *testing.T) {
	if unix.Access("/proc/self/task", unix.F_OK) != nil || unix.Access("/proc/thread-self/children", unix.F_OK) != nil {
		t.Skip("the kernel was built without CONFIG_PROC_CHILDREN")
	}
	tr := grow(t, "ID=a", forks, "middle", "leaf", "second")
	children, err := childrenFromTasks(processStat{Process: tr.find(t, "root"), threads: 1})
	require.NoError(t, err)
	require.ElementsMatch(t, []int{tr.pids["middle"], tr.pids["second"]}, children)
}

func TestAProcessMayHaveMoreChildrenThanFitInOneRead(t *testing.T) {
	const children = 170 // of four bytes at least
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do read -r line <&3 & i=$((i+1)); done; exec sh -c "$STAY" root`, children)
	tr := grow(t, "ID=a", script, "root")
	for name, list := range listers(t) {
		families, _ := familiesOf(t, list, map[string]Root{"a": tr.as(t, "")})
		require.Len(t, families["a"], children+1, name)
	}
}

func TestRootsThatAreGoneHaveNoFamily(t *testing.T) {
	child := exec.CommandContext(t.Context(), "true")
	require.NoError(t, child.Run())
	families, _, err := Families(map[string]Root{"gone": {PID: child.Process.Pid, Mark: "ID=gone"}, "never": {}})
	require.NoError(t, err)
	require.Equal(t, map[string]Family{"gone": nil, "never": nil}, families)
}

func waitFor(pid int) error {
	for {
		if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
			return err
		}
	}
}
