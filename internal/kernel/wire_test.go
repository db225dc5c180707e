package kernel

import (
	"testing"
	"time"

	"github.com/mdlayher/netlink"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAShorterTCPInfoOfAnOlderKernelLeavesZeros(t *testing.T) {
	whole := encode(unix.TCPInfo{Last_data_sent: 30, Last_data_recv: 20, Rtt: 50, Bytes_received: 5, Bytes_sent: 21, Bytes_retrans: 10})
	require.Equal(t, &TCPInfo{Idle: 20 * time.Millisecond, RTT: 50 * time.Microsecond, BytesIn: 4, BytesOut: 11, Unanswered: true},
		parseTCPInfo(whole, tcpCloseWait))

	const beforeBytesSent = 192
	require.Equal(t, &TCPInfo{Idle: 20 * time.Millisecond, RTT: 50 * time.Microsecond, BytesIn: 5},
		parseTCPInfo(whole[:beforeBytesSent], tcpEstablished))
	require.Equal(t, &TCPInfo{}, parseTCPInfo(nil, tcpCloseWait))
	require.Equal(t, 4, int(parseTCPInfo(append(whole, 1, 2, 3), tcpLastAck).BytesIn))
}

func TestAttributesAreFoundByKind(t *testing.T) {
	list := []byte{5, 0, 1, 0, 'a', 0, 0, 0, 6, 0, 2, 0, 'b', 'c', 0, 0, 4, 0, 3, 0}
	require.Equal(t, []byte("a"), attribute(list, 1))
	require.Equal(t, []byte("bc"), attribute(list, 2))
	require.Equal(t, []byte{}, attribute(list, 3))
	require.Nil(t, attribute(list, 4))
	require.Nil(t, attribute([]byte{9, 0, 1, 0, 'a'}, 1), "longer than the list")
	require.Nil(t, attribute([]byte{0, 0, 2, 0, 4, 0, 1, 0}, 1), "without even a header")
}

func TestAKernelWithoutDiagForAFamilyIsNamed(t *testing.T) {
	_, err := dump(encode(inetRequest{family: unix.AF_APPLETALK})) // no kernel has it
	require.ErrorIs(t, err, ErrNoDiag)
}

func TestOnlyPassingFailuresAreTriedAgain(t *testing.T) {
	interrupted := complete([]netlink.Message{{}, {Header: netlink.Header{Flags: netlink.Multi | netlink.DumpInterrupted}}})
	require.ErrorIs(t, interrupted, ErrInterrupted)
	require.NoError(t, complete([]netlink.Message{{Header: netlink.Header{Flags: netlink.Multi}}}))

	require.True(t, passing(interrupted))
	require.True(t, passing(&netlink.OpError{Op: "receive", Err: unix.ENOBUFS}))
	require.True(t, passing(&netlink.OpError{Op: "receive", Err: unix.EINTR}))
	require.False(t, passing(&netlink.OpError{Op: "receive", Err: unix.EPERM}))
	require.False(t, passing(ErrNoDiag))
	require.False(t, passing(nil))
}

func TestSocketNamesAreSpelledAsGoDoes(t *testing.T) {
	require.Empty(t, socketName(nil))
	require.Equal(t, "/run/x.sock", socketName([]byte("/run/x.sock\x00")))
	require.Equal(t, "/run/x.sock", socketName([]byte("/run/x.sock")))
	require.Equal(t, "@x", socketName([]byte("\x00x")))
	require.Equal(t, "@x", socketName([]byte("\x00x\x00\x00")))
	require.Equal(t, "@", socketName([]byte("\x00")))
}

// FuzzParse feeds the parsers what no kernel would send.
func FuzzParse(f *testing.F) {
	tcp, local := describe(f, "tcp", listen(f, "tcp4", "127.0.0.1:0")), describe(f, "unix", listen(f, "unix", abstract("fuzz")))
	dial(f, "tcp", tcp.Address())
	messages, err := tcpPorts([]Listener{tcp})[0].dump(tcpConnected, 1<<(inetDiagInfo-1))
	require.NoError(f, err)
	more, err := dump(encode(unixRequest{family: unix.AF_UNIX, states: 1 << tcpListen, show: unixShowName | unixShowQueues}))
	require.NoError(f, err)
	for _, m := range append(messages, more...) {
		f.Add(m.Data)
		f.Add(m.Data[:len(m.Data)-1])
	}
	f.Add([]byte{})
	f.Add([]byte("4711 (sh) S 1 2 3 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 99 0 5"))
	names := namesByAddress([]Listener{tcp, local})

	f.Fuzz(func(t *testing.T, data []byte) {
		if c, ok := parseTCP(data, names); ok {
			require.Equal(t, "tcp", c.Listener)
		}
		parseTCPInfo(data, tcpCloseWait)
		if s, ok := parseUnix(data); ok {
			require.NotEmpty(t, s.connection("unix", "").TCPState)
		}
		attribute(data, inetDiagInfo)
		parseStat(data)
	})
}
