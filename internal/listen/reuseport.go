package listen

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// With ReusePort each slot has a socket of its own.

// ForSlot is the socket that the worker of a slot inherits. It is opened if the pool has grown to it; a new socket
// gets no connections before its worker is ready.
func (b *Binding) ForSlot(slot int) (*Socket, error) {
	if !b.Asked.ReusePort {
		return b.Sockets[0], nil
	}
	if slot >= len(b.Sockets) {
		if err := b.steer(b.steered); err != nil {
			return nil, err
		}
	}
	for len(b.Sockets) <= slot {
		if err := b.grow(); err != nil {
			return nil, err
		}
	}
	return b.Sockets[slot], nil
}

// Admit lets the socket of a slot, whose worker is ready, get new connections as soon as the sockets before it do.
func (b *Binding) Admit(slot int) error {
	if !b.Asked.ReusePort || slot < b.steered || slot >= len(b.Sockets) {
		return nil
	}
	b.Sockets[slot].ready = true
	n := b.steered
	for n < len(b.Sockets) && b.Sockets[n].ready {
		n++
	}
	if n == b.steered {
		return nil
	}
	return b.steer(n)
}

// Dismiss keeps new connections away from the sockets of the slots from n on.
func (b *Binding) Dismiss(n int) error {
	if !b.Asked.ReusePort || n >= len(b.Sockets) {
		return nil
	}
	for _, s := range b.Sockets[n:] {
		s.ready = false
	}
	return b.steer(min(n, b.steered))
}

// Trim closes the sockets of the slots from n on.
func (b *Binding) Trim(n int) {
	for b.Asked.ReusePort && len(b.Sockets) > max(n, 1) {
		last := len(b.Sockets) - 1
		b.Sockets[last].Close()
		b.Sockets = b.Sockets[:last]
	}
	b.steered = min(b.steered, len(b.Sockets))
}

// ClosedUntilReady says why no client comes to a slot's socket before its worker is ready; "" if clients do come.
func (b *Binding) ClosedUntilReady(slot int) string {
	switch {
	case b.Back:
		return "clients of the listener " + b.Asked.Name + " are turned away until a worker is ready"
	case b.Asked.ReusePort && slot >= b.steered:
		return "the slot's own socket of the listener " + b.Asked.Name + " gets no connections until its worker is ready"
	}
	return ""
}

// steer makes the kernel give new connections to the first n sockets only. The others have no worker yet, or no slot
// any more; what is queued there is served before they are closed.
func (b *Binding) steer(n int) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: randomNumber},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(n)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	err := unix.SetsockoptSockFprog(b.Sockets[0].FD, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	if err != nil {
		return fmt.Errorf("cannot choose among the sockets of %s: %w", b.Asked, err)
	}
	b.steered = n
	return nil
}

// randomNumber is SKF_AD_OFF + SKF_AD_RANDOM, where a socket filter finds one.
const randomNumber = 0xfffff000 + 56
