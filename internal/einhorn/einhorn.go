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
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ErrNoAck is returned for a message that acknowledges nothing.
var ErrNoAck = errors.New("not a worker:ack")

// longest is the most bytes that a message may have.
const longest = 4 << 10

// read reads messages until one acknowledges.
func read(c io.Reader) error {
	lines := bufio.NewScanner(c)
	lines.Buffer(make([]byte, longest), longest)
	for lines.Scan() {
		if err := parse(lines.Text()); err == nil {
			return nil
		}
	}
	return errors.Join(ErrNoAck, lines.Err())
}

var unescape = strings.NewReplacer("%25", "%", "%0A", "\n", "%0a", "\n")

// parse returns nil if the line is an acknowledgement, and else ErrNoAck or why it can't be
// read.
func parse(line string) error {
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
