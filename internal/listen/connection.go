package listen

import (
	"strconv"
	"time"

	"rota/internal/kernel"
	"rota/internal/record"
)

// Connection is a connection that a worker holds, as the kernel sees it.
type Connection struct {
	kernel.Connection
	WorkerID string
}

// ConnectionState sums up what a connection is doing, as opposed to the state of TCP.
type ConnectionState string

// The states of a connection.
const (
	ConnectionActive     ConnectionState = "active"      // bytes are queued, or moved lately
	ConnectionIdle       ConnectionState = "idle"        // neither
	ConnectionHalfClosed ConnectionState = "half-closed" // one side has sent a FIN
)

// activeFor is how long a connection counts as active after data has moved.
const activeFor = time.Second

// State sums up what the connection is doing. For a unix connection the kernel only tells what is queued.
func (c *Connection) State() ConnectionState {
	moved := c.TCP != nil && c.TCP.Idle < activeFor
	switch {
	case c.TCPState != "ESTABLISHED":
		return ConnectionHalfClosed
	case c.RecvQueue > 0 || c.SendQueue > 0 || moved:
		return ConnectionActive
	}
	return ConnectionIdle
}

// Idle is how long no data has moved; 0 if the kernel does not tell.
func (c *Connection) Idle() time.Duration {
	if c.TCP == nil {
		return 0
	}
	return c.TCP.Idle
}

// ID names the connection for as long as the kernel runs: the kernel's cookie of its socket, in hexadecimal.
func (c *Connection) ID() string { return strconv.FormatUint(c.Cookie, 16) }

// CookieOf reads what ID has written.
func CookieOf(id string) (uint64, bool) {
	cookie, err := strconv.ParseUint(id, 16, 64)
	return cookie, err == nil && strconv.FormatUint(cookie, 16) == id
}

// BytesOut is how much the worker has sent; 0 if the kernel does not tell.
func (c *Connection) BytesOut() uint64 {
	if c.TCP == nil {
		return 0
	}
	return c.TCP.BytesOut
}

// CutConnections describes the first of the connections for a record of how they ended.
func CutConnections(list []Connection, how record.CutHow) []record.CutConnection {
	var described []record.CutConnection
	for i := range list[:min(len(list), record.MostCut)] {
		c := &list[i]
		one := record.CutConnection{ID: c.ID(), WorkerID: c.WorkerID, Listener: c.Listener, Remote: c.Remote,
			State: string(c.State()), Idle: -1, How: how}
		if c.TCP != nil {
			one.Idle = c.TCP.Idle
		}
		described = append(described, one)
	}
	return described
}
