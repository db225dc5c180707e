package e2e

import (
	"strings"
	"sync"
)

// logBuffer keeps what the master logs.
type logBuffer struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed at the next line
}

func newLogBuffer() *logBuffer { return &logBuffer{more: make(chan struct{})} }

func (l *logBuffer) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	close(l.more)
	l.more = make(chan struct{})
}

// find waits for a line that contains all the texts and returns it, or "" once done is closed.
func (l *logBuffer) find(done <-chan struct{}, texts ...string) string {
	for {
		l.mu.Lock()
		more := l.more
		for _, line := range l.lines {
			if containsAll(line, texts) {
				l.mu.Unlock()
				return line
			}
		}
		l.mu.Unlock()
		select {
		case <-more:
		case <-done:
			return ""
		}
	}
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// last is the line after which, so far, there was none.
func (l *logBuffer) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == 0 {
		return ""
	}
	return l.lines[len(l.lines)-1]
}

func containsAll(s string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(s, text) {
			return false
		}
	}
	return true
}
