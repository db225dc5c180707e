package observer

import (
	"context"

	"rota/internal/listen"
	"rota/internal/reach"
)

// Search is what a search must know of the loop.
type Search interface {
	// Wanted says for which workers to go on searching, and how fast. The search is over if there are none.
	Wanted() reach.Wanted
	// Found takes in what a round has shown, and returns whether a worker was seen to accept for the first time.
	Found(seen reach.Found, err error) (progress bool)
}

// Search finds out which workers accept from a listener where none of their threads seems to wait for connections: by
// connections of rota's own. It goes on until no worker is sought any more.
func (o *Observer) Search(a listen.Spec, loop Search) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-o.done:
		case <-ctx.Done():
		}
		cancel()
	}()
	s := o.Dialer().Search(a)
	defer s.Close()
	for wanted := loop.Wanted(); len(wanted.Workers) > 0; wanted = loop.Wanted() {
		found, err := s.Round(ctx, wanted)
		if loop.Found(found, err) {
			s.Hurry()
		}
		if err != nil {
			o.pause(reach.LongestGap)
		}
	}
}
