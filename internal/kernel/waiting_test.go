package kernel

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestHowAProgramWaitsIsSeen(t *testing.T) {
	t.Parallel()
	blocked, polled := Wait{Open: true, Blocked: true}, Wait{Open: true, Blocked: true, Polled: true}
	registered, open := Wait{Open: true, Registered: true}, Wait{Open: true}
	for way, wanted := range map[string]Wait{
		"accept": blocked, "accept4": blocked, "in another thread": blocked,
		"poll": polled, "ppoll": polled, "poll among many": polled, "poll to write": open,
		"select": polled, "pselect6": polled, "pselect6, high": polled, "pselect6, others": open,
		"epoll, asleep": {Open: true, Registered: true, Epolled: true}, "epoll, edge, asleep": registered, "epoll, level": registered,
		"epoll, once, asleep": {Open: true, Registered: true, Epolled: true},
		"epoll":               registered, "epoll in epoll": registered, "epoll to write": open, "file listener": registered,
		"epoll, then closed": {Registered: true}, "closed": {}, "closed while accepted": {Blocked: true},
		"many threads": open,
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			if waiters[way] == nil {
				t.Skip("this architecture has no such system call")
			}
			ln := listen(t, "unix", abstract("waiting-"+way))
			look(t, Family{waiter(t, ln, way)}, describe(t, "unix", ln), wanted, "")
		})
	}
}

func TestOnlyTheSocketThatAProgramWaitsForIsWaitedFor(t *testing.T) {
	one, two := listen(t, "unix", abstract("waiting-1")), listen(t, "unix", abstract("waiting-2"))
	l1, l2 := describe(t, "one", one), describe(t, "two", two)
	second := duplicate(t, two)
	program := waiter(t, one, "accept", func(c *exec.Cmd) { c.ExtraFiles = append(c.ExtraFiles, second) })
	require.NoError(t, second.Close())
	look(t, Family{program}, l1, Wait{Open: true, Blocked: true}, "")
	waits, _ := Waiting(Family{program}, []uint64{l1.Inode, l2.Inode})
	require.Equal(t, map[uint64]Wait{l1.Inode: {Open: true, Blocked: true}, l2.Inode: {Open: true}}, waits)
	waits, _ = Waiting(Family{program}, nil)
	require.Empty(t, waits)
}

func TestAFamilyWaitsAsItsMembersDo(t *testing.T) {
	t.Parallel()
	ln := listen(t, "unix", abstract("waiting-family"))
	l := describe(t, "unix", ln)
	look(t, Family{waiter(t, ln, "epoll"), waiter(t, ln, "poll")}, l, Wait{Open: true, Registered: true, Blocked: true, Polled: true}, "")

	parent := waiter(t, ln, "in a child")
	require.Eventually(t, func() bool {
		families, _, err := Families(map[string]Root{"a": {PID: parent.PID, Started: parent.Started}})
		require.NoError(t, err)
		waits, unseen := Waiting(families["a"], []uint64{l.Inode})
		require.Empty(t, unseen)
		return waits[l.Inode].Blocked
	}, patience, tick)
}

func TestWhoUsesIoUringMayAcceptThroughThat(t *testing.T) {
	t.Parallel()
	skipWithoutRings(t)
	for _, way := range []string{"io_uring", "io_uring, not shown"} {
		ln := listen(t, "unix", abstract("waiting-"+way))
		look(t, Family{waiter(t, ln, way)}, describe(t, "unix", ln), Wait{Open: true}, UnseenRing)
	}
	ln := listen(t, "unix", abstract("waiting-files"))
	program, l := waiter(t, ln, "io_uring for files"), describe(t, "unix", ln)
	look(t, Family{program}, l, Wait{Open: true}, "")
	require.Eventually(t, func() bool { // it sleeps
		content, err := readProc("/proc/" + strconv.Itoa(program.PID) + "/syscall")
		c, ok := parseCall(content)
		return err == nil && ok && waitingCalls[c.number] == callRing
	}, patience, tick)
	look(t, Family{program}, l, Wait{Open: true}, "")
}

func TestAProcessThatEndsIsNoReasonNotToSee(t *testing.T) {
	t.Parallel()
	child := exec.Command("true")
	require.NoError(t, child.Start())
	defer child.Wait()
	require.NoError(t, unix.Waitid(unix.P_PID, child.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil))
	zombie, err := FindProcess(child.Process.Pid)
	require.NoError(t, err)
	another := ourselves(t)
	another.Started--

	waits, unseen := Waiting(Family{zombie, another, {PID: 1 << 30}}, []uint64{1})
	require.Empty(t, unseen)
	require.Zero(t, waits[1])

	_, unseen = Waiting(nil, []uint64{1})
	require.Equal(t, UnseenHidden, unseen, "who has ended is a member, so this one is not shown")
}

func TestAMemberThatEndsWhileOneLooksIsNoReasonEither(t *testing.T) {
	t.Parallel()
	ln := listen(t, "unix", abstract("waiting-ends"))
	l := describe(t, "unix", ln)
	for range 5 {
		program := waiter(t, ln, "many descriptors")
		killed := make(chan error)
		go func() { killed <- unix.Kill(program.PID, unix.SIGKILL) }()
		for looks, over := 0, false; !over || looks == 0; looks++ {
			_, unseen := Waiting(Family{program}, []uint64{l.Inode})
			require.Empty(t, unseen)
			over = Family{program}.Ended()
		}
		require.NoError(t, <-killed)
	}
}

// Its descriptors are those of the threads that live.
func TestAProcessWhoseMainThreadHasEndedIsSeen(t *testing.T) {
	ln := listen(t, "unix", abstract("waiting-main"))
	file := duplicate(t, ln)
	child := exec.Command(os.Args[0], mainThreadEnds)
	child.ExtraFiles = []*os.File{file}
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	require.NoError(t, file.Close())
	defer child.Wait()
	defer stdin.Close()
	require.Eventually(t, func() bool {
		stat, err := readStat(child.Process.Pid)
		require.NoError(t, err)
		return stat.exiting
	}, patience, tick)
	process, err := FindProcess(child.Process.Pid)
	require.NoError(t, err)
	look(t, Family{process}, describe(t, "unix", ln), Wait{Open: true}, "")
}

func TestA32BitProgramIsNotMisread(t *testing.T) {
	program := smallProgram(t)
	child := exec.Command(program)
	if err := child.Start(); err != nil {
		t.Skipf("this kernel runs no 32-bit programs: %v", err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	process, err := FindProcess(child.Process.Pid)
	require.NoError(t, err)
	look(t, Family{process}, Listener{Inode: 1}, Wait{}, UnseenOldABI)
}

// lookerVerb is a program, the test binary by another name, that becomes another user and looks at the
// process of its first argument.
const lookerVerb = "looks-at-another"

const nobody = 65534

func runLooker() {
	hide := os.Args[4] == "hidepid"
	if hide {
		must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		must(unix.Mount("proc", "/proc", "proc", 0, "hidepid=2"))
	}
	pid, err := strconv.Atoi(os.Args[2])
	must(err)
	inode, err := strconv.ParseUint(os.Args[3], 10, 64)
	must(err)
	process, err := FindProcess(pid)
	must(err)
	must(syscall.Setgid(nobody))
	must(syscall.Setuid(nobody))
	waits, unseen := Waiting(Family{process}, []uint64{inode})
	must(json.NewEncoder(os.Stdout).Encode(sight{waits[inode], unseen}))
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// sight is what it says.
type sight struct {
	Wait   Wait
	Unseen Unseen
}

func TestWhatAnotherUserMayNotSee(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	asNobody := func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	asRoot := func(*exec.Cmd) {}
	for name, c := range map[string]struct {
		way    string
		as     func(*exec.Cmd)
		how    string
		wanted sight
	}{
		"its own":                       {"accept", asNobody, "", sight{Wait: Wait{Open: true, Blocked: true}}},
		"its own that is not dumpable":  {"not dumpable", asNobody, "", sight{Unseen: UnseenPermission}},
		"another's":                     {"accept", asRoot, "", sight{Unseen: UnseenPermission}},
		"another's, that is not listed": {"accept", asRoot, "hidepid", sight{Unseen: UnseenHidden}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ln := listen(t, "unix", abstract("waiting-"+name))
			l := describe(t, "unix", ln)
			program := waiter(t, ln, c.way, c.as)
			look(t, Family{program}, l, Wait{Open: true, Blocked: true}, "") // by us, who may
			looker := exec.Command(os.Args[0], lookerVerb, strconv.Itoa(program.PID), strconv.FormatUint(l.Inode, 10), c.how)
			if c.how == "hidepid" {
				looker.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
			}
			looker.Stderr = os.Stderr
			answer, err := looker.Output()
			require.NoError(t, err)
			var s sight
			require.NoError(t, json.Unmarshal(answer, &s))
			require.Equal(t, c.wanted, s)
		})
	}
}

func TestASystemCallIsReadFromItsLine(t *testing.T) {
	c, ok := parseCall([]byte("43 0x3 0x0 0x0 0x0 0x0 0xffffffff 0x7ffd9c0f1c08 0x7f3a1a9b2a37\n"))
	require.True(t, ok)
	require.Equal(t, call{number: 43, args: [6]uint64{3, 0, 0, 0, 0, 0xffffffff}, stack: 0x7ffd9c0f1c08}, c)
	for _, line := range []string{"", "running\n", "-1 0x7ffd9c0f1c08 0x7f3a1a9b2a37\n", "43 0x3 0x0\n", "43 x 0 0 0 0 0 0 0\n"} {
		_, ok := parseCall([]byte(line))
		require.False(t, ok, line)
	}
}

func TestARingIsIdleThatHasNoFilesAndWaitsForNone(t *testing.T) {
	const head, tail = "pos:\t0\nUserFiles:\t0\nUserBufs:\t0\nPollList:\n", "CqOverflowList:\nNAPI:\tdisabled\n"
	require.True(t, idleRing([]byte(head+tail)))
	require.False(t, idleRing([]byte(head+"  op=13, task_works=0\n"+tail)))
	require.False(t, idleRing([]byte(strings.Replace(head, "UserFiles:\t0", "UserFiles:\t1\n    0: socket:[4711]", 1)+tail)))
	require.False(t, idleRing([]byte("pos:\t0\nflags:\t02\n")), "it is in use")
}

func TestWhatAnEpollSetWaitsForIsReadFromItsLines(t *testing.T) {
	for line, wanted := range map[string]uint64{
		"tfd:        3 events: 8000201d data:     7f6e9c27b  pos:0 ino:1a2b sdev:8": 0x1a2b,
		"tfd:        3 events:       40 data:             3  pos:0 ino:1a2b sdev:8": 0x1a2b,
		"tfd:        3 events:       1c data:             3  pos:0 ino:1a2b sdev:8": 0, // to write
		"tfd:        3 events:        0 data:             3  pos:0 ino:1a2b sdev:8": 0,
		"tfd:        3 events:        1 data:             3":                        0, // of an old kernel
		"pos:	0": 0, "": 0,
	} {
		inode, _, ok := registered([]byte(line))
		require.Equal(t, wanted != 0, ok, line)
		if ok {
			require.Equal(t, wanted, inode, line)
		}
	}
}
