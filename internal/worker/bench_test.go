package worker

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each server is a process of its own, so that the clients here don't share its scheduler. The plain one
// is what one would write in Go without a thought: a goroutine and a buffer per connection.

func BenchmarkPingPong64(b *testing.B) {
	compare(b, func(b *testing.B, address string, _ []int) {
		b.SetParallelism(32) // times two cores
		b.RunParallel(func(pb *testing.PB) {
			c, err := net.Dial("tcp", address)
			if err != nil {
				panic(err)
			}
			defer c.Close()
			for pb.Next() {
				exchange(c)
			}
		})
	})
}

func BenchmarkChurn(b *testing.B) {
	compare(b, func(b *testing.B, address string, _ []int) {
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c, err := net.Dial("tcp", address)
				if err != nil {
					panic(err)
				}
				c.(*net.TCPConn).SetLinger(0) // spares the machine's ports
				exchange(c)
				c.Close()
			}
		})
	})
}

// BenchmarkIdleConnection reports what the server's process grows by for each connection that has had
// one answer and then sleeps. Run it with -benchtime=5000x.
func BenchmarkIdleConnection(b *testing.B) {
	compare(b, func(b *testing.B, address string, pids []int) {
		for range 500 { // so that the server's code and its first heap are in memory
			c, err := net.Dial("tcp", address)
			require.NoError(b, err)
			exchange(c)
			c.Close()
		}
		before := residentBytes(b, pids)
		for range b.N {
			c, err := net.Dial("tcp", address)
			require.NoError(b, err)
			defer c.Close()
			exchange(c)
		}
		b.ReportMetric(float64(residentBytes(b, pids)-before)/float64(b.N), "resident-B/conn")
	})
}

// compare sets one worker against a plain server on one core, and a worker per core against one on all.
func compare(b *testing.B, measure func(b *testing.B, address string, pids []int)) {
	for _, with := range []struct {
		name, role string
		processes  int
		cores      string
	}{
		{"one-core/worker", "worker", 1, "1"}, {"one-core/plain", "plain", 1, "1"},
		{"all-cores/workers", "worker", runtime.NumCPU(), ""}, {"all-cores/plain", "plain", 1, ""},
	} {
		b.Run(with.name, func(b *testing.B) {
			address, pids := startServers(b, with.role, with.processes, "GOMAXPROCS="+with.cores)
			before := cpuTime(b, pids)
			b.ResetTimer()
			measure(b, address, pids)
			b.ReportMetric(float64(cpuTime(b, pids)-before)/float64(b.N), "server-cpu-ns/op")
		})
	}
}

func startServers(b *testing.B, role string, processes int, env string) (address string, pids []int) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(b, err)
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	require.NoError(b, err)
	defer file.Close()
	for range processes {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "WORKER_TEST_ROLE="+role, "LISTEN_FDS=1", "LISTEN_FDNAMES=tcp", env)
		child.ExtraFiles = []*os.File{file}
		require.NoError(b, child.Start())
		b.Cleanup(func() {
			child.Process.Signal(syscall.SIGTERM)
			child.Wait()
		})
		pids = append(pids, child.Process.Pid)
	}
	return ln.Addr().String(), pids
}

func exchange(c net.Conn) {
	var answer [11]byte
	if _, err := c.Write([]byte("ping")); err != nil {
		panic(err)
	}
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		panic(err)
	}
}

func residentBytes(b *testing.B, pids []int) (sum int) {
	for _, pid := range pids {
		pages, err := strconv.Atoi(procFields(b, pid, "statm")[1])
		require.NoError(b, err)
		sum += pages * os.Getpagesize()
	}
	return sum
}

// cpuTime comes in steps of 10 ms.
func cpuTime(b *testing.B, pids []int) (sum time.Duration) {
	for _, pid := range pids {
		for _, ticks := range procFields(b, pid, "stat")[13:15] { // user, system
			n, err := strconv.Atoi(ticks)
			require.NoError(b, err)
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}

func procFields(b *testing.B, pid int, name string) []string {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + name)
	require.NoError(b, err)
	return strings.Fields(string(content))
}

// servePlainly is the server to compare with.
func servePlainly(ctx context.Context, listeners []Listener) error {
	ln, err := net.FileListener(os.NewFile(uintptr(listeners[0].FD), "tcp"))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { os.Exit(0) })
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 4<<10)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
				if _, err := c.Write(reply); err != nil {
					return
				}
			}
		}()
	}
}
