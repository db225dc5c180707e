package master

import (
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func FuzzParseNote(f *testing.F) {
	f.Add("READY=1")
	f.Add("READY=1\nSTATUS=serving\n")
	f.Add("EXTEND_TIMEOUT_USEC=18446744073709551615")
	f.Add("WATCHDOG=1\nBARRIER=1\nMAINPID=1")
	f.Add("\xff\x00=\nREADY")
	f.Fuzz(func(t *testing.T, datagram string) {
		n := parseNote(datagram)
		if n.extend < 0 || n.extend > maxExtend {
			t.Fatalf("extend %s", n.extend)
		}
		if n.status != nil && !utf8.ValidString(*n.status) {
			t.Fatalf("status %q", *n.status)
		}
		if n.ready && !strings.Contains(datagram, "READY=1") {
			t.Fatalf("ready out of nothing: %q", datagram)
		}
	})
}

func TestParseNote(t *testing.T) {
	n := parseNote("STATUS=warming up\nREADY=1\nEXTEND_TIMEOUT_USEC=1500000\nX_UNKNOWN=1")
	require.True(t, n.ready)
	require.Equal(t, "warming up", *n.status)
	require.Equal(t, 1500*time.Millisecond, n.extend)

	n = parseNote("READY=0\nREADY\nNOTREADY=1\nEXTEND_TIMEOUT_USEC=soon")
	require.Equal(t, note{}, n)
}

func TestANotifySocketHearsOnlyItsWorker(t *testing.T) {
	one, err := openNotifySocket("one")
	require.NoError(t, err)
	two, err := openNotifySocket("two")
	require.NoError(t, err)
	defer two.close()
	notes, stop, ended := make(chan note), make(chan struct{}), make(chan struct{})
	go func() { one.read(os.Getpid(), notes, stop); close(ended) }()

	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: one.name, Net: "unixgram"})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte(strings.Repeat("x", 8192) + "\nREADY=1")) // too long to be true
	require.NoError(t, err)
	_, err = c.Write([]byte("STATUS=mine"))
	require.NoError(t, err)
	n := <-notes
	require.Equal(t, "mine", *n.status)
	require.False(t, n.ready)

	close(stop)
	one.close()
	<-ended
}

func TestAnotherUserOfTheMachineIsNotHeard(t *testing.T) {
	socket, notes := listenTo(t, someProcess(t, 0))
	strangerSpeaks(t, socket)()

	c := socket.dial(t)
	_, err := c.Write([]byte("STATUS=mine"))
	require.NoError(t, err)
	n := <-notes
	require.False(t, n.ready, "what the stranger said came first, and was heard")
	require.Equal(t, "mine", *n.status)
}

func TestAChildOfTheWorkerIsHeardWhoeverItHasBecome(t *testing.T) {
	socket, notes := listenTo(t, os.Getpid())
	defer strangerSpeaks(t, socket)()
	require.True(t, next(t, notes).ready)
}

// As systemd-notify does, a helper may be gone by the time what it said is read.
func TestAHelperThatIsGoneIsHeardAsTheWorkersUser(t *testing.T) {
	leader := someProcess(t, 65534)
	socket, err := openNotifySocket(newID())
	require.NoError(t, err)
	strangerSpeaks(t, socket)()
	require.True(t, next(t, hear(t, socket, leader)).ready)
}

// someProcess starts one that lives as long as the test, and returns its pid.
func someProcess(t *testing.T, uid uint32) int {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("to become another user takes root")
	}
	command := exec.Command("cat")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { stdin.Close(); require.NoError(t, command.Wait()) })
	return command.Process.Pid
}

// strangerSpeaks has another user say READY=1 from a session of its own. It lives until leave.
func strangerSpeaks(t *testing.T, socket *notifySocket) (leave func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("to become another user takes root")
	}
	stranger := exec.Command(os.Args[0], "strange-user")
	stranger.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket.name)
	stranger.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stranger.Stderr = os.Stderr
	stdin, err := stranger.StdinPipe()
	require.NoError(t, err)
	stdout, err := stranger.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, stranger.Start())
	said := make([]byte, 4)
	_, err = io.ReadFull(stdout, said)
	require.NoError(t, err)
	require.Equal(t, "said", string(said))
	return func() { stdin.Close(); require.NoError(t, stranger.Wait()) }
}

func TestReceivedDescriptorsAreClosed(t *testing.T) {
	socket, notes := listenTo(t, os.Getpid())
	ours, theirs, err := os.Pipe()
	require.NoError(t, err)
	defer ours.Close()
	sender, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(sender)
	twice := unix.UnixRights(int(theirs.Fd()), int(theirs.Fd()))
	require.NoError(t, unix.Sendmsg(sender, []byte("BARRIER=1"), twice, &unix.SockaddrUnix{Name: socket.name}, 0))
	require.NoError(t, theirs.Close())
	<-notes
	require.NoError(t, ours.SetReadDeadline(time.Now().Add(patience)))
	_, err = ours.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "somebody still holds the other end")
}

// listenTo opens a socket and reads it until the test ends.
func listenTo(t *testing.T, leader int) (*notifySocket, <-chan note) {
	t.Helper()
	s, err := openNotifySocket(newID())
	require.NoError(t, err)
	return s, hear(t, s, leader)
}

func hear(t *testing.T, s *notifySocket, leader int) <-chan note {
	t.Helper()
	notes, stop, ended := make(chan note), make(chan struct{}), make(chan struct{})
	go func() { s.read(leader, notes, stop); close(ended) }()
	t.Cleanup(func() {
		close(stop)
		s.close()
		<-ended
	})
	return notes
}

func next(t *testing.T, notes <-chan note) note {
	t.Helper()
	select {
	case n := <-notes:
		return n
	case <-time.After(patience):
		require.FailNow(t, "not heard")
		return note{}
	}
}

func (s *notifySocket) dial(t *testing.T) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.name, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}
