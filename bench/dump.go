package main

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"sync/atomic"
	"syscall"
	"time"
)

// dump is a process's standard error. It is shown, or kept instead.
type dump struct {
	kept atomic.Bool
	text bytes.Buffer // to be read when the process has ended
}

func (d *dump) Write(b []byte) (int, error) {
	if d.kept.Load() {
		return d.text.Write(b)
	}
	return os.Stderr.Write(b)
}

var goroutineHeader = regexp.MustCompile(`(?m)^goroutine \d+ .*\[`)

// goroutines ends rota and returns how many goroutines the master had: a Go program that gets SIGABRT lists
// them. There is no way to ask one that is to live on.
func (r *rota) goroutines() (float64, error) {
	r.dump.kept.Store(true)
	if err := r.cmd.Process.Signal(syscall.SIGABRT); err != nil {
		return 0, err
	}
	select {
	case <-r.exited:
	case <-time.After(patience):
		return 0, errors.New("rota did not end when it was aborted")
	}
	n := len(goroutineHeader.FindAll(r.dump.text.Bytes(), -1))
	if n == 0 {
		return 0, errors.New("rota did not list its goroutines when it was aborted")
	}
	return float64(n), nil
}
