// Package testbuffer has a buffer for tests that may be read while others write to it, such as a log.
package testbuffer

import (
	"bytes"
	"sync"
)

// Buffer is a bytes.Buffer that any goroutine may use. Its zero value is empty.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p. It never fails.
func (s *Buffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// String is what was written so far.
func (s *Buffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
