package kernel

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAConnectionIsListedWithItsEndsAndItsInode(t *testing.T) {
	for _, c := range []struct{ name, network, address string }{
		{"IPv4", "tcp4", "127.0.0.1:0"},
		{"any IPv4", "tcp4", "0.0.0.0:0"},
		{"IPv6", "tcp6", "[::1]:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln := listen(t, c.network, c.address)
			client, server := connect(t, ln)
			got := only(t, describe(t, "http", ln))

			require.Equal(t, "http", got.Listener)
			require.Equal(t, client.LocalAddr().String(), got.Remote)
			require.Equal(t, client.RemoteAddr().String(), got.Local)
			require.Equal(t, inode(t, server), got.Inode)
			require.Equal(t, "ESTABLISHED", got.TCPState)
			require.NotZero(t, got.Cookie)
			require.NotNil(t, got.TCP)
		})
	}
}

func TestTheCookieIsTheOneTheProcessSeesItself(t *testing.T) {
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "unix": abstract("cookie")} {
		ln := listen(t, network, address)
		_, server := connect(t, ln)
		got := only(t, describe(t, "any", ln))
		withFD(t, server.(syscall.Conn), func(fd int) {
			want, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
			require.NoError(t, err)
			require.Equal(t, want, got.Cookie)
		})
	}
	require.EqualValues(t, 2<<32+1, cookie([2]uint32{1, 2}), "the half that takes long to fill")
}

func TestADualStackListenerShowsIPv4AsIPv4(t *testing.T) {
	ln := listen(t, "tcp", ":0")
	l := describe(t, "tcp", ln)
	require.Equal(t, unix.AF_INET6, l.Family)
	port := portOf(ln)

	four := dial(t, "tcp4", net.JoinHostPort("127.0.0.1", port))
	accept(t, ln)
	six := dial(t, "tcp6", net.JoinHostPort("::1", port))
	accept(t, ln)

	connections, err := Connections([]Listener{l})
	require.NoError(t, err)
	require.ElementsMatch(t,
		[]string{four.LocalAddr().String(), six.LocalAddr().String()},
		[]string{connections[0].Remote, connections[1].Remote})
	require.ElementsMatch(t,
		[]string{"127.0.0.1:" + port, "[::1]:" + port},
		[]string{connections[0].Local, connections[1].Local})
}

func TestAUnixConnectionIsListedOnceByItsAcceptedEnd(t *testing.T) {
	for _, c := range []struct{ name, address string }{
		{"path", filepath.Join(t.TempDir(), "x.sock")},
		{"abstract", abstract("accepted")},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln := listen(t, "unix", c.address)
			_, server := connect(t, ln)
			got := only(t, describe(t, "unix-2", ln))

			require.Equal(t, "unix-2", got.Listener)
			require.Equal(t, c.address, got.Local)
			require.Empty(t, got.Remote)
			require.Equal(t, inode(t, server), got.Inode)
			require.Equal(t, "ESTABLISHED", got.TCPState)
			require.NotZero(t, got.Cookie)
			require.Nil(t, got.TCP)
		})
	}
}

func TestAUnixPeerWithANameShowsIt(t *testing.T) {
	ln := listen(t, "unix", abstract("named"))
	client, err := (&net.Dialer{LocalAddr: &net.UnixAddr{Name: abstract("peer"), Net: "unix"}}).
		DialContext(t.Context(), "unix", abstract("named"))
	require.NoError(t, err)
	defer client.Close()
	accept(t, ln)

	require.Equal(t, abstract("peer"), only(t, describe(t, "unix", ln)).Remote)
}

func TestAUnixPeerThatHasGoneHasNoName(t *testing.T) {
	ln := listen(t, "unix", abstract("gone"))
	client, _ := connect(t, ln)
	dial(t, "unix", abstract("gone")) // one nobody accepts, with the inode 0
	client.Close()

	got := only(t, describe(t, "unix", ln))
	require.Empty(t, got.Remote)
	require.Equal(t, "CLOSE_WAIT", got.TCPState)
}

// Two listeners on one port, and the kernel prefers the one bound more closely.
func TestListenersThatShareAPortKeepTheirOwnConnections(t *testing.T) {
	exact := listenShared(t, "tcp4", "127.0.0.1:0")
	port := portOf(exact)
	any4 := listenShared(t, "tcp4", "0.0.0.0:"+port)
	any6 := listen(t, "tcp6", "[::]:"+port)

	dial(t, "tcp", "127.0.0.1:"+port)
	accept(t, exact)
	dial(t, "tcp", "127.0.0.2:"+port)
	accept(t, any4)
	dial(t, "tcp", "[::1]:"+port)
	accept(t, any6)

	connections, err := Connections([]Listener{
		describe(t, "exact", exact), describe(t, "any4", any4), describe(t, "any6", any6),
	})
	require.NoError(t, err)
	byLocal := make(map[string]string)
	for _, c := range connections {
		byLocal[c.Local] = c.Listener
	}
	require.Equal(t, map[string]string{
		"127.0.0.1:" + port: "exact", "127.0.0.2:" + port: "any4", "[::1]:" + port: "any6",
	}, byLocal)

	require.Len(t, tcpPorts([]Listener{describe(t, "exact", exact), describe(t, "any4", any4)}), 1)
	alone := only(t, describe(t, "exact", exact))
	require.Equal(t, "127.0.0.1:"+port, alone.Local)
}

// One socket a slot, and the kernel chooses among them.
func TestListenersThatShareAnAddressShareTheirConnections(t *testing.T) {
	const clients = 20
	one := listenShared(t, "tcp4", "127.0.0.1:0")
	two := listenShared(t, "tcp4", one.Addr().String())
	for range clients {
		dial(t, "tcp4", one.Addr().String())
	}
	listeners := []Listener{describe(t, "tcp", one), describe(t, "tcp", two)}
	require.NotEqual(t, listeners[0].Inode, listeners[1].Inode)
	want := make(map[uint64]bool)
	for i, ln := range []net.Listener{one, two} {
		queues, err := AcceptQueues(listeners[i : i+1])
		require.NoError(t, err)
		for range queues["tcp"].Depth {
			want[inode(t, accept(t, ln))] = true
		}
	}
	require.Len(t, want, clients)

	connections, err := Connections(listeners)
	require.NoError(t, err)
	got := make(map[uint64]bool)
	for _, c := range connections {
		require.Equal(t, "tcp", c.Listener)
		got[c.Inode] = true
	}
	require.Equal(t, want, got)
}

func TestADatagramSocketAtTheSameAddressChangesNothing(t *testing.T) {
	tcp, local := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "unix", abstract("both"))
	udp, datagrams := listenPacket(t, "udp4", tcp.Addr().String()), listenPacket(t, "unixgram", abstract("both"))
	listeners := []Listener{
		describe(t, "tcp", tcp), describe(t, "unix", local),
		describe(t, "udp", udp), describe(t, "datagrams", datagrams), // last, so they would win
	}
	var want []uint64
	for _, ln := range []net.Listener{tcp, local} {
		_, server := connect(t, ln)
		want = append(want, inode(t, server))
		dial(t, ln.Addr().Network(), ln.Addr().String())
	}
	// To the kernel, a datagram socket with a peer is in the state ESTABLISHED.
	peer := listenPacket(t, "unixgram", abstract("both-peer"))
	withFD(t, datagrams.(syscall.Conn), func(fd int) {
		require.NoError(t, unix.Connect(fd, &unix.SockaddrUnix{Name: peer.LocalAddr().String()}))
	})

	connections, err := Connections(listeners)
	require.NoError(t, err)
	got := make(map[string]uint64)
	for _, c := range connections {
		got[c.Listener] = c.Inode
	}
	require.Len(t, connections, 2)
	require.Equal(t, map[string]uint64{"tcp": want[0], "unix": want[1]}, got)
	require.Eventually(t, func() bool {
		queues, err := AcceptQueues(listeners)
		return err == nil && len(queues) == 2 && queues["tcp"].Depth == 1 && queues["unix"].Depth == 1
	}, patience, tick)

	connections, err = Connections(listeners[2:])
	require.NoError(t, err)
	require.Empty(t, connections)
	require.Len(t, listeners, 4, "the caller's list is left alone")
	require.Equal(t, "udp", listeners[2].Name)
}

func TestConnectionsOfOthersAreLeftOut(t *testing.T) {
	for _, c := range []struct{ network, ours, theirs string }{
		{"tcp4", "127.0.0.1:0", "127.0.0.1:0"},
		{"unix", abstract("ours"), abstract("theirs")},
	} {
		ours, theirs := listen(t, c.network, c.ours), listen(t, c.network, c.theirs)
		connect(t, theirs)
		_, server := connect(t, ours)

		require.Equal(t, inode(t, server), only(t, describe(t, "ours", ours)).Inode)
	}
	connections, err := Connections(nil)
	require.NoError(t, err)
	require.Empty(t, connections)
}

// Others may have a million of them.
func TestConnectionsAtOtherPortsNeverLeaveTheKernel(t *testing.T) {
	ours, theirs := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "tcp4", "127.0.0.1:0")
	connect(t, ours)
	connect(t, theirs)

	messages, err := tcpPorts([]Listener{describe(t, "ours", ours)})[0].dump(tcpConnected, 0)
	require.NoError(t, err)
	require.Len(t, messages, 1)
}

// A client that speaks MPTCP is connected by TCP subflows that show the inode of
// the one socket its process knows.
func TestAnMPTCPConnectionHasTheInodeOfItsSocket(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0") // MPTCP where the kernel has it: Go's default
	var dialer net.Dialer
	dialer.SetMultipathTCP(true)
	client, err := dialer.DialContext(t.Context(), "tcp4", ln.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	server := accept(t, ln)
	if multipath, _ := client.(*net.TCPConn).MultipathTCP(); !multipath {
		t.Skip("no MPTCP here")
	}

	require.Equal(t, inode(t, server), only(t, describe(t, "tcp", ln)).Inode)
}

func TestConnectionsComeSortedByCookieAndOnce(t *testing.T) {
	got := sorted([]Connection{{Cookie: 3}, {Cookie: 1}, {Cookie: 3}, {Cookie: 2}})
	require.Equal(t, []Connection{{Cookie: 1}, {Cookie: 2}, {Cookie: 3}}, got)
}

func TestNothingIsLeftOpen(t *testing.T) {
	tcp, local := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "unix", abstract("left-open"))
	listeners := []Listener{describe(t, "tcp", tcp), describe(t, "unix", local)}
	before := openFiles(t)
	for range 10 {
		_, err := Connections(listeners)
		require.NoError(t, err)
		_, err = AcceptQueues(listeners)
		require.NoError(t, err)
		_, err = SocketInodes(syscall.Getpid())
		require.NoError(t, err)
		_, err = usageOf(syscall.Getpid())
		require.NoError(t, err)
		_, _, err = Families(map[string]Root{"a": {PID: syscall.Getpid()}})
		require.NoError(t, err)
		_, err = childrenFromAll()
		require.NoError(t, err)
		require.NoError(t, ourselves(t).Signal(0))
		_, err = dump(encode(inetRequest{family: unix.AF_APPLETALK}))
		require.Error(t, err)
	}
	require.Equal(t, before, openFiles(t))
}

func portOf(ln net.Listener) string {
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}
