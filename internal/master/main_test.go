package master

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
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
	"ignores-term":      func() { signal.Ignore(syscall.SIGTERM); sayReady(); stay() },
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
	"drains":            drainConnections,
	"probed":            probed,
	"probed-silent":     probedAnswer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
	"probed-unwell":     probedAnswer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }),
	"shuts-down":        shutDown,
	"serves":            greet,
	"reads-to-the-end":  readToTheEnd,
	"serves-bluntly":    greetBluntly,
	"serves-stubbornly": greetStubbornly,
	"closes-stubbornly": greetStubbornly,
	"wraps":             wrap,
	"greets-at-3":       greetAtThree,
	"website":           serveWebsite,
	"repaired":          serveRepaired,
	"asks":              askWebsite,
	"tells-signals":     tellSignals,
	"drops-connections": dropConnections,
	"ends-its-way":      endsItsWay,
	"converses":         converse,

	"serves-until-told":  serveUntilTold,
	"keeps-its-listener": keepListener,
	"hears-late":         hearLate,
	"hears-only":         hearOnly,
	"blocks-late":        blockLate,
	"listens-elsewhere":  listenElsewhere,
	"acknowledges":       acknowledge,
	"prints-files":       printFiles,
	"leaves-a-child":     func() { forkOnce(&syscall.SysProcAttr{}); good() },
	"leaves-a-daemon":    func() { forkOnce(&syscall.SysProcAttr{Setsid: true}); good() },
	"leaves-a-stray":     leaveStray,
	"floods":             func() { sayReady(); flood() },
	"one-floods":         oneFloods,
	"chatty-start":       chattyStart,
	"joins-another-group": func() {
		if group, err := syscall.Getpgid(os.Getppid()); err != nil || syscall.Setpgid(0, group) != nil {
			os.Exit(5)
		}
		signal.Ignore(syscall.SIGTERM)
		sayReady()
		stay()
	},
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
	goleak.VerifyTestMain(m)
}

// whenTerminated hears of SIGTERM.
func whenTerminated() <-chan os.Signal {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	return terminated
}

func good() {
	terminated := whenTerminated()
	sayReady()
	<-terminated
}

func neverReady() {
	fmt.Println("still thinking")
	terminated := whenTerminated()
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

// readToTheEnd waits for each client to say goodbye.
func readToTheEnd() {
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		os.Exit(8)
	}
	terminated := whenTerminated()
	go func() {
		<-terminated
		listeners[0].Close()
	}()
	sayReady()
	for {
		c, err := listeners[0].Accept()
		if err != nil {
			return
		}
		readsToTheEnd(c)
	}
}

// serveWebsite answers every request with 200, or with 500 in the slot that the second argument names.
func serveWebsite() {
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		os.Exit(8)
	}
	status := http.StatusOK
	if os.Getenv("ROTA_SLOT") == os.Args[2] {
		status = http.StatusInternalServerError
	}
	sayReady()
	_ = http.Serve(listeners[0], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
}

// serveRepaired answers with 500 in the first generation, which is a little hard of hearing, and with 200 in those after it.
func serveRepaired() {
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		os.Exit(8)
	}
	status := http.StatusOK
	if os.Getenv("ROTA_GENERATION") == "1" {
		status = http.StatusInternalServerError
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })}
	terminated := whenTerminated()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-terminated
		time.Sleep(200 * time.Millisecond) // of its own, not of the test
		_ = server.Shutdown(context.Background())
	}()
	sayReady()
	_ = server.Serve(listeners[0])
	<-stopped
}

// askWebsite is no worker but a check: it fails unless all of many answers are good.
func askWebsite() {
	for range 20 {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get("http://" + os.Getenv("ROTA_LISTEN"))
		if err != nil || response.StatusCode != http.StatusOK {
			fmt.Println(response, err)
			os.Exit(1)
		}
		response.Body.Close()
	}
}

// greetAtThree greets at the listener that it was given as a bare descriptor.
func greetAtThree() {
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		os.Exit(8)
	}
	greetAll(l)
}

// acknowledge says in einhorn's way that it is ready.
func acknowledge() {
	terminated := whenTerminated()
	c, err := net.Dial("unix", os.Getenv("EINHORN_SOCK_PATH"))
	if err != nil {
		fmt.Println(err)
		os.Exit(4)
	}
	fmt.Fprintf(c, "{\"command\":\"worker:ack\",\"pid\":%d}\n", os.Getpid())
	c.Close()
	<-terminated
}

// printFiles prints what its descriptors are, but for those that the Go runtime has for itself.
func printFiles() {
	var files []string
	for fd, target := range openFiles() {
		own := strings.HasPrefix(target, "anon_inode:") || strings.HasPrefix(target, "/sys/fs/cgroup/")
		if !own {
			files = append(files, fmt.Sprintf("%d %s", fd, target))
		}
	}
	slices.Sort(files)
	fmt.Println("files: " + strings.Join(files, ", "))
	good()
}

// openFiles is what each descriptor of this process is open on.
func openFiles() map[int]string {
	const own = "/proc/self/fd"
	entries, err := os.ReadDir(own)
	if err != nil {
		panic(err)
	}
	files := map[int]string{}
	for _, e := range entries {
		if target, err := os.Readlink(own + "/" + e.Name()); err == nil { // else it was the directory's
			fd, _ := strconv.Atoi(e.Name())
			files[fd] = target
		}
	}
	return files
}

// forkOnce starts a process that sleeps, holds the output and is not waited for, and writes its
// pid to the file that the second argument names. Where there is such a file it does nothing.
func forkOnce(attributes *syscall.SysProcAttr) {
	f, err := os.OpenFile(os.Args[2], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	sleeper := exec.Command("sleep", "1000")
	sleeper.Stdout, sleeper.SysProcAttr = os.Stdout, attributes
	if err := sleeper.Start(); err != nil {
		os.Exit(6)
	}
	fmt.Fprint(f, sleeper.Process.Pid)
	f.Close()
}

// leaveStray starts a process that has nothing of the worker but its sockets, and no parent.
func leaveStray() {
	middle := exec.Command("/bin/sh", "-c", `setsid sleep 1000 >/dev/null 2>&1 & echo $! >"$1"`, "sh", os.Args[2])
	middle.Env = []string{}
	if err := middle.Run(); err != nil {
		fmt.Println(err)
		os.Exit(6)
	}
	good()
}

func flood() {
	for range 20_000 {
		fmt.Println(strings.Repeat("water ", 40))
	}
	good()
}

// oneFloods prints, in slot 0, as fast as it can until it is told to stop, and then how many lines
// that were. In the other slots it prints a line for each connection.
func oneFloods() {
	if os.Getenv("ROTA_SLOT") != "0" {
		printGreetings()
	}
	terminated := whenTerminated()
	sayReady()
	out := bufio.NewWriterSize(os.Stdout, 32<<10)
	for n := 1; ; n++ {
		select {
		case <-terminated:
			fmt.Fprintln(out, "printed", n)
			out.Flush()
			return
		default:
			fmt.Fprintln(out, "water", n)
		}
	}
}

func printGreetings() {
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
		fmt.Println("greeted", c.RemoteAddr())
		c.Close()
	}
}

// chattyStart says in the middle of very many lines that it is ready.
func chattyStart() {
	flood := strings.Repeat("loading a module\n", 20_000)
	fmt.Print(flood, "listening on port 80\n", flood)
	terminated := whenTerminated()
	<-terminated
}

// stay never returns. The runtime would take a bare select for a deadlock, where there is no cgo.
func stay() {
	for {
		time.Sleep(time.Hour)
	}
}

func sayReady() { say(daemon.SdNotifyReady) }

func say(state string) {
	if sent, err := daemon.SdNotify(false, state); !sent || err != nil {
		fmt.Fprintln(os.Stderr, "cannot notify:", err)
		os.Exit(9)
	}
}

func readsToTheEnd(c net.Conn) {
	_, _ = io.Copy(io.Discard, c)
	c.Close()
}
