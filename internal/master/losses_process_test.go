package master

import (
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// endsItsWay greets every connection with the number of its generation, reads the first byte that comes from each, and answers it with
// a byte if that is to be. The other arguments say how it ends.
func endsItsWay() {
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		os.Exit(8)
	}
	how := strings.Join(os.Args[2:], " ")
	terminated := whenTerminated()
	if strings.Contains(how, "helper") {
		if exec.Command("sleep", "1000").Start() != nil {
			os.Exit(6)
		}
	}
	switch {
	case strings.Contains(how, "unhandled"):
		dieOf(unix.SIGTERM)
	case strings.Contains(how, "runtime"):
		signal.Reset(syscall.SIGTERM)
	default:
		go func() { <-terminated; listeners[0].Close() }()
	}
	young := strings.Contains(how, "young") && os.Getenv("ROTA_GENERATION") != "1"
	if !young {
		sayReady()
	}
	var open sync.WaitGroup
	for {
		c, err := listeners[0].Accept()
		if err != nil {
			break
		}
		open.Go(func() { exchangeWith(c, how, young) })
	}
	if strings.Contains(how, "drained") {
		open.Wait()
	}
	switch {
	case strings.Contains(how, "143"):
		os.Exit(143)
	case strings.Contains(how, "raises"):
		signal.Reset(syscall.SIGTERM)
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
		stay()
	case strings.Contains(how, "1"):
		os.Exit(1)
	}
}

func exchangeWith(c net.Conn, how string, young bool) {
	_, _ = c.Write([]byte(os.Getenv("ROTA_GENERATION")))
	if strings.Contains(how, "deaf") {
		stay()
	}
	if _, err := c.Read(make([]byte, 100)); err == nil && young {
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, c)
	c.Close()
}

// dieOf gives a signal back what it does where nobody handles it, which the Go runtime otherwise does.
func dieOf(sig syscall.Signal) {
	var action [4]uint64 // SIG_DFL, no flags, no restorer, no mask
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	if errno != 0 {
		os.Exit(6)
	}
}

func TestWhatAWorkerLosesWithItsEnd(t *testing.T) {
	for _, c := range []struct {
		how      string
		dropped  int
		doubtful bool
	}{
		{"unhandled", 3, true}, // and perhaps more
		{"unhandled helper", 3, true},
		{"runtime", 0, true},
		{"143", 0, true},
		{"1", 3, false},
		{"0", 0, true}, // who has asked waits
		{"0 deaf", 1, false},
		{"143 deaf", 1, true},
	} {
		t.Run(c.how, func(t *testing.T) {
			done := endingIn(t, c.how, func([]net.Conn) {})
			require.Equal(t, c.dropped, done.Dropped)
			require.Len(t, done.CutConnections, c.dropped)
			require.Equal(t, c.doubtful, done.DropUnknown, done.DropDoubts)
			require.Equal(t, c.doubtful, len(done.DropDoubts) > 0)
			require.NotEmpty(t, done.SeenBy)
		})
	}
}

// However a program ends that has drained, it has lost nobody.
func TestAWorkerThatHasDrainedLosesNothingWithItsEnd(t *testing.T) {
	for _, how := range []string{"drained 0", "drained 1", "drained 143", "drained raises", "drained 1 helper"} {
		t.Run(how, func(t *testing.T) {
			done := endingIn(t, how, func(clients []net.Conn) {
				for _, c := range clients {
					c.Close()
				}
			})
			require.Zero(t, done.Dropped)
			require.False(t, done.DropUnknown, done.DropDoubts)
			require.Equal(t, 3, done.Drained)
		})
	}
}
