package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rota/internal/listen"
)

// A program that is told by its own configuration where it listens looks for a socket of just that address, as
// h2o does, and takes no other. If it takes none at an address of the doctor's, it is tried at that of the settings,
// as long as nobody else has it.

// ErrElsewhere is wrapped by the error that says so of a program that could not be tried there.
var ErrElsewhere = errors.New("not examined")

// places are the listeners of a trial, and the one that is examined. directory is for unix sockets.
func (e *examination) places(directory string) (all []listen.ListenAddress, examined listen.ListenAddress) {
	for _, a := range e.Spec.Listen {
		p := private(a, directory)
		if e.home {
			p.Address = a.Address
		}
		if stream := a.Network == "tcp" || a.Network == "unix"; stream && examined.Name == "" {
			examined = p
		}
		all = append(all, p)
	}
	if examined.Name == "" {
		examined = listen.ListenAddress{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"}
		all = append(all, examined)
	}
	return all, examined
}

// private is the listener at an address that nobody else knows of. It never shares its port with anybody.
func private(a listen.ListenAddress, directory string) listen.ListenAddress {
	p := listen.ListenAddress{Name: a.Name, Network: a.Network, IPv6Only: a.IPv6Only, NonBlock: a.NonBlock}
	switch {
	case a.Network == "unix" || a.Network == "unixgram":
		p.Address = directory + "/" + a.Name
	case a.IPv6Only:
		p.Address = "[::1]:0"
	default:
		p.Address = "127.0.0.1:0"
	}
	return p
}

// ownPlace is where the program is to listen once it is run; "" if that is anywhere.
func (e *examination) ownPlace() string {
	if !e.MayUse || e.home {
		return ""
	}
	for _, a := range e.Spec.Listen {
		if a.Network == "tcp" && !strings.HasSuffix(a.Address, ":0") || a.Network == "unix" {
			return a.Address
		}
		if a.Network == "tcp" {
			return ""
		}
	}
	return ""
}

// servingAt is the first trial once more, at the program's own place. first is what has failed elsewhere; it is
// the truth if this fails, too.
func (e *examination) servingAt(ctx context.Context, place string, first *refusal) error {
	e.home = true
	e.guards = e.guards.release(place)
	t, second, err := e.start(ctx)
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil:
		e.skip(takesSocket, fmt.Sprintf("%s; that was at an address of the doctor's own", first.what))
		return fmt.Errorf("%w: the program does not work with a socket at another address, and it can't be tried with one at %s: %w; "+
			"stop what serves there, or examine it with another address in --listen and in its configuration", ErrElsewhere, place, err)
	case second != nil:
		e.refuse(first)
	default:
		e.note = "only at its own address, " + place + ", where it is examined"
		e.whileItLives(ctx, t)
	}
	return e.conclude(ctx, t)
}
