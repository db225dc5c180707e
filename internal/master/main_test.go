package master

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/goleak"

	"rota/internal/launch"
)

// children are the programs that a test's workers run: this test binary, told by its
// first argument which of them to be.
var children = map[string]func(){
	"good":              good,
	"never-ready":       neverReady,
	"exits-3":           func() { fmt.Fprintln(os.Stderr, "the database is on fire"); os.Exit(3) },
	"ignores-term":      func() { signal.Ignore(syscall.SIGTERM); sayReady(); select {} },
	"ready-twice":       func() { sayReady(); good() },
	"prints-env":        func() { fmt.Println(strings.Join(os.Environ(), "\n")); good() },
	"closes-output":     func() { os.Stdout.Close(); os.Stderr.Close(); good() },
	"holds-connections": holdConnections,
	"drops-privileges": func() {
		if err := syscall.Setuid(65534); err != nil {
			os.Exit(5)
		}
		good()
	},
	"floods": func() { sayReady(); flood() },
	"asks-for-time": func() {
		say("STATUS=warming up\nEXTEND_TIMEOUT_USEC=60000000")
		time.Sleep(700 * time.Millisecond)
		good()
	},
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == launch.Verb {
		fmt.Fprintln(os.Stderr, launch.Main(os.Args))
		os.Exit(launch.FailedExit)
	}
	if len(os.Args) > 1 {
		if child, ok := children[os.Args[1]]; ok {
			child()
			return
		}
	}
	// A child built with the race detector would otherwise take a second to exit.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	if err := flag.Set("rapid.checks", "2000"); err != nil { // the command line may say otherwise
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func good() {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	sayReady()
	<-terminated
}

func neverReady() {
	fmt.Println("still thinking")
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	<-terminated
}

// holdConnections greets every connection and keeps it, and does not leave for SIGTERM.
func holdConnections() {
	signal.Ignore(syscall.SIGTERM)
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		os.Exit(8)
	}
	sayReady()
	for {
		c, err := listeners[0].Accept()
		if err != nil {
			os.Exit(7)
		}
		_, _ = c.Write([]byte("x"))
		held = append(held, c)
	}
}

var held []net.Conn

func flood() {
	for range 20_000 {
		fmt.Println(strings.Repeat("water ", 40))
	}
	good()
}

func sayReady() { say(daemon.SdNotifyReady) }

func say(state string) {
	if sent, err := daemon.SdNotify(false, state); !sent || err != nil {
		fmt.Fprintln(os.Stderr, "cannot notify:", err)
		os.Exit(9)
	}
}
