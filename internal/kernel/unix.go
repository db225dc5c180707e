package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// unixSocket is one socket of a unix_diag listing.
type unixSocket struct {
	unixMessage
	name     string // where it is bound; an accepted one carries its listener's
	peer     uint32 // inode of the other end, 0 without one
	queues   unixQueueLengths
	shutdown uint8
}

// dumpUnix lists all unix sockets in one of the states; the kernel has no filter
// by name.
func dumpUnix(states uint32) ([]unixSocket, error) {
	request := unixRequest{
		family: unix.AF_UNIX,
		states: states,
		show:   unixShowName | unixShowPeer | unixShowQueues,
	}
	messages, err := dump(encode(request))
	if err != nil {
		return nil, fmt.Errorf("list unix sockets: %w", err)
	}
	sockets := make([]unixSocket, 0, len(messages))
	for _, m := range messages {
		if s, ok := parseUnix(m.Data); ok {
			sockets = append(sockets, s)
		}
	}
	return sockets, nil
}

// parseUnix reads one unix_diag_msg with its attributes; not ok if it is broken.
func parseUnix(data []byte) (s unixSocket, ok bool) {
	if s.unixMessage, ok = decode[unixMessage](data); !ok {
		return s, false
	}
	attributes := data[unixMessageSize:]
	s.name = socketName(attribute(attributes, unixDiagName))
	s.queues, _ = decode[unixQueueLengths](attribute(attributes, unixDiagQueues))
	if peer := attribute(attributes, unixDiagPeer); len(peer) >= 4 {
		s.peer = binary.NativeEndian.Uint32(peer)
	}
	if shutdown := attribute(attributes, unixDiagShutdown); len(shutdown) > 0 {
		s.shutdown = shutdown[0]
	}
	return s, true
}

// socketName spells sun_path as getsockname does in Go: an abstract name, which
// begins with a zero byte, begins with @ instead, and the next zero byte ends it.
func socketName(path []byte) string {
	if len(path) == 0 {
		return ""
	}
	if path[0] == 0 {
		name, _, _ := bytes.Cut(path[1:], []byte{0})
		return "@" + string(name)
	}
	name, _, _ := bytes.Cut(path, []byte{0})
	return string(name)
}
