package reach

import (
	"net"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// attempt is one connection of a search. Nothing is sent on it.
type attempt struct {
	net.Conn
	client listen.Client
	place  kernel.PeerPlace // at the latest look
	ended  int              // looks at which it was over without a sign of who had accepted it
}

// acceptedAttempt is an attempt that a process has accepted.
type acceptedAttempt struct {
	attempt
	worker string // of those wanted; "" for another process, or if nobody knows
}

// look takes the accepted attempts out of those that wait. It fails if the kernel does not tell.
func (s *Search) look(workers []string) (accepted []acceptedAttempt, err error) {
	held := map[uint64]listen.Client{}
	for i := range s.waiting {
		if err := s.waiting[i].look(held); err != nil {
			return nil, err
		}
	}
	var holders map[listen.Client]string
	if len(held) > 0 {
		if holders, err = s.dialer.Holders(workers, held); err != nil {
			return nil, err
		}
	}
	var left []attempt
	for _, one := range s.waiting {
		if one.place != kernel.PeerHeld && one.ended < 2 {
			left = append(left, one)
			continue
		}
		s.counts.Accepted++
		if one.place != kernel.PeerHeld {
			s.counts.Unknown++
		}
		accepted = append(accepted, acceptedAttempt{one, holders[one.client]})
	}
	s.waiting = left
	return accepted, nil
}

// look finds out how far the connection has come. If a process holds it, look adds it to held by its inode.
func (a *attempt) look(held map[uint64]listen.Client) error {
	over := ClosedByPeer(a.Conn) // before the holder is looked up: a process that closes it is no holder any more
	peer, err := kernel.PeerOf(a.Conn)
	if err != nil {
		return err
	}
	a.place = peer.Where
	switch {
	case a.place == kernel.PeerHeld:
		held[peer.Inode] = a.client
	case over, a.place == kernel.PeerDropped:
		a.ended++ // counts from the second look on, since the first may come just before a process holds it
	}
	return nil
}
