package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"rota/internal/lapse"
)

// interrupted is why a wait has ended that somebody did not want to sit out.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return "interrupted by " + unix.SignalName(i.signal) }

// untilSignal returns a context that SIGINT and SIGTERM end; interrupted is its cause then. Another signal does
// what it does by default, should the first one's message not get through; but not at once, because one order may
// arrive twice.
func untilSignal(parent context.Context) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-caught:
			lapse.AfterFunc(echoWithin, func() { signal.Stop(caught) })
			number, _ := s.(syscall.Signal)
			cancel(interrupted{number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(caught)
		cancel(nil)
	}
}
