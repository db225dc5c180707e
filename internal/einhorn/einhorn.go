// Package einhorn is the master's end of the socket at which a program written for the einhorn
// supervisor says that it is ready.
//
// The protocol is a line for a message: YAML, of which JSON is a part, with its line ends and
// percent signs escaped as in a URL. Only one command means something to a worker:
// worker:ack.
package einhorn

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"rota/internal/lapse"
)

// ErrNoAck is returned for a message that acknowledges nothing.
var ErrNoAck = errors.New("not a worker:ack")

const (
	patience = 5 * time.Second // with a client that has connected and says nothing
	longest  = 4 << 10         // of a message, in bytes
	pause    = 50 * time.Millisecond
)

// Acks calls ack with the connection of each client that sends an acknowledgement, until the listener is
// closed. What else a client says is passed over.
func Acks(l *net.UnixListener, ack func(*net.UnixConn)) {
	for {
		c, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no descriptor is free: who has connected waits
			time.Sleep(pause)
			continue
		}
		go func() {
			defer c.Close()
			defer lapse.AfterFunc(patience, func() { _ = c.SetDeadline(time.Unix(1, 0)) }).Stop()
			if read(c) == nil {
				ack(c)
			}
		}()
	}
}

// read reads messages until one acknowledges.
func read(c *net.UnixConn) error {
	lines := bufio.NewScanner(c)
	lines.Buffer(make([]byte, longest), longest)
	for lines.Scan() {
		if err := Parse(lines.Text()); err == nil {
			return nil
		}
	}
	return errors.Join(ErrNoAck, lines.Err())
}

var unescape = strings.NewReplacer("%25", "%", "%0A", "\n", "%0a", "\n")

// Parse returns nil if the line is an acknowledgement, and else ErrNoAck or why it can't be
// read.
func Parse(line string) error {
	var message struct {
		Command string `yaml:"command"`
	}
	if err := yaml.Unmarshal([]byte(unescape.Replace(line)), &message); err != nil {
		return err
	}
	if message.Command != "worker:ack" {
		return ErrNoAck
	}
	return nil
}
