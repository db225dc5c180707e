package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rota/internal/listen"
)

// A program whose own configuration says where it listens may look for an inherited socket with just that
// address, as h2o does, and take no other. If a program does not take a socket at an address that the doctor
// chose, the doctor tries the address in the settings, unless somebody else uses it.

// ErrElsewhere means that the program needs its own address, and that somebody else uses it.
var ErrElsewhere = errors.New("not examined")

// places returns the listeners of a run, and the examined one of them. Unix sockets are put into the
// directory.
func (e *examination) places(directory string) (all []listen.Spec, examined listen.Spec) {
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
		examined = listen.Spec{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"}
		all = append(all, examined)
	}
	return all, examined
}

// private returns the listener with an address that nobody else knows. It does not share its port.
func private(a listen.Spec, directory string) listen.Spec {
	p := listen.Spec{Name: a.Name, Network: a.Network, IPv6Only: a.IPv6Only, NonBlock: a.NonBlock}
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

// ownPlace returns the address in the settings, if the program may be examined there; else "".
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

// servingAt repeats the first run at the program's own address. first is how it failed at another address.
// That is the result if this run fails, too.
func (e *examination) servingAt(ctx context.Context, place string, first *refusal) error {
	e.home = true
	e.guards = e.guards.release(place)
	r, second, err := e.start(ctx)
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
		e.whileItLives(ctx, r)
	}
	return e.conclude(ctx, r)
}
