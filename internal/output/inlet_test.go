package output

import (
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// passOn has a goroutine read from the inlet, which passes on each time something is received from next.
func passOn(t *testing.T, in *Inlet, size int) (next chan struct{}, total *int) {
	t.Helper()
	next, total = make(chan struct{}), new(int)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer in.Rest()
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
	in, err := NewStreamInlet(r)
	require.NoError(t, err)
	require.False(t, in.Arrived()(), "nothing has arrived")
	_, err = w.WriteString("abcdef")
	require.NoError(t, err)
	pending := in.Arrived()
	require.True(t, pending(), "nobody has read it")
	next, total := passOn(t, in, 4)
	becomes(t, func() bool { return in.busy.Load() })
	require.True(t, pending(), "it was read, and not passed on")
	<-next
	require.True(t, pending(), "there is more")
	<-next
	becomes(t, func() bool { return !pending() })
	require.Equal(t, 6, *total)
	require.False(t, in.Arrived()())
	w.Close()
}

// A worker that never stops talking is not waited for.
func TestWhatArrivesLaterIsNotWaitedFor(t *testing.T) {
	r, w := pipe(t)
	in, err := NewStreamInlet(r)
	require.NoError(t, err)
	say := func() {
		_, err := w.WriteString("bla")
		require.NoError(t, err)
	}
	say()
	pending := in.Arrived()
	next, _ := passOn(t, in, 3)
	say()
	say()
	require.True(t, pending())
	<-next
	becomes(t, func() bool { return !pending() })
	require.True(t, in.Arrived()(), "though it goes on")
	<-next
	<-next
	w.Close()
}

func TestNobodyWaitsForAReaderThatHasEnded(t *testing.T) {
	r, w := pipe(t)
	in, err := NewStreamInlet(r)
	require.NoError(t, err)
	_, err = w.WriteString("too late")
	require.NoError(t, err)
	pending := in.Arrived()
	require.True(t, pending())
	in.Rest()
	require.False(t, pending())
	r.Close()
	_, err = in.Read(make([]byte, 1))
	require.Error(t, err)
	require.False(t, pending())
}

func TestTheEndOfAStreamIsNothingThatIsPending(t *testing.T) {
	r, w := pipe(t)
	in, err := NewStreamInlet(r)
	require.NoError(t, err)
	w.Close()
	require.False(t, in.Arrived()())
	_, err = in.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}
