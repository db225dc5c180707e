// Package e2e drives the built binary as its users do: processes, signals, sockets, HTTP
// and a browser. Nothing here sleeps to synchronise; every wait is for something to be seen,
// and only its patience is a time.
package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long something that will happen may take on a noisy machine.
const patience = 60 * time.Second

// binary is the program under test, and faulty one that misbehaves under it; each built once.
var binary, faulty string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "rota-e2e")
	if err != nil {
		panic(err)
	}
	binary, faulty = filepath.Join(dir, "rota"), filepath.Join(dir, "faulty")
	build("-ldflags", "-X main.version=v0.1.0-test", "-o", binary, "rota/cmd/server")
	build("-o", faulty, "rota/e2e/faulty")
	if signal.Ignored(syscall.SIGHUP) { // by nohup: what is started here has to heed it
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	code := m.Run()
	stopBrowser()
	http.DefaultClient.CloseIdleConnections()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// build builds as the Makefile does.
func build(args ...string) {
	command := exec.Command("go", append([]string{"build", "-trimpath", "-buildvcs=false"}, args...)...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}
