package main

import (
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"golang.org/x/sys/unix"
)

// terminal is the terminal that rota was started from, if any. It sends signals that mean something else to
// rota: SIGTTOU and SIGTTIN stop a background job that prints or reads, and SIGHUP says that the terminal is
// gone.
type terminal struct {
	has   func() bool  // whether it is still there
	there atomic.Bool  // it was at the last look
	gone  atomic.Int64 // when it was first missed, in nanoseconds since 1970; 0: never
}

const (
	terminalEvery = 250 * time.Millisecond // between two looks
	hangUpWithin  = time.Second            // after the terminal is gone a SIGHUP still means that: a shell passes it on to its jobs
	goingWithin   = 100 * time.Millisecond // a SIGHUP may come before the terminal is gone
)

// attend watches the terminal until stop is closed.
func (t *terminal) attend(stop <-chan struct{}) {
	t.there.Store(t.has())
	if !t.there.Load() {
		return
	}
	go func() {
		ticker := time.NewTicker(terminalEvery)
		defer ticker.Stop()
		for t.look() {
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
		}
	}()
}

// look reports whether the terminal is still there.
func (t *terminal) look() bool {
	if t.there.Load() && !t.has() {
		t.there.Store(false)
		t.gone.CompareAndSwap(0, time.Now().UnixNano())
	}
	return t.there.Load()
}

// hungUp reports whether a SIGHUP that has just come is from the terminal.
func (t *terminal) hungUp() bool {
	for end := time.Now().Add(goingWithin); t.look() && time.Now().Before(end); {
		time.Sleep(goingWithin / 10)
	}
	gone := t.gone.Load()
	return gone != 0 && time.Since(time.Unix(0, gone)) < hangUpWithin
}

// mayHaveSent reports whether the terminal may have sent the signal to stop a background job.
func mayHaveSent(s os.Signal) bool {
	if s != syscall.SIGTTIN && s != syscall.SIGTTOU {
		return false
	}
	fd, err := openTerminal()
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	foreground, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil || foreground == unix.Getpgrp() {
		return false
	}
	settings, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return s == syscall.SIGTTIN || err != nil || settings.Lflag&unix.TOSTOP != 0
}

func hasTerminal() bool {
	fd, err := openTerminal()
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

func openTerminal() (int, error) {
	return unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

// unstopped writes to a terminal that stops background jobs which print. Because rota catches the signal for
// that, each try would only bring another one. While the signal is blocked the kernel prints and sends none.
type unstopped struct{ *os.File }

func (u unstopped) Write(p []byte) (n int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const bit = uint64(1) << (uint(unix.SIGTTOU) - 1)
	blocked, before := unix.Sigset_t{Val: [16]uint64{bit}}, unix.Sigset_t{}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, &before); err == nil {
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	}
	return u.File.Write(p)
}

// onTerminal reports whether the output goes to a terminal that can redraw.
func onTerminal(w io.Writer) bool {
	if o, ok := w.(*output); ok {
		w = o.Writer
	}
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd()) && os.Getenv("TERM") != "dumb"
}
