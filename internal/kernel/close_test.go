package kernel

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// holder starts a process that holds the server's end, and nobody else: it is stopped, so that it does
// nothing about it.
func holder(t *testing.T, server net.Conn) Family {
	t.Helper()
	child := exec.Command("cat")
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	file, err := server.(interface{ File() (*os.File, error) }).File()
	require.NoError(t, err)
	child.ExtraFiles = []*os.File{file}
	require.NoError(t, child.Start())
	require.NoError(t, file.Close())
	require.NoError(t, server.Close())
	t.Cleanup(func() {
		stdin.Close()
		child.Process.Kill()
		child.Wait()
	})
	require.NoError(t, child.Process.Signal(unix.SIGSTOP))
	process, err := FindProcess(child.Process.Pid)
	require.NoError(t, err)
	return Family{process}
}

// closeOne closes the one connection of the listener.
func closeOne(t *testing.T, family Family, l Listener) Closing {
	t.Helper()
	return CloseConnections(family, []Connection{only(t, l)})[0]
}

func requireEnd(t *testing.T, client net.Conn, rest []byte) {
	t.Helper()
	require.NoError(t, client.SetReadDeadline(time.Now().Add(patience)))
	got, err := io.ReadAll(client)
	require.NoError(t, err, "an end, and no reset")
	require.True(t, bytes.Equal(rest, got), "%d bytes instead of %d", len(got), len(rest))
}

func TestAConnectionOfAStoppedProcessIsClosedWithAFIN(t *testing.T) {
	for _, c := range []struct{ name, network, address string }{
		{"IPv4", "tcp4", "127.0.0.1:0"},
		{"dual stack", "tcp", "[::]:0"},
		{"unix", "unix", filepath.Join(t.TempDir(), "close.sock")},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln := listen(t, c.network, c.address)
			client, server := connect(t, ln)
			_, err := server.Write([]byte("the last words"))
			require.NoError(t, err)
			_, err = client.Write([]byte("that nobody has read")) // close(2) would reset for it
			require.NoError(t, err)
			family, before := holder(t, server), openFiles(t)
			require.Equal(t, Closing{How: Shutdown}, closeOne(t, family, describe(t, "any", ln)))
			requireEnd(t, client, []byte("the last words"))
			require.Equal(t, before, openFiles(t))
		})
	}
}

// Both are shut: that the process hears of it is what makes it let go.
func TestTheProcessReadsToTheEndAndThenTheEnd(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	client, server := connect(t, ln)
	_, err := client.Write([]byte("to be read"))
	require.NoError(t, err)
	require.Equal(t, Closing{How: Shutdown}, closeOne(t, Family{ourselves(t)}, describe(t, "tcp", ln)))
	requireEnd(t, server, []byte("to be read"))
	require.NoError(t, server.Close())
	requireEnd(t, client, nil)
}

// What is queued comes before the FIN, also if the peer takes its time and goes on sending: the
// process hears of the end only when the peer has everything.
func TestWhatIsOnItsWayArrivesBeforeTheEnd(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	l := describe(t, "tcp", ln)
	client, server := connect(t, ln)
	written := fill(t, server)
	family := holder(t, server)
	closed := make(chan Closing)
	one := only(t, l)
	go func() { closed <- CloseConnections(family, []Connection{one})[0] }()
	eventually(t, l, func(c Connection) bool { return c.TCPState == "FIN_WAIT1" })
	_, err := client.Write([]byte("still here"))
	require.NoError(t, err)
	requireEnd(t, client, make([]byte, written))
	require.Equal(t, Closing{How: Shutdown}, <-closed)
}

func TestAHalfClosedConnectionIsClosed(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	l := describe(t, "tcp", ln)
	client, server := connect(t, ln)
	family := holder(t, server)
	require.NoError(t, client.(halfCloser).CloseWrite())
	eventually(t, l, func(c Connection) bool { return c.TCPState == "CLOSE_WAIT" })
	require.Equal(t, Closing{How: Shutdown}, closeOne(t, family, l))
	requireEnd(t, client, nil)
	require.Eventually(t, func() bool {
		list, err := Connections([]Listener{l})
		return err == nil && len(list) == 0
	}, patience, tick)
}

func TestManyAreClosedAtOnceAndNoOthers(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	l := describe(t, "tcp", ln)
	var clients []net.Conn
	for range 3 * closeAtOnce / 2 {
		client, _ := connect(t, ln)
		clients = append(clients, client)
	}
	stays, server := connect(t, ln)
	list, err := Connections([]Listener{l})
	require.NoError(t, err)
	var others []Connection
	for _, c := range list {
		if c.Remote != stays.LocalAddr().String() {
			others = append(others, c)
		}
	}
	before := openFiles(t)
	for _, c := range CloseConnections(Family{ourselves(t)}, others) {
		require.Equal(t, Closing{How: Shutdown}, c)
	}
	require.Equal(t, before, openFiles(t))
	for _, client := range clients {
		requireEnd(t, client, nil)
	}
	send(t, stays, server, 4)
}

// A peer that reads nothing does not hold up the others for longer than all may take.
func TestOnePeerThatReadsNothingHoldsUpNobodyForLong(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	_, server := connect(t, ln)
	fill(t, server)
	family := holder(t, server)
	began := time.Now()
	require.Equal(t, Closing{How: Shutdown}, closeOne(t, family, describe(t, "tcp", ln)))
	require.GreaterOrEqual(t, time.Since(began), acknowledgedWithin)
	require.Less(t, time.Since(began), acknowledgedWithin+patience)
}

func TestWhatIsClosedAlreadyIsNotClosedAgain(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	client, server := connect(t, ln)
	c := only(t, describe(t, "tcp", ln))
	own := Family{ourselves(t)}

	another := c
	another.Cookie++ // as if the inode were another socket's by now
	require.ErrorIs(t, CloseConnections(own, []Connection{another})[0].Err, ErrClosed)
	send(t, client, server, 4)

	gone := ourselves(t)
	gone.Started--
	require.ErrorIs(t, CloseConnections(Family{gone}, []Connection{c})[0].Err, ErrClosed)
	send(t, client, server, 4)

	require.NoError(t, server.Close())
	require.ErrorIs(t, CloseConnections(own, []Connection{c})[0].Err, ErrClosed)
}

func TestAConnectionCanBeDestroyed(t *testing.T) {
	for _, c := range []struct{ name, network, address string }{
		{"IPv4", "tcp4", "127.0.0.1:0"},
		{"IPv6", "tcp6", "[::1]:0"},
		{"IPv4 at a dual-stack listener", "tcp", "[::]:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln := listen(t, c.network, c.address)
			client := dial(t, "tcp", net.JoinHostPort(map[string]string{"tcp6": "::1"}[c.network], portOf(ln)))
			accept(t, ln)
			connection := only(t, describe(t, "tcp", ln))
			skipWithoutDestroy(t, destroy(connection))
			_, err := client.Read(make([]byte, 1))
			require.ErrorIs(t, err, unix.ECONNRESET)
			require.ErrorIs(t, destroy(connection), ErrClosed)
		})
	}
	require.ErrorIs(t, destroy(Connection{Local: abstract("x")}), ErrNoDestroy)
}

func skipWithoutDestroy(t *testing.T, err error) {
	t.Helper()
	if os.Getuid() != 0 {
		require.ErrorIs(t, err, unix.EPERM)
		t.Skip("NOT TESTED: SOCK_DESTROY needs CAP_NET_ADMIN")
	}
	if err != nil {
		require.ErrorIs(t, err, ErrNoDestroy)
		t.Skip("NOT TESTED: this kernel has no SOCK_DESTROY: ", err)
	}
}

// A container's seccomp profile may forbid pidfd_getfd.
func TestWhereDescriptorsCantBeBorrowedTheConnectionIsDestroyed(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	client, server := connect(t, ln)
	family := holder(t, server)
	var got Closing
	withoutGetfd(t, true, func() { got = closeOne(t, family, describe(t, "tcp", ln)) })
	skipWithoutDestroy(t, got.Err)
	require.Equal(t, Destroyed, got.How)
	_, err := client.Read(make([]byte, 1))
	require.ErrorIs(t, err, unix.ECONNRESET)
}

func TestWhereBothIsForbiddenTheErrorNamesBoth(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	client, server := connect(t, ln)
	family := holder(t, server)
	var got Closing
	withoutGetfd(t, false, func() { got = closeOne(t, family, describe(t, "tcp", ln)) })
	require.Empty(t, got.How)
	require.ErrorIs(t, got.Err, unix.EPERM)
	require.ErrorContains(t, got.Err, "pidfd_getfd")
	require.ErrorContains(t, got.Err, "SOCK_DESTROY")
	_, err := client.Write([]byte("x"))
	require.NoError(t, err)
	require.Equal(t, "ESTABLISHED", only(t, describe(t, "tcp", ln)).TCPState)
}

// withoutGetfd calls f in a thread that may not call pidfd_getfd, and ends the thread.
func withoutGetfd(t *testing.T, netAdmin bool, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		err := forbidGetfd()
		if err == nil && !netAdmin {
			err = dropNetAdmin()
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	require.NoError(t, <-done)
}

// seccompProgram and what points to it are global, because the kernel reads them by their addresses.
var (
	seccompProgram = [...]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_PIDFD_GETFD, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(syscall.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	seccompFilter = unix.SockFprog{Len: uint16(len(seccompProgram)), Filter: &seccompProgram[0]}
)

func forbidGetfd() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&seccompFilter)), 0, 0)
}

func dropNetAdmin() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return err
	}
	sets[0].Effective &^= 1 << unix.CAP_NET_ADMIN
	sets[0].Permitted &^= 1 << unix.CAP_NET_ADMIN
	return unix.Capset(&header, &sets[0])
}
