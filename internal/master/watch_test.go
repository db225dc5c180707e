package master

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// shutDown is what a worker does that ends its server with the wrong system call, once.
func shutDown() {
	marker := os.Args[2]
	if _, err := os.Stat(marker); err != nil {
		_ = unix.Shutdown(listen.FirstInherited, unix.SHUT_RDWR)
		_ = os.WriteFile(marker, nil, 0o600)
	}
	good()
}

func TestATCPListenerThatAWorkerShutDownListensAgain(t *testing.T) {
	port := freePort(t)
	r := runMaster(t, plan.Spec{Workers: 1, Listen: []listen.Spec{{Name: "tcp", Network: "tcp", Address: port}},
		Command: []string{os.Args[0], "shuts-down", filepath.Join(t.TempDir(), "done")}}, "")
	r.ready(1)
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), `"mended":true`) }, patience, time.Millisecond)
	c, err := net.Dial("tcp", port)
	require.NoError(t, err)
	c.Close()
	s, err := r.Status()
	require.NoError(t, err)
	require.Empty(t, s.Missing)
}

func TestAUnixListenerThatAWorkerShutDownIsOpenedAnewByAReload(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "app.sock")
	r := runMaster(t, plan.Spec{Workers: 1, Listen: []listen.Spec{{Name: "unix", Network: "unix", Address: path}},
		Command: []string{os.Args[0], "shuts-down", filepath.Join(directory, "done")}}, "")
	r.ready(1)
	require.Eventually(t, func() bool { s, err := r.Status(); return err == nil && len(s.Missing) == 1 }, patience, time.Millisecond)
	_, err := net.Dial("unix", path)
	require.Error(t, err)
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	c.Close()
	s, err := r.Status()
	require.NoError(t, err)
	require.Empty(t, s.Missing)
}

// freePort is below those that the kernel gives to clients.
func freePort(t *testing.T) string {
	t.Helper()
	for port := 10_300 + os.Getpid()%10_000; ; port++ {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
}
