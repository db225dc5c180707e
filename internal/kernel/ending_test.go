package kernel

import (
	"net"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// watchEndings is told of those of the listener.
func watchEndings(t *testing.T, l Listener) *Endings {
	t.Helper()
	e, err := WatchEndings([]Listener{l})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// next is the first ending that it is told of.
func (e *Endings) next(t *testing.T) Ending {
	t.Helper()
	for {
		list, lost, more := e.Next()
		require.True(t, more && !lost)
		if len(list) > 0 {
			require.Len(t, list, 1)
			return list[0]
		}
	}
}

// exchange has the client send, and the server read, unless that is to be left, and answer.
func exchange(t *testing.T, client, server net.Conn, request, answer string) {
	t.Helper()
	_, err := client.Write([]byte(request))
	require.NoError(t, err)
	_, err = server.Read(make([]byte, len(request)))
	require.NoError(t, err)
	if answer != "" {
		_, err = server.Write([]byte(answer))
		require.NoError(t, err)
		_, err = client.Read(make([]byte, len(answer)))
		require.NoError(t, err)
	}
}

func TestTheKernelTellsHowConnectionsEnd(t *testing.T) {
	t.Parallel()
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"} {
		for _, c := range []struct {
			name     string
			act      func(t *testing.T, client, server net.Conn)
			expected Ending
		}{
			{"answered", func(t *testing.T, client, server net.Conn) {
				exchange(t, client, server, "ask", "answer")
			}, Ending{BytesOut: 6, BytesIn: 3}},
			{"never asked", func(*testing.T, net.Conn, net.Conn) {}, Ending{}},
			{"read and not answered", func(t *testing.T, client, server net.Conn) {
				exchange(t, client, server, "ask", "")
			}, Ending{Unanswered: true, MayBeUnanswered: true, BytesIn: 3}},
			{"not read", func(t *testing.T, client, server net.Conn) {
				exchange(t, client, server, "ask", "answer")
				_, err := client.Write([]byte("again"))
				require.NoError(t, err)
			}, Ending{BytesOut: 6, BytesIn: 8, Unread: 5}},
			{"aborted", func(t *testing.T, client, server net.Conn) {
				exchange(t, client, server, "ask", "answer")
				require.NoError(t, server.(*net.TCPConn).SetLinger(0))
			}, Ending{Aborted: true}},
			{"the client was first", func(t *testing.T, client, server net.Conn) {
				exchange(t, client, server, "ask", "answer")
				client.Close()
				_, err := server.Read(make([]byte, 1))
				require.Error(t, err)
			}, Ending{BytesOut: 6, BytesIn: 4}},
			{"the client was first and the end not read", func(t *testing.T, client, server net.Conn) {
				exchange(t, client, server, "ask", "answer")
				client.Close()
			}, Ending{BytesOut: 6, BytesIn: 3}},
		} {
			t.Run(network+" "+c.name, func(t *testing.T) {
				t.Parallel()
				ln := listen(t, network, address)
				l := describe(t, "tcp", ln)
				e := watchEndings(t, l)
				client, server := connect(t, ln)
				c.expected.Cookie, c.expected.Remote = only(t, l).Cookie, client.LocalAddr().String()
				if c.expected.Aborted {
					c.expected.Remote = ""
				}
				c.act(t, client, server)
				if c.expected.Unread > 0 {
					eventually(t, l, func(c Connection) bool { return c.RecvQueue > 0 })
				}
				server.Close()
				if c.expected.Unread == 0 {
					client.Close()
				} // else a process that was just forked may have the server's end, too, and the client would be the first
				require.Equal(t, c.expected, e.next(t))
			})
		}
	}
}

// Who has sent something long before the last answer was answered, who has sent more since was not.
func TestTheOrderOfTheLastBytesTellsWhoWaits(t *testing.T) {
	for _, c := range []struct {
		name           string
		in             uint64
		info           unix.TCPInfo
		certain, waits bool
	}{
		{"nothing came", 0, unix.TCPInfo{Bytes_sent: 5}, false, false},
		{"the first question", 3, unix.TCPInfo{}, true, true},
		{"an answer", 3, unix.TCPInfo{Bytes_sent: 5, Last_data_recv: 8, Last_data_sent: 4}, false, false},
		{"a question", 3, unix.TCPInfo{Bytes_sent: 5, Last_data_recv: 4, Last_data_sent: 8}, true, true},
		{"an answer at once, on its way", 3, unix.TCPInfo{Bytes_sent: 5, Unacked: 1}, false, false},
		{"and acknowledged later", 3, unix.TCPInfo{Bytes_sent: 5, Last_data_recv: 40, Last_data_sent: 40, Segs_in: 5, Data_segs_in: 3}, false, false},
		{"and acknowledged at once", 3, unix.TCPInfo{Bytes_sent: 5, Segs_in: 8, Data_segs_in: 3}, false, false},
		{"a question at once", 3, unix.TCPInfo{Bytes_sent: 5, Segs_in: 6, Data_segs_in: 3}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.certain, unanswered(&c.info, c.in))
			require.Equal(t, c.waits, waits(&c.info, c.in))
		})
	}
	turns := unix.TCPInfo{Data_segs_in: 3, Data_segs_out: 2}
	require.True(t, mayWait(&turns, 3))
	turns.Data_segs_out = 3
	require.False(t, mayWait(&turns, 3))
	require.False(t, mayWait(&unix.TCPInfo{Data_segs_in: 3, Last_data_recv: 2000, Last_data_sent: 2000}, 3), "it has been quiet for long")
}

// A client that asks again as soon as it has an answer waits; one that does not ask does not.
func TestWhoAsksInTurnsIsSeenToWait(t *testing.T) {
	for _, asks := range []bool{false, true} {
		ln := listen(t, "tcp4", "127.0.0.1:0")
		l := describe(t, "tcp", ln)
		client, server := connect(t, ln)
		for range 20 {
			exchange(t, client, server, "ask", "answer")
		}
		if asks {
			exchange(t, client, server, "ask", "")
		}
		require.Equal(t, asks, only(t, l).TCP.Unanswered)
		eventually(t, l, func(c Connection) bool { return c.TCP.Idle > 0 })
		require.Equal(t, asks, only(t, l).TCP.Unanswered, "later, too")
	}
}

func TestAnEndingOfSomebodyElseIsNotOurs(t *testing.T) {
	l := Listener{Name: "tcp", Family: unix.AF_INET}
	_, ours, _ := parseEnding(encode(inetMessage{family: unix.AF_INET, id: inetSockID{localPort: [2]byte{1, 2}}}), namesByAddress([]Listener{l}))
	require.False(t, ours)
	_, ours, told := parseEnding(encode(inetMessage{family: unix.AF_INET}), namesByAddress([]Listener{l}))
	require.True(t, ours)
	require.False(t, told, "an old kernel does not count enough")
}

func TestNobodyWaitsForEndingsThatAreNotWatchedAnyMore(t *testing.T) {
	e := watchEndings(t, describe(t, "tcp", listen(t, "tcp4", "127.0.0.1:0")))
	over := make(chan bool)
	go func() { _, _, more := e.Next(); over <- more }()
	e.Close()
	require.False(t, <-over)
}

func TestWhoHasClosedFirstIsLeaving(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	l := describe(t, "tcp", ln)
	client, server := connect(t, ln)
	exchange(t, client, server, "ask", "")
	c := only(t, l)
	leavings, err := Leavings([]Listener{l})
	require.NoError(t, err)
	require.Empty(t, leavings)
	server.Close()
	for _, over := range []bool{false, true} {
		require.Eventually(t, func() bool {
			leavings, err = Leavings([]Listener{l})
			require.NoError(t, err)
			return over == leavings[c.Cookie].Over || leavings[c.Cookie].Over // the kernel may be quicker than we
		}, patience, tick)
		require.Len(t, leavings, 1)
		require.Equal(t, client.LocalAddr().String(), leavings[c.Cookie].Remote)
		if !leavings[c.Cookie].Over {
			require.True(t, leavings[c.Cookie].Unanswered)
		}
		client.Close()
	}

	client, server = connect(t, ln)
	client.Close()
	eventually(t, l, func(c Connection) bool { return c.TCPState == "CLOSE_WAIT" })
	c = only(t, l)
	server.Close()
	require.Eventually(t, func() bool { list, err := Connections([]Listener{l}); return err == nil && len(list) == 0 }, patience, tick)
	leavings, err = Leavings([]Listener{l})
	require.NoError(t, err)
	require.NotContains(t, leavings, c.Cookie)
}

func TestResetsAreCounted(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	before, err := Resets()
	require.NoError(t, err)
	_, server := connect(t, ln)
	require.NoError(t, server.(*net.TCPConn).SetLinger(0))
	server.Close()
	require.Eventually(t, func() bool {
		now, err := Resets()
		require.NoError(t, err)
		return now > before
	}, patience, tick)
}

func TestWhetherASignalEndsAProcess(t *testing.T) {
	for program, expected := range map[string]bool{
		"echo; exec cat":                    true,
		"trap '' TERM; echo; exec cat":      false,
		"trap 'exit 0' TERM; echo; cat":     false,
		"trap 'exit 0' HUP; echo; exec cat": true,
	} {
		t.Run(program, func(t *testing.T) {
			child := exec.Command("sh", "-c", program)
			stdin, err := child.StdinPipe()
			require.NoError(t, err)
			stdout, err := child.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, child.Start())
			t.Cleanup(func() { stdin.Close(); child.Process.Kill(); child.Wait() })
			_, err = stdout.Read(make([]byte, 1))
			require.NoError(t, err)
			process, err := FindProcess(child.Process.Pid)
			require.NoError(t, err)
			ends, err := process.EndsAt(unix.SIGTERM)
			require.NoError(t, err)
			require.Equal(t, expected, ends)
		})
	}
	status := []byte("SigBlk:\t0000000000000001\nSigIgn:\t0000000000000002\nSigCgt:\t0000000000004000\n")
	for sig, expected := range map[syscall.Signal]string{1: "SigBlk:", 2: "SigIgn:", syscall.SIGTERM: "SigCgt:"} {
		for _, set := range []string{"SigBlk:", "SigIgn:", "SigCgt:"} {
			in, ok := inSignalSet(status, set, sig)
			require.True(t, ok)
			require.Equal(t, set == expected, in)
		}
	}
	_, ok := inSignalSet(status, "ShdPnd:", 1)
	require.False(t, ok)
}
