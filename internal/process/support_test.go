package process

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/stretchr/testify/require"

	"rota/internal/listen"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

// loopback is a port of the kernel's choice that nobody else on the network reaches.
var loopback = listen.Spec{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"}

// inOwnProcess runs the calling test again in a process of its own, and reports whether this is the one that did.
func inOwnProcess(t *testing.T) bool {
	t.Helper()
	const mark = "ROTA_TEST_IN_OWN_PROCESS"
	if os.Getenv(mark) != "" {
		return false
	}
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), mark+"=1")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: "+t.Name())
	return true
}

// TestMain is the test, or the child that one of them starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "strange-user" {
		strangeUser()
		return
	}
	os.Exit(m.Run())
}

// strangeUser calls itself ready as somebody it should not be believed, and stays while it is read.
func strangeUser() {
	if err := syscall.Setuid(65534); err != nil {
		os.Exit(5)
	}
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		os.Exit(4)
	}
	fmt.Print("said")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
