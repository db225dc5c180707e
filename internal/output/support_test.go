package output

import (
	"bytes"
	"sync"
	"time"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

// safeBuffer is a buffer that many may write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
