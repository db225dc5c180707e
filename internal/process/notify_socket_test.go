package process

import (
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
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
		if n.ExtendTimeout < 0 || n.ExtendTimeout > maxExtend {
			t.Fatalf("extend %s", n.ExtendTimeout)
		}
		if n.Status != nil && !utf8.ValidString(*n.Status) {
			t.Fatalf("status %q", *n.Status)
		}
		if n.Ready && !strings.Contains(datagram, "READY=1") {
			t.Fatalf("ready out of nothing: %q", datagram)
		}
	})
}

func TestParseNote(t *testing.T) {
	n := parseNote("STATUS=warming up\nREADY=1\nEXTEND_TIMEOUT_USEC=1500000\nX_UNKNOWN=1")
	require.True(t, n.Ready)
	require.Equal(t, "warming up", *n.Status)
	require.Equal(t, 1500*time.Millisecond, n.ExtendTimeout)

	n = parseNote("READY=0\nREADY\nNOTREADY=1\nEXTEND_TIMEOUT_USEC=soon")
	require.Equal(t, Note{}, n)
}

func TestANotifySocketHearsOnlyItsWorker(t *testing.T) {
	one, err := openNotifySocket("one")
	require.NoError(t, err)
	two, err := openNotifySocket("two")
	require.NoError(t, err)
	defer two.Close()
	notes, stop, ended := make(chan Note), make(chan struct{}), make(chan struct{})
	go func() { one.Read(os.Getpid(), notes, stop); close(ended) }()

	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: one.Name, Net: "unixgram"})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte(strings.Repeat("x", 8192) + "\nREADY=1")) // too long to be true
	require.NoError(t, err)
	_, err = c.Write([]byte("STATUS=mine"))
	require.NoError(t, err)
	n := <-notes
	require.Equal(t, "mine", *n.Status)
	require.False(t, n.Ready)

	close(stop)
	one.Close()
	<-ended
}

func TestAnotherUserOfTheMachineIsNotHeard(t *testing.T) {
	socket, notes := listenTo(t, someProcess(t, 0))
	strangerSpeaks(t, socket)()

	c := socket.dial(t)
	_, err := c.Write([]byte("STATUS=mine"))
	require.NoError(t, err)
	n := <-notes
	require.False(t, n.Ready, "what the stranger said came first, and was heard")
	require.Equal(t, "mine", *n.Status)
}

func TestAChildOfTheWorkerIsHeardWhoeverItHasBecome(t *testing.T) {
	socket, notes := listenTo(t, os.Getpid())
	defer strangerSpeaks(t, socket)()
	require.True(t, next(t, notes).Ready)
}

// As systemd-notify does, a helper may be gone by the time what it said is read.
func TestAHelperThatIsGoneIsHeardAsTheWorkersUser(t *testing.T) {
	leader := someProcess(t, 65534)
	socket, err := openNotifySocket(uuid.NewString())
	require.NoError(t, err)
	strangerSpeaks(t, socket)()
	require.True(t, next(t, hear(t, socket, leader)).Ready)
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
	stranger.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket.Name)
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
	require.NoError(t, unix.Sendmsg(sender, []byte("BARRIER=1"), twice, &unix.SockaddrUnix{Name: socket.Name}, 0))
	require.NoError(t, theirs.Close())
	<-notes
	require.NoError(t, ours.SetReadDeadline(time.Now().Add(patience)))
	_, err = ours.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "somebody still holds the other end")
}

// listenTo opens a socket and reads it until the test ends.
func listenTo(t *testing.T, leader int) (*notifySocket, <-chan Note) {
	t.Helper()
	s, err := openNotifySocket(uuid.NewString())
	require.NoError(t, err)
	return s, hear(t, s, leader)
}

func hear(t *testing.T, s *notifySocket, leader int) <-chan Note {
	t.Helper()
	notes, stop, ended := make(chan Note), make(chan struct{}), make(chan struct{})
	go func() { s.Read(leader, notes, stop); close(ended) }()
	t.Cleanup(func() {
		close(stop)
		s.Close()
		<-ended
	})
	return notes
}

func next(t *testing.T, notes <-chan Note) Note {
	t.Helper()
	select {
	case n := <-notes:
		return n
	case <-time.After(patience):
		require.FailNow(t, "not heard")
		return Note{}
	}
}

func (s *notifySocket) dial(t *testing.T) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.Name, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestDatagramsArePendingUntilTheyArePassedOn(t *testing.T) {
	s, err := openNotifySocket("inlet-test-" + strconv.Itoa(os.Getpid()))
	require.NoError(t, err)
	defer s.Close()
	c, err := net.Dial("unixgram", s.Name)
	require.NoError(t, err)
	defer c.Close()
	require.False(t, s.Inlet.Arrived()())
	for _, text := range []string{"STATUS=one", "READY=1"} {
		_, err = c.Write([]byte(text))
		require.NoError(t, err)
	}
	pending := s.Inlet.Arrived()
	require.True(t, pending())
	notes, stop := make(chan Note), make(chan struct{})
	defer close(stop)
	go s.Read(unix.Getpid(), notes, stop)
	require.NotNil(t, (<-notes).Status)
	require.True(t, pending())
	require.True(t, (<-notes).Ready)
	require.Eventually(t, func() bool { return !pending() }, patience, time.Millisecond)
}
