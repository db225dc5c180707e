package master

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// greetStubbornly greets like greet. Told to drain it stops accepting, but keeps its listening sockets, and
// stays until it finds the file that is its argument.
func greetStubbornly() {
	listeners, err := activation.Listeners()
	if err != nil {
		os.Exit(5)
	}
	terminated := whenTerminated()
	ended := make(chan struct{}, len(listeners))
	for _, l := range listeners {
		go func() { greetAll(l); ended <- struct{}{} }()
	}
	sayReady()
	<-terminated
	for _, l := range listeners {
		_ = l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now())
		<-ended
		if os.Args[1] == "closes-stubbornly" {
			l.Close()
		}
	}
	bye := os.Args[2]
	for {
		if _, err := os.Stat(bye); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAListenerThatDrainingWorkersHoldIsTakenBack(t *testing.T) {
	for name, kind := range map[string]listen.Spec{
		"tcp":       {Network: "tcp"},
		"reuseport": {Network: "tcp", ReusePort: true},
		"abstract":  {Network: "unix", Address: fmt.Sprintf("@rota-lingering-%d", os.Getpid())},
	} {
		t.Run(name, func(t *testing.T) {
			kind.Name = "taken"
			if kind.Address == "" {
				kind.Address = freePort(t)
			}
			bye := t.TempDir() + "/bye"
			spec := greeting(loopback, kind)
			spec.Command = []string{os.Args[0], "serves-stubbornly", bye}
			r := changing(t, spec)
			for range 2 { // it is given up and taken back
				spec.Listen = []listen.Spec{loopback}
				require.Equal(t, record.ReloadLive, r.reload(record.ReloadRequest{}, record.ReloadLive).State)
				spec.Listen = []listen.Spec{loopback, kind}
				back := r.reload(record.ReloadRequest{}, record.ReloadLive)
				require.Equal(t, record.ReloadLive, back.State, "%v", back.Failure)
				_, err := greeted(kind.Network, kind.Address)
				require.NoError(t, err)
			}
			spec.Listen = []listen.Spec{loopback}
			last := r.reload(record.ReloadRequest{}, record.ReloadLive)
			require.NoError(t, os.WriteFile(bye, nil, 0o600))
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			_, err := r.Wait(ctx, last.ID, record.ReloadCompleted)
			require.NoError(t, err)
			require.Eventually(t, func() bool {
				l, err := net.Listen(kind.Network, kind.Address)
				if err == nil {
					l.Close()
				}
				return err == nil
			}, patience, time.Millisecond, "nobody has it any more")
		})
	}
}

func TestAnAddressIsFreeSoonAfterTheWorkersLetGoOfIt(t *testing.T) {
	old := listen.Spec{Name: "old", Network: "tcp", Address: freePort(t)}
	bye := t.TempDir() + "/bye"
	spec := greeting(loopback, old)
	spec.Command = []string{os.Args[0], "closes-stubbornly", bye}
	r := changing(t, spec)
	spec.Listen = []listen.Spec{loopback}
	last := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Eventually(t, func() bool {
		l, err := net.Listen(old.Network, old.Address)
		if err == nil {
			l.Close()
		}
		return err == nil
	}, patience, time.Millisecond)
	last, err := r.ReloadByID(last.ID)
	require.NoError(t, err)
	require.Equal(t, record.ReloadLive, last.State, "the workers that had it still drain")
	require.NoError(t, os.WriteFile(bye, nil, 0o600))
}

// Whoever holds it was not looked at yet.
func TestASocketThatIsGivenUpDuringALookIsNotClosedByThatLook(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		open := func() *listen.Binding {
			s, err := listen.OpenSocket(loopback)
			require.NoError(t, err)
			return &listen.Binding{Asked: loopback, Sockets: []*listen.Socket{s}, First: s, Users: 1}
		}
		early, late := open(), open()
		b.observer.Looks.Families = func([]string) (map[string]kernel.Family, error) {
			_ = b.ask(func(l *loop) { l.lingering = append(l.lingering, late) })
			return nil, nil
		}
		_ = b.ask(func(l *loop) { l.lingering = []*listen.Binding{early} })
		require.True(t, b.caretaker.closeUnheld(), "one is left")
		require.NoError(t, b.ask(func(l *loop) { require.Equal(t, []*listen.Binding{late}, l.lingering) }))
		b.observer.Looks.Families = func([]string) (map[string]kernel.Family, error) { return nil, nil }
		require.False(t, b.caretaker.closeUnheld())
	})
}
