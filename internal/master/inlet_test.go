package master

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// passOn has a goroutine read from the inlet, which passes on each time something is received from next.
func passOn(t *testing.T, in *inlet, size int) (next chan struct{}, total *int) {
	t.Helper()
	next, total = make(chan struct{}), new(int)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer in.rest()
		buffer := make([]byte, size)
		for {
			n, err := in.Read(buffer)
			if err != nil {
				return
			}
			next <- struct{}{}
			*total += n
		}
	}()
	t.Cleanup(func() { <-ended })
	return next, total
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// becomes waits until the condition holds, which somebody else brings about.
func becomes(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, time.Millisecond)
}

func TestWhatHasArrivedIsPendingUntilItIsPassedOn(t *testing.T) {
	r, w := pipe(t)
	in, err := newStreamInlet(r)
	require.NoError(t, err)
	require.False(t, in.arrived()(), "nothing has arrived")
	_, err = w.WriteString("abcdef")
	require.NoError(t, err)
	pending := in.arrived()
	require.True(t, pending(), "nobody has read it")
	next, total := passOn(t, in, 4)
	becomes(t, func() bool { return in.busy.Load() })
	require.True(t, pending(), "it was read, and not passed on")
	<-next
	require.True(t, pending(), "there is more")
	<-next
	becomes(t, func() bool { return !pending() })
	require.Equal(t, 6, *total)
	require.False(t, in.arrived()())
	w.Close()
}

// A worker that never stops talking is not waited for.
func TestWhatArrivesLaterIsNotWaitedFor(t *testing.T) {
	r, w := pipe(t)
	in, err := newStreamInlet(r)
	require.NoError(t, err)
	say := func() {
		_, err := w.WriteString("bla")
		require.NoError(t, err)
	}
	say()
	pending := in.arrived()
	next, _ := passOn(t, in, 3)
	say()
	say()
	require.True(t, pending())
	<-next
	becomes(t, func() bool { return !pending() })
	require.True(t, in.arrived()(), "though it goes on")
	<-next
	<-next
	w.Close()
}

func TestNobodyWaitsForAReaderThatHasEnded(t *testing.T) {
	r, w := pipe(t)
	in, err := newStreamInlet(r)
	require.NoError(t, err)
	_, err = w.WriteString("too late")
	require.NoError(t, err)
	pending := in.arrived()
	require.True(t, pending())
	in.rest()
	require.False(t, pending())
	r.Close()
	_, err = in.Read(make([]byte, 1))
	require.Error(t, err)
	require.False(t, pending())
}

func TestTheEndOfAStreamIsNothingThatIsPending(t *testing.T) {
	r, w := pipe(t)
	in, err := newStreamInlet(r)
	require.NoError(t, err)
	w.Close()
	require.False(t, in.arrived()())
	_, err = in.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

func TestDatagramsArePendingUntilTheyArePassedOn(t *testing.T) {
	s, err := openNotifySocket("inlet-test-" + itoa(os.Getpid()))
	require.NoError(t, err)
	defer s.close()
	c, err := net.Dial("unixgram", s.name)
	require.NoError(t, err)
	defer c.Close()
	require.False(t, s.inlet.arrived()())
	for _, text := range []string{"STATUS=one", "READY=1"} {
		_, err = c.Write([]byte(text))
		require.NoError(t, err)
	}
	pending := s.inlet.arrived()
	require.True(t, pending())
	notes, stop := make(chan note), make(chan struct{})
	defer close(stop)
	go s.read(unix.Getpid(), notes, stop)
	require.NotNil(t, (<-notes).status)
	require.True(t, pending())
	require.True(t, (<-notes).ready)
	becomes(t, func() bool { return !pending() })
}
