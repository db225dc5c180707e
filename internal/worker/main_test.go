package worker

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must happen; nothing is measured with it.
const patience = time.Minute

func TestMain(m *testing.M) {
	if role := os.Getenv("WORKER_TEST_ROLE"); role != "" {
		os.Exit(playRole(role))
	}
	goleak.VerifyTestMain(m)
}

// journal collects a worker's log lines, which are also the facts that tests wait for.
type journal struct {
	mu    sync.Mutex
	lines []map[string]any
	news  chan struct{} // closed and replaced at each line
}

func newJournal() *journal { return &journal{news: make(chan struct{})} }

func (j *journal) Write(line []byte) (int, error) {
	fields := map[string]any{}
	if err := json.Unmarshal(line, &fields); err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fields)
	close(j.news)
	j.news = make(chan struct{})
	return len(line), nil
}

func (j *journal) all(message string) (found []map[string]any, news <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, line := range j.lines {
		if line["message"] == message {
			found = append(found, line)
		}
	}
	return found, j.news
}

// wait returns the first line with the message, once there is one.
func (j *journal) wait(t *testing.T, message string) map[string]any {
	t.Helper()
	timeout := time.After(patience)
	for {
		found, news := j.all(message)
		if len(found) > 0 {
			return found[0]
		}
		select {
		case <-news:
		case <-timeout:
			require.Fail(t, "the worker never logged "+message)
		}
	}
}

// shift is a running worker.
type shift struct {
	t     *testing.T
	drain context.CancelFunc
	ended chan struct{}
	err   error
	log   *journal
}

// startWorker returns when the worker is ready. The test's end drains it.
func startWorker(t *testing.T, opts Options, listeners ...Listener) *shift {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &shift{t: t, drain: cancel, ended: make(chan struct{}), log: newJournal()}
	ready := make(chan struct{})
	opts.Listeners = listeners
	opts.Log = zerolog.New(s.log)
	opts.Ready = func() error { close(ready); return nil }
	go func() {
		s.err = Run(ctx, opts)
		close(s.ended)
	}()
	t.Cleanup(func() { cancel(); s.waitEnd() })
	select {
	case <-ready:
	case <-s.ended:
		require.NoError(t, s.err)
	}
	return s
}

func (s *shift) waitEnd() {
	s.t.Helper()
	select {
	case <-s.ended:
		require.NoError(s.t, s.err)
	case <-time.After(patience):
		require.Fail(s.t, "the worker doesn't end")
	}
}

// startDrain returns when the worker has stopped accepting.
func (s *shift) startDrain() {
	s.t.Helper()
	s.drain()
	s.log.wait(s.t, "worker drains")
}

// bind opens a listener that the test holds, as a master would.
func bind(t *testing.T, network, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	return ln
}

// share makes a descriptor of the same open file description, as a spawn would.
func share(t *testing.T, name string, socket any) Listener {
	t.Helper()
	return Listener{Name: name, FD: duplicate(t, socket.(syscall.Conn))}
}

func duplicate(t *testing.T, socket syscall.Conn) (fd int) {
	t.Helper()
	onDescriptor(t, socket, func(own int) (err error) {
		fd, err = unix.FcntlInt(uintptr(own), unix.F_DUPFD_CLOEXEC, 3)
		return err
	})
	return fd
}

func onDescriptor(t *testing.T, socket syscall.Conn, do func(fd int) error) {
	t.Helper()
	raw, err := socket.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) { err = do(int(fd)) }))
	require.NoError(t, err)
}

func isNonblocking(t *testing.T, socket any) bool {
	t.Helper()
	var flags int
	onDescriptor(t, socket.(syscall.Conn), func(fd int) (err error) {
		flags, err = unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		return err
	})
	return flags&unix.O_NONBLOCK != 0
}

func dial(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

// greet sends one message and reads the answer.
func greet(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := c.Write([]byte("hi"))
	require.NoError(t, err)
	answer := make([]byte, len("hello world"))
	_, err = io.ReadFull(c, answer)
	require.NoError(t, err)
	require.Equal(t, "hello world", string(answer))
}

// requireEOF fails on a reset, which would have destroyed what was under way.
func requireEOF(t *testing.T, r io.Reader) {
	t.Helper()
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Empty(t, rest)
}
