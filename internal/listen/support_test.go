package listen

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

// loopback is a port of the kernel's choice that nobody else on the network reaches.
var loopback = Spec{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"}

// freePort is an address of this machine that nobody listens on, outside of the range that the kernel gives out.
func freePort(t *testing.T) string {
	t.Helper()
	for port := 20_300 + os.Getpid()%10_000; ; port++ {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
}

// unixListener is one in a directory of its own.
func unixListener(t *testing.T) Spec {
	t.Helper()
	return Spec{Name: "unix", Network: "unix", Address: filepath.Join(t.TempDir(), "run", "app.sock")}
}
