package kernel

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestDescribeTellsWhatAListenerIsBoundTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	for _, c := range []struct {
		network, address string
		family           int
		ip               string
	}{
		{"tcp4", "127.0.0.1:0", unix.AF_INET, "127.0.0.1"},
		{"tcp4", "0.0.0.0:0", unix.AF_INET, "0.0.0.0"},
		{"tcp6", "[::1]:0", unix.AF_INET6, "::1"},
		{"tcp", ":0", unix.AF_INET6, "::"},
		{"unix", path, unix.AF_UNIX, ""},
		{"unix", abstract("describe"), unix.AF_UNIX, ""},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			ln := listen(t, c.network, c.address)
			l := describe(t, "name", ln)

			require.Equal(t, "name", l.Name)
			require.Equal(t, c.family, l.Family)
			require.Equal(t, ln.Addr().String(), l.Address())
			require.Equal(t, inode(t, ln), l.Inode)
			if c.family == unix.AF_UNIX {
				require.Equal(t, "unix", l.Network())
				require.Equal(t, c.address, l.Path)
				return
			}
			require.Equal(t, "tcp", l.Network())
			require.Equal(t, netip.MustParseAddr(c.ip), l.Addr.Addr())
			require.EqualValues(t, ln.Addr().(*net.TCPAddr).Port, l.Addr.Port())
		})
	}
}

func TestDescribeTellsWhatADatagramSocketIsBoundTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	for _, c := range []struct {
		network, address string
		want             Listener
	}{
		{"udp4", "127.0.0.1:0", Listener{Family: unix.AF_INET}},
		{"udp6", "[::1]:0", Listener{Family: unix.AF_INET6}},
		{"unixgram", path, Listener{Family: unix.AF_UNIX, Path: path}},
		{"unixgram", abstract("datagram"), Listener{Family: unix.AF_UNIX, Path: abstract("datagram")}},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			conn := listenPacket(t, c.network, c.address)
			c.want.Name, c.want.Type, c.want.Inode = "name", unix.SOCK_DGRAM, inode(t, conn)
			if c.want.Family != unix.AF_UNIX {
				c.want.Addr = netip.MustParseAddrPort(conn.LocalAddr().String())
			}
			l := describe(t, "name", conn)
			require.Equal(t, c.want, l)
			require.Equal(t, conn.LocalAddr().Network(), l.Network())
			require.Equal(t, conn.LocalAddr().String(), l.Address())
		})
	}
}

// A blocking listener is one that no worker can be drained from.
func TestDescribeLeavesTheFlagsAlone(t *testing.T) {
	ln := listen(t, "tcp", ":0").(syscall.Conn)
	before := statusFlags(t, ln)
	require.NotZero(t, before&unix.O_NONBLOCK)

	withFD(t, ln, func(fd int) {
		_, err := Describe("tcp", fd)
		require.NoError(t, err)
	})
	require.Equal(t, before, statusFlags(t, ln))
}

func TestDescribeRefusesWhatIsNoListener(t *testing.T) {
	client, _ := connect(t, listen(t, "tcp4", "127.0.0.1:0"))
	withFD(t, client.(syscall.Conn), func(fd int) {
		_, err := Describe("tcp", fd)
		require.ErrorIs(t, err, ErrNotListening)
		require.ErrorContains(t, err, `"tcp"`)
	})

	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	_, err = Describe("tcp", int(file.Fd()))
	require.ErrorIs(t, err, unix.ENOTSOCK)

	_, err = Describe("tcp", -1)
	require.ErrorIs(t, err, unix.EBADF)
}

func TestDescribeRefusesADatagramSocketThatNobodyCanSendTo(t *testing.T) {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6, unix.AF_UNIX} {
		_, err := Describe("unbound", socket(t, family, unix.SOCK_DGRAM, 0))
		require.ErrorIs(t, err, ErrNotListening)
	}
	withFD(t, dial(t, "udp4", listenPacket(t, "udp4", "127.0.0.1:0").LocalAddr().String()).(syscall.Conn), func(fd int) {
		_, err := Describe("client", fd)
		require.ErrorIs(t, err, ErrNotListening)
	})
}

func TestDescribeRefusesWhatItCanNotWatch(t *testing.T) {
	packets := socket(t, unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	require.NoError(t, unix.Bind(packets, &unix.SockaddrUnix{Name: abstract("seqpacket")}))
	require.NoError(t, unix.Listen(packets, 1))
	_, err := Describe("packets", packets)
	require.ErrorIs(t, err, ErrType)

	_, err = Describe("netlink", socket(t, unix.AF_NETLINK, unix.SOCK_DGRAM, unix.NETLINK_ROUTE))
	require.ErrorIs(t, err, ErrFamily)

	require.NoError(t, supported(unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_MPTCP))
	require.ErrorIs(t, supported(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP), ErrType)
	require.ErrorIs(t, supported(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP), ErrType)
	require.ErrorIs(t, supported(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_UDP), ErrType)
}

func socket(t *testing.T, family, kind, protocol int) int {
	t.Helper()
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func statusFlags(t *testing.T, socket syscall.Conn) (flags int) {
	t.Helper()
	withFD(t, socket, func(fd int) {
		var err error
		flags, err = unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		require.NoError(t, err)
	})
	return flags
}
