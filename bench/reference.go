package main

import (
	"context"
	"fmt"
	"io"
	"net"
)

// reference is what rota is held against: the hello-world protocol as anybody would write it in Go, one
// process, a goroutine and a buffer for each connection. It prints its address and serves until input ends.
func reference(input io.Reader, output io.Writer) error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go serveReference(listener)
	fmt.Fprintln(output, listener.Addr())
	_, err = io.Copy(io.Discard, input)
	return err
}

func serveReference(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go answer(conn)
	}
}

func answer(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 4096)
	for {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
		if _, err := conn.Write([]byte(reply)); err != nil {
			return
		}
	}
}

// startReference starts it as a process of its own, and returns its address.
func startReference(ctx context.Context) (*process, string, error) {
	return startHelper(ctx, "reference")
}
