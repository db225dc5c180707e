package process

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Of a pool that grew a lot and shrinks again, most workers may still wait for their turn.
func TestAWorkerThatIsToldToStopBeforeItsTurnIsNotStarted(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	s := NewSpawner()
	defer s.Stop()
	turn, blocked := make(chan struct{}), make(chan struct{})
	go func() {
		s.requests <- func(map[int]*child) { close(blocked); <-turn }
	}()
	<-blocked
	orders := make(chan struct{}, 1)
	refused := make(chan error, 1)
	go func() {
		_, _, err := s.fork(forkSpec{path: "/bin/true", argv: []string{"true"}, cancelled: func() bool { return len(orders) > 0 }})
		refused <- err
	}()
	orders <- struct{}{}
	close(turn)
	require.ErrorIs(t, <-refused, errCancelled)
}
