package reach

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/testbuffer"
)

// forwarderTo leads to the worker "w" until the test ends.
func forwarderTo(t *testing.T, d Dialer) (*Forwarder, *testbuffer.Buffer) {
	t.Helper()
	log, background := &testbuffer.Buffer{}, &sync.WaitGroup{}
	canary := Canary{Generation: 2, Workers: func() ([]string, error) { return []string{"w"}, nil }}
	f := NewForwarder(d, canary, zerolog.New(log), background)
	t.Cleanup(func() { f.Close(); background.Wait() })
	return f, log
}

// talk sends words over a connection of its own, and returns the whole answer.
func talk(address, words string) (string, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, words); err != nil {
		return "", err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	return string(answer), err
}

// The client is told by a reset, and the operator by the log.
func TestACanaryThatAcceptsNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(greet) // as a worker of another generation
	f, _ := forwarderTo(t, s.dialer)
	f.canary.Workers = func() ([]string, error) { return []string{"of the canary"}, nil }
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	f.context = ctx // which is not over as the canary's trial, but as somebody's patience
	_, err := f.dial(s.at)
	require.ErrorContains(t, err, "no worker of the canary has accepted a connection")
}

func TestWhoCannotBeLedToTheCanaryIsReset(t *testing.T) {
	t.Parallel()
	f, log := forwarderTo(t, newSite(t).dialer)
	f.Listen(goneAddress(t), ListenLoopback)
	_, err := talk(f.First(), "")
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Contains(t, log.String(), "sent away")
}

// Those that are too many wait, and the log says so.
func TestOnlySomeClientsOfTheCanaryAreForwardedAtATime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(greet)
	f, log := forwarderTo(t, s.dialer)
	f.slots = make(chan struct{}, 1)
	f.Listen(s.at, ListenLoopback)
	first, err := net.DialTimeout("tcp", f.First(), patience)
	require.NoError(t, err)
	_, err = io.ReadFull(first, make([]byte, len("hello\n")))
	require.NoError(t, err)
	second := make(chan string, 1)
	go func() {
		answer, err := talk(f.First(), "12345")
		second <- fmt.Sprint(answer, err)
	}()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "the next waits until one ends") }, patience, time.Millisecond)
	require.Empty(t, second)
	require.NoError(t, first.Close())
	require.Equal(t, "hello\n5 bytes\n<nil>", <-second)
}
