package minder

import (
	"syscall"

	"rota/internal/kernel"
	"rota/internal/output"
	"rota/internal/process"
)

// fakeProcess says and does nothing by itself, and remembers the signals that it got.
type fakeProcess struct {
	end     chan process.ExitStatus
	signals []syscall.Signal
}

func (f *fakeProcess) Arrived() func() bool             { return func() bool { return false } }
func (f *fakeProcess) PID() int                         { return 0 }
func (f *fakeProcess) Notes() <-chan process.Note       { return nil }
func (f *fakeProcess) Output() <-chan output.Chunk      { return nil }
func (f *fakeProcess) Ended() <-chan process.ExitStatus { return f.end }
func (f *fakeProcess) Close()                           {}
func (f *fakeProcess) Spare()                           {}
func (f *fakeProcess) Root() kernel.Root                { return kernel.Root{} }
func (f *fakeProcess) WhyUnready() string               { return "" }

func (f *fakeProcess) Signal(sig syscall.Signal, _ bool) {
	f.signals = append(f.signals, sig)
	if sig == syscall.SIGKILL {
		f.end <- process.ExitStatus{Code: -1, Signal: "SIGKILL"}
	}
}
