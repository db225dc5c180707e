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

// A terminal has a say in signals that mean something else to rota: it stops who prints or reads in the background
// by SIGTTOU and SIGTTIN, and tells everybody by SIGHUP that it has gone.

// terminal is the one that rota was started at, if any.
type terminal struct {
	has   func() bool  // whether it is there
	there atomic.Bool  // it was, at the last look
	gone  atomic.Int64 // when it was first missed, in nanoseconds since 1970; 0 if it never was
}

const (
	terminalEvery = 250 * time.Millisecond // between two looks whether it is there
	hangUpWithin  = time.Second            // after it has gone a SIGHUP is still about that: a shell passes it on to its jobs
	goingWithin   = 100 * time.Millisecond // a SIGHUP may come before it has gone
)

// attend looks for the terminal until stop is closed. Who is to outlive it, as by nohup, need not know.
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

// look reports whether it is still there.
func (t *terminal) look() bool {
	if t.there.Load() && !t.has() {
		t.there.Store(false)
		t.gone.CompareAndSwap(0, time.Now().UnixNano())
	}
	return t.there.Load()
}

// hungUp reports whether a SIGHUP that has just come is the terminal's.
func (t *terminal) hungUp() bool {
	for end := time.Now().Add(goingWithin); t.look() && time.Now().Before(end); {
		time.Sleep(goingWithin / 10)
	}
	gone := t.gone.Load()
	return gone != 0 && time.Since(time.Unix(0, gone)) < hangUpWithin
}

// mayHaveSent reports whether the signal can be a terminal's, which stops jobs in the background by it.
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

// unstopped prints to a terminal that would stop who prints in the background. The signal for that would come again for each try,
// for ever, since rota catches it. While it is blocked, the kernel prints and sends none.
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

// onTerminal says whether somebody looks at the output, and lets it be drawn over.
func onTerminal(w io.Writer) bool {
	if o, ok := w.(*output); ok {
		w = o.Writer
	}
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd()) && os.Getenv("TERM") != "dumb"
}
