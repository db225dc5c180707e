package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	message = "ping"
	reply   = "hello world"

	// patience is how long one connection may take before it counts as failed.
	patience = 5 * time.Second
)

var errWrongReply = errors.New("wrong reply")

// sources counts connections to spread them over 127.0.0.2 … 127.0.0.201: whoever closes first
// keeps the port in TIME_WAIT for a minute, and one address has 28,000 ports only.
var sources atomic.Uint32

func dial(addr string) (net.Conn, error) {
	source := net.IPv4(127, 0, 0, byte(2+sources.Add(1)%200))
	dialer := net.Dialer{
		Timeout:   patience,
		KeepAlive: -1,
		LocalAddr: &net.TCPAddr{IP: source},
		Control:   choosePortAtConnect,
	}
	return dialer.Dial("tcp4", addr)
}

// choosePortAtConnect lets the kernel choose the port when the destination is known, so
// that a port only has to be free towards that destination.
func choosePortAtConnect(_, _ string, raw syscall.RawConn) error {
	var failure error
	err := raw.Control(func(fd uintptr) {
		failure = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
	return errors.Join(err, failure)
}

// exchange sends one message and reads the reply.
func exchange(conn net.Conn, buffer *[len(reply)]byte) error {
	if _, err := conn.Write([]byte(message)); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, buffer[:]); err != nil {
		return err
	}
	if string(buffer[:]) != reply {
		return fmt.Errorf("%w: %q", errWrongReply, buffer[:])
	}
	return nil
}
