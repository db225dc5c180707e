package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// bindPacket opens a datagram socket that the test holds, as a master would. Unix ones get a new path.
func bindPacket(t *testing.T, network, address string) net.PacketConn {
	t.Helper()
	if network == "unixgram" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	socket, err := net.ListenPacket(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { socket.Close() })
	return socket
}

// connect makes a client that only hears the address that it talks to.
func connect(t *testing.T, to net.PacketConn) net.Conn {
	t.Helper()
	network := to.LocalAddr().Network()
	var from net.Addr
	if network == "unixgram" {
		from = &net.UnixAddr{Net: network, Name: filepath.Join(t.TempDir(), "client")}
	}
	dialer := net.Dialer{LocalAddr: from}
	c, err := dialer.DialContext(t.Context(), network, to.LocalAddr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

// ask sends a datagram and reads one. Nothing gets lost on the way, because no other is under way.
func ask(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, exchangeDatagram(c, "hi"))
}

func exchangeDatagram(c net.Conn, message string) error {
	if _, err := io.WriteString(c, message); err != nil {
		return err
	}
	answer := make([]byte, 100)
	n, err := c.Read(answer)
	if err == nil && string(answer[:n]) != "hello world" {
		return errors.New("the answer is " + string(answer[:n]))
	}
	return err
}

func TestEachDatagramIsAnsweredToItsSender(t *testing.T) {
	for _, at := range []struct{ network, address string }{
		{"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}, {"unixgram", ""},
	} {
		t.Run(at.network, func(t *testing.T) {
			if at.network == "udp6" {
				skipWithoutIPv6(t)
			}
			socket := bindPacket(t, at.network, at.address)
			startWorker(t, Options{}, share(t, "http", socket)) // the name makes it no HTTP
			one, two := connect(t, socket), connect(t, socket)
			for range 3 {
				ask(t, one)
				ask(t, two)
			}
			require.NoError(t, exchangeDatagram(one, "")) // is a datagram as well
		})
	}
}

func skipWithoutIPv6(t *testing.T) {
	t.Helper()
	socket, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Skipf("IPv6 is not available: %v", err)
	}
	socket.Close()
}

// A client that is connected to one of the machine's addresses hears that one alone.
func TestTheAnswerComesFromTheAddressThatWasAsked(t *testing.T) {
	for _, network := range []string{"udp4", "udp"} { // the second one takes IPv6, too
		t.Run(network, func(t *testing.T) {
			if network == "udp" {
				skipWithoutIPv6(t)
			}
			fd, err := openToAll(network)
			require.NoError(t, err)
			bound, err := syscall.Getsockname(fd)
			require.NoError(t, err)
			startWorker(t, Options{}, Listener{Name: "udp", FD: fd})
			to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2), Port: int(addrPort(bound).Port())}
			c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, to)
			require.NoError(t, err)
			defer c.Close()
			require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
			ask(t, c)
		})
	}
}

// A broadcast's address is none to answer from, and a socket for both IPs doesn't tell another.
func TestABroadcastIsAnswered(t *testing.T) {
	skipWithoutIPv6(t)
	fd, err := openToAll("udp")
	require.NoError(t, err)
	bound, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	startWorker(t, Options{}, Listener{Name: "udp", FD: fd})
	c := bindPacket(t, "udp4", "127.0.0.1:0")
	to := &net.UDPAddr{IP: net.IPv4(127, 255, 255, 255), Port: int(addrPort(bound).Port())}
	_, err = c.WriteTo([]byte("hi"), to)
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	answer := make([]byte, 100)
	n, _, err := c.ReadFrom(answer)
	require.NoError(t, err)
	require.Equal(t, "hello world", string(answer[:n]))
}

// openToAll binds to every address, but to the loopback interface alone.
func openToAll(network string) (fd int, err error) {
	domain, address := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{})
	if network == "udp" {
		domain, address = unix.AF_INET6, &unix.SockaddrInet6{}
	}
	fd, err = unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if network == "udp" {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
	}
	err = errors.Join(err, unix.BindToDevice(fd, "lo"), unix.Bind(fd, address))
	if err != nil {
		unix.Close(fd)
	}
	return fd, err
}

func TestDatagramsWithoutASenderAreDropped(t *testing.T) {
	socket := bindPacket(t, "unixgram", "")
	w := startWorker(t, Options{}, share(t, "unixgram", socket))
	nobody, err := net.DialUnix("unixgram", nil, socket.LocalAddr().(*net.UnixAddr))
	require.NoError(t, err)
	defer nobody.Close()
	for _, message := range []string{"hi", "", "hi"} {
		_, err := io.WriteString(nobody, message)
		require.NoError(t, err)
	}
	ask(t, connect(t, socket))

	w.drain()
	line := w.log.wait(t, "datagram socket closed")
	require.EqualValues(t, 3, line["datagrams"], "the empty one has nothing to tell it from none")
	require.EqualValues(t, 2, line["unanswered"])
	w.waitEnd()
}

// A descriptor that a client sends along would stay open in the worker for ever.
func TestDescriptorsInDatagramsAreNotKept(t *testing.T) {
	socket := bindPacket(t, "unixgram", "")
	startWorker(t, Options{}, share(t, "unixgram", socket))
	in, out, err := os.Pipe()
	require.NoError(t, err)
	defer in.Close()
	onDescriptor(t, connect(t, socket).(syscall.Conn), func(fd int) error {
		return unix.Sendmsg(fd, []byte("hi"), unix.UnixRights(int(out.Fd())), nil, 0)
	})
	require.NoError(t, out.Close())
	require.NoError(t, in.SetReadDeadline(time.Now().Add(patience)))
	requireEOF(t, in)
}

// What a client of a unix socket doesn't read takes room in the send buffer of the worker's socket, so there
// may be none left for answers to others. But all are read, and when it leaves they're answered again.
func TestAClientThatReadsNothingHoldsUpNobodyWhenItHasLeft(t *testing.T) {
	socket, ln := bindPacket(t, "unixgram", ""), bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{}, share(t, "unixgram", socket), share(t, "tcp", ln))
	deaf := connect(t, socket)
	for range 1000 { // blocks while the worker doesn't read
		_, err := io.WriteString(deaf, "hi")
		require.NoError(t, err)
	}
	c := dial(t, ln)
	greet(t, c)
	require.NoError(t, c.Close())
	require.NoError(t, deaf.Close())
	ask(t, connect(t, socket))
	w.drain()
	line := w.log.wait(t, "datagram socket closed")
	require.EqualValues(t, 1001, line["datagrams"])
	require.NotZero(t, line["unanswered"])
	w.waitEnd()
}

// IP_RECVERR is what makes the kernel tell a socket without a peer of ICMP errors. It also keeps them in a
// queue that makes the socket look ready until somebody fetches them.
func TestAnAnswerToNobodyHurtsNobodyElse(t *testing.T) {
	socket := bindPacket(t, "udp4", "127.0.0.1:0")
	onDescriptor(t, socket.(syscall.Conn), func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	})
	for range 2 * datagramsPerWake { // so that others are asked for in between
		gone := connect(t, socket)
		_, err := io.WriteString(gone, "hi")
		require.NoError(t, err)
		require.NoError(t, gone.Close())
	}
	w := startWorker(t, Options{}, share(t, "udp", socket))
	c := connect(t, socket)
	for range 3 {
		ask(t, c)
	}
	line := w.log.wait(t, "datagrams can't be read, reading pauses")
	require.Equal(t, "warn", line["level"])
	ask(t, c)
}

func TestASocketThatWasShutDownKeepsNoWorkerBusy(t *testing.T) {
	for _, at := range []struct{ network, address string }{
		{"udp4", "127.0.0.1:0"}, {"unixgram", ""},
	} {
		t.Run(at.network, func(t *testing.T) {
			socket, ln := bindPacket(t, at.network, at.address), bind(t, "tcp4", "127.0.0.1:0")
			w := startWorker(t, Options{}, share(t, "broken", socket), share(t, "tcp", ln))
			ask(t, connect(t, socket))
			onDescriptor(t, socket.(syscall.Conn), func(fd int) error {
				if err := unix.Shutdown(fd, unix.SHUT_RD); !errors.Is(err, unix.ENOTCONN) { // which UDP says, and obeys
					return err
				}
				return nil
			})
			line := w.log.wait(t, "datagrams can't be read, reading pauses")
			require.Equal(t, "broken", line["listener"])
			require.Equal(t, errNoDatagram.Error(), line["error"])
			greet(t, dial(t, ln))
			w.drain()
		})
	}
}

func TestPausesEnd(t *testing.T) {
	socket := bindPacket(t, "udp4", "127.0.0.1:0")
	_, err := io.WriteString(connect(t, socket), "hi")
	require.NoError(t, err)
	l, err := newLoop(Options{Listeners: []Listener{share(t, "udp", socket)}, Log: zerolog.Nop()}.withDefaults())
	require.NoError(t, err)
	defer l.close()
	d := l.sockets[0].(*datagrams)

	d.pause(errNoDatagram)
	require.False(t, d.watched)
	for !d.watched {
		require.Zero(t, d.taken, "the pause was none")
		require.NoError(t, l.poller.wait())
	}
	require.NoError(t, l.poller.wait())
	require.Equal(t, 1, d.taken)
}

// Each datagram comes when both workers sleep, so that the kernel has the choice every time.
func TestTwoWorkersShareOneDatagramSocketEvenly(t *testing.T) {
	if _, err := os.ReadFile("/proc/thread-self/syscall"); err != nil {
		t.Skipf("whether a thread sleeps can't be seen: %v", err)
	}
	socket := bindPacket(t, "udp4", "127.0.0.1:0")
	var loops []*loop
	ctx, drain := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 2 {
		l, err := newLoop(Options{Listeners: []Listener{share(t, "udp", socket)}, Log: zerolog.Nop()}.withDefaults())
		require.NoError(t, err)
		defer l.close()
		loops = append(loops, l)
		running.Go(func() { _ = l.run(ctx, t.Context()) })
	}
	c := connect(t, socket)
	for range 4 * datagramsPerPlace {
		waitForSleep(t, loops[0])
		waitForSleep(t, loops[1])
		ask(t, c)
	}
	drain()
	for _, l := range loops {
		l.poller.wake()
	}
	running.Wait()
	require.Equal(t, 2*datagramsPerPlace, loops[0].sockets[0].(*datagrams).taken)
	require.Equal(t, 2*datagramsPerPlace, loops[1].sockets[0].(*datagrams).taken)
}

// waitForSleep returns when a thread is in epoll_wait for the loop, as the kernel sees it.
func waitForSleep(t *testing.T, l *loop) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); runtime.Gosched() {
		threads, err := filepath.Glob("/proc/self/task/*/syscall")
		require.NoError(t, err)
		for _, thread := range threads {
			state, _ := os.ReadFile(thread) // "running", or the call's number and arguments; the thread may be gone
			fields := strings.Fields(string(state))
			if len(fields) > 1 && fields[1] == fmt.Sprintf("0x%x", l.poller.epoll) {
				return
			}
		}
	}
	require.Fail(t, "the worker doesn't go to sleep")
}

func TestAWorkerDrainsUnderLoadWithoutHarmingTheOther(t *testing.T) {
	socket := bindPacket(t, "udp4", "127.0.0.1:0")
	leaving := startWorker(t, Options{}, share(t, "udp", socket))
	staying := startWorker(t, Options{}, share(t, "udp", socket))
	const clients, each = 8, 300
	var halfway, all sync.WaitGroup
	failures := make(chan error, clients)
	halfway.Add(clients)
	for range clients {
		c := connect(t, socket)
		all.Go(func() { failures <- askOften(c, each, halfway.Done) })
	}
	halfway.Wait()
	leaving.drain()
	leaving.waitEnd()
	all.Wait()
	for range clients {
		require.NoError(t, <-failures)
	}
	ask(t, connect(t, socket))

	staying.drain()
	staying.waitEnd()
	first := leaving.log.wait(t, "datagram socket closed")
	second := staying.log.wait(t, "datagram socket closed")
	require.NotZero(t, first["datagrams"])
	require.NotZero(t, second["datagrams"])
	require.EqualValues(t, clients*each+1, first["datagrams"].(float64)+second["datagrams"].(float64))
	require.Zero(t, first["unanswered"])
	require.Zero(t, second["unanswered"])
}

// askOften calls halfway in any case.
func askOften(c net.Conn, times int, halfway func()) (failed error) {
	for i := range times {
		if i == times/2 {
			halfway()
		}
		if failed == nil {
			failed = exchangeDatagram(c, "hi")
		}
	}
	return failed
}

// What waits when both kinds are ready is known here, so the order in which the worker reads is, too.
func TestAFloodOfDatagramsLetsConnectionsThrough(t *testing.T) {
	socket, ln := bindPacket(t, "udp4", "127.0.0.1:0"), bind(t, "tcp4", "127.0.0.1:0")
	flood := connect(t, socket)
	const datagrams = 6 * datagramsPerWake
	for range datagrams {
		_, err := io.WriteString(flood, "hi")
		require.NoError(t, err)
	}
	c := dial(t, ln)
	_, err := io.WriteString(c, "hi")
	require.NoError(t, err)

	w := startWorker(t, Options{}, share(t, "udp", socket), share(t, "tcp", ln))
	_, err = io.ReadFull(c, make([]byte, len("hello world")))
	require.NoError(t, err)
	for range datagrams {
		_, err := flood.Read(make([]byte, 100))
		require.NoError(t, err)
	}
	before := 0
	read, _ := w.log.all("received")
	for read[before]["listener"] != "tcp" {
		before++
	}
	require.Len(t, read, datagrams+1)
	require.LessOrEqual(t, before, datagramsPerWake, "the connection had to wait")
	require.NoError(t, c.Close())
}

func TestConnectionsAreServedDuringAFlood(t *testing.T) {
	socket, ln := bindPacket(t, "udp4", "127.0.0.1:0"), bind(t, "tcp4", "127.0.0.1:0")
	startWorker(t, Options{}, share(t, "udp", socket), share(t, "tcp", ln))
	flood := connect(t, socket)
	ctx, stop := context.WithCancel(t.Context())
	var flooding sync.WaitGroup
	flooding.Go(func() {
		for ctx.Err() == nil {
			_, _ = io.WriteString(flood, "hi") // and never reads the answers
		}
	})
	defer flooding.Wait()
	defer stop()
	for range 50 {
		c := dial(t, ln)
		greet(t, c)
		require.NoError(t, c.Close())
	}
}

// The flags belong to all workers, and one that could block would hang in this drain.
func TestADatagramSocketsDrainWithoutTrafficEndsAtOnceAndLeavesItAlone(t *testing.T) {
	for _, at := range []struct{ network, address string }{
		{"udp4", "127.0.0.1:0"}, {"unixgram", ""},
	} {
		for _, nonblocking := range []bool{true, false} {
			t.Run(at.network, func(t *testing.T) {
				socket := bindPacket(t, at.network, at.address)
				onDescriptor(t, socket.(syscall.Conn), func(fd int) error { return unix.SetNonblock(fd, nonblocking) })
				w := startWorker(t, Options{}, share(t, "dgram", socket))
				ask(t, connect(t, socket))
				require.Equal(t, nonblocking, isNonblocking(t, socket), "the flag was changed for all workers")
				w.drain()
				w.waitEnd()
				require.Equal(t, nonblocking, isNonblocking(t, socket), "the flag was changed for all workers")

				_, err := io.WriteString(connect(t, socket), "who is there?") // for those who go on
				require.NoError(t, err)
				message := make([]byte, 100)
				n, _, err := socket.ReadFrom(message)
				require.NoError(t, err)
				require.Equal(t, "who is there?", string(message[:n]))
			})
		}
	}
}

// These are the datagrams that may have woken this worker in place of another one.
func TestADrainAnswersALastBatchAndNoMore(t *testing.T) {
	socket := bindPacket(t, "udp4", "127.0.0.1:0")
	c := connect(t, socket)
	for range datagramsPerWake + 1 {
		_, err := io.WriteString(c, "hi")
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	opts := Options{Listeners: []Listener{share(t, "udp", socket)}, Ready: func() error { return nil }}
	require.NoError(t, Run(ctx, opts))
	for range datagramsPerWake {
		_, err := c.Read(make([]byte, 100))
		require.NoError(t, err)
	}
	_, _, err := socket.ReadFrom(make([]byte, 100)) // the last one is left for who still holds the socket
	require.NoError(t, err)
}
