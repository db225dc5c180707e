package doctor

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// program is a small HTTP server, and a good worker unless one of its fields makes it worse.
type program struct {
	ready       func()
	accepting   func()           // before it begins to
	accepted    func(c net.Conn) // each connection
	stopping    func(l net.Listener)
	ignores     bool          // the stop signal
	mute        bool          // closes what it has accepted
	dropsSilent bool          // at the signal
	cuts        bool          // at the signal, requests that are half read
	keeps       bool          // idle connections, after the signal
	neverCloses bool          // says so with no answer, after the signal
	acceptsLast bool          // and drops who comes just after the signal
	echoes      bool          // speaks no HTTP: every chunk is an answer to a chunk
	greets      bool          // speaks first
	alone       bool          // serves one connection after the other
	slow        time.Duration // what the answer to /slow takes
	exits       int

	tls      *tls.Config // nil: it speaks in the clear
	listener net.Listener
	mu       sync.Mutex
	conns    map[net.Conn]connState
	draining bool
	crew     sync.WaitGroup
}

// idleGrace is how long the program that never says close waits for a next request when it drains.
const idleGrace = time.Second

type connState int

const (
	silent connState = iota
	halfRead
	busy
	idle
)

// misbehaviours are by the first argument.
var misbehaviours = map[string]func(p *program){
	"good":               func(*program) {},
	"good-echo":          func(p *program) { p.echoes = true },
	"good-greeter":       func(p *program) { p.echoes, p.greets = true, true },
	"good-one-at-a-time": func(p *program) { p.alone = true },
	"good-but-slow":      func(p *program) { p.slow = 1500 * time.Millisecond },
	"good-but-defers": func(p *program) {
		p.ready = func() {
			control(p.listener, func(fd int) error {
				return syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_DEFER_ACCEPT, 5)
			})
			sayReady()
		}
	},
	"good-but-mum":  func(p *program) { p.ready = func() {} },
	"binds-its-own": bindsItsOwn,
	"never-ready":   func(p *program) { p.ready = func() { fmt.Println("thinking"); time.Sleep(time.Hour) } },
	"exits-at-once": func(p *program) { p.ready = func() { fmt.Println("no database"); os.Exit(4) } },
	"crashes-at-length": func(p *program) {
		p.ready = func() {
			for range 25 { // each of which has a trace
				go func() { select {} }()
			}
			debug.SetTraceback("all")
			panic("no database")
		}
	},
	"goes-to-the-background": func(p *program) {
		p.ready = func() {
			if err := exec.Command("sleep", "60").Start(); err != nil {
				os.Exit(4)
			}
			os.Exit(0)
		}
	},
	"ready-too-early":   func(p *program) { p.accepting = func() { time.Sleep(2000 * time.Millisecond) } },
	"closes-unanswered": func(p *program) { p.mute = true },
	"crashes-under-load": func(p *program) {
		var latest []time.Time
		p.accepted = func(net.Conn) {
			latest = append(latest, time.Now())
			if n := len(latest); n > 20 && latest[n-1].Sub(latest[n-20]) < 20*arrival/2 { // newcomers come half as fast
				fmt.Println("out of luck")
				os.Exit(5)
			}
		}
	},
	"drops-silent":     func(p *program) { p.dropsSilent = true },
	"cuts-in-flight":   func(p *program) { p.cuts = true },
	"holds-keep-alive": func(p *program) { p.keeps = true },
	"never-says-close": func(p *program) { p.neverCloses = true },
	"shrinks-the-queue": func(p *program) {
		p.ready = func() {
			control(p.listener, func(fd int) error { return syscall.Listen(fd, 100) })
			sayReady()
		}
	},
	"accepts-and-drops":       func(p *program) { p.acceptsLast = true },
	"ignores-the-signal":      func(p *program) { p.ignores = true },
	"exits-3":                 func(p *program) { p.exits = 3 },
	"shuts-the-listener-down": func(p *program) { p.stopping = shutDown },
	"unlinks-the-path": func(p *program) {
		p.stopping = func(l net.Listener) { os.Remove(l.Addr().String()) }
	},
	// Its configuration names the path.
	"unlinks-its-own-path": func(p *program) {
		p.stopping = func(net.Listener) { os.Remove(os.Args[2]) }
	},
	"puts-its-own-in-the-place": func(p *program) {
		p.stopping = func(net.Listener) {
			os.Remove(os.Args[2])
			if l, err := net.ListenUnix("unix", &net.UnixAddr{Name: os.Args[2]}); err == nil {
				l.SetUnlinkOnClose(false)
			}
		}
	},
	// So does that of the address.
	"takes-no-other-address": func(p *program) {
		p.ready = func() {
			if p.listener.Addr().String() != os.Args[2] {
				fmt.Println("no socket of mine was inherited")
				os.Exit(4)
			}
			sayReady()
		}
	},
	"polls-what-blocks": func(p *program) {
		p.ready = func() {
			control(p.listener, func(fd int) error { return syscall.SetNonblock(fd, false) })
			sayReady()
		}
	},
	"polls-by-itself": pollsByItself,
	"clears-nonblock": func(p *program) {
		p.stopping = func(l net.Listener) { control(l, func(fd int) error { return syscall.SetNonblock(fd, false) }) }
	},
	"leaks-descriptors": func(p *program) {
		p.accepted = func(net.Conn) {
			if _, err := syscall.Dup(1); err != nil {
				os.Exit(6)
			}
		}
	},
	"leaves-a-child":  func(p *program) { p.ready = func() { leave(&syscall.SysProcAttr{}); sayReady() } },
	"leaves-a-daemon": func(p *program) { p.ready = func() { leave(&syscall.SysProcAttr{Setsid: true}); sayReady() } },
}

func bindsItsOwn(*program) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(7)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	sayReady()
	<-stop
	l.Close()
	os.Exit(0)
}

// pollsByItself leaves Go's own way to wait for connections alone.
func pollsByItself(p *program) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { <-stop; os.Exit(0) }()
	sayReady()
	for {
		_, _ = unix.Poll([]unix.PollFd{{Fd: 3, Events: unix.POLLIN}}, -1)
		fd, _, err := unix.Accept(3)
		if err != nil {
			continue
		}
		file := os.NewFile(uintptr(fd), "client")
		if c, err := net.FileConn(file); err == nil {
			go p.serve(c)
		}
		file.Close()
	}
}

func shutDown(l net.Listener) {
	control(l, func(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_RDWR) })
}

// leave starts a process that outlives this one.
func leave(attributes *syscall.SysProcAttr) {
	sleeper := exec.Command("sleep", "1000")
	sleeper.SysProcAttr = attributes
	if err := sleeper.Start(); err != nil {
		os.Exit(8)
	}
}

func control(l net.Listener, do func(fd int) error) {
	raw, err := l.(syscall.Conn).SyscallConn()
	if err == nil {
		var done error
		err = errors.Join(raw.Control(func(fd uintptr) { done = do(int(fd)) }), done)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(9)
	}
}

func sayReady() {
	if sent, err := daemon.SdNotify(false, daemon.SdNotifyReady); !sent || err != nil {
		os.Exit(10)
	}
}

func runProgram(misbehave func(*program)) {
	p := &program{ready: sayReady, conns: map[net.Conn]connState{}}
	misbehave(p)
	if name := os.Getenv(speaksTLS); name != "" {
		p.tls = tlsOf(name)
	}
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) == 0 {
		os.Exit(11)
	}
	p.listener = listeners[0]
	if u, ok := p.listener.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	p.ready()
	if p.accepting != nil {
		p.accepting()
	}
	p.crew.Go(p.accept)
	<-stop
	for p.ignores {
		<-stop
	}
	p.drain()
	p.crew.Wait()
	os.Exit(p.exits)
}

func (p *program) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.accepted != nil {
			p.accepted(c)
		}
		if p.tls != nil {
			c = tls.Server(c, p.tls)
		}
		p.mu.Lock()
		drop := p.mute || p.draining && p.acceptsLast
		if !drop {
			p.conns[c] = silent
		}
		p.mu.Unlock()
		if drop {
			c.Close()
			continue
		}
		if p.alone {
			p.serve(c)
			continue
		}
		p.crew.Go(func() { p.serve(c) })
	}
}

func (p *program) drain() {
	p.mu.Lock()
	p.draining = true
	for c, state := range p.conns {
		if p.neverCloses && state == idle {
			_ = c.SetReadDeadline(time.Now().Add(idleGrace))
			continue
		}
		if state == idle && !p.keeps || state == silent && p.dropsSilent || state == halfRead && p.cuts {
			c.Close()
		}
	}
	p.mu.Unlock()
	if p.stopping != nil {
		p.stopping(p.listener)
	}
	if p.acceptsLast {
		time.Sleep(500 * time.Millisecond)
	}
	p.listener.Close()
}

func (p *program) serve(c net.Conn) {
	defer func() {
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
		c.Close()
	}()
	if p.greets {
		fmt.Fprintln(c, "220 at your service")
	}
	if p.echoes {
		p.echo(c)
		return
	}
	for r := bufio.NewReader(c); p.read(c, r); {
		last := p.set(c, busy) && !p.neverCloses || p.alone
		header := ""
		if last {
			header = "Connection: close\r\n"
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s\r\nok", header)
		draining := p.set(c, idle)
		if draining && p.neverCloses {
			_ = c.SetReadDeadline(time.Now().Add(idleGrace))
			continue
		}
		if last || draining && !p.keeps {
			return
		}
	}
}

// read reads a request, and is false if there is none.
func (p *program) read(c net.Conn, r *bufio.Reader) bool {
	if _, err := r.Peek(1); err != nil {
		return false
	}
	if head, _ := r.Peek(r.Buffered()); strings.Contains(string(head), "\r\n\r\n") {
		p.set(c, busy)
	} else {
		p.set(c, halfRead)
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if strings.HasPrefix(line, "GET /slow ") {
			time.Sleep(p.slow)
		}
		if strings.TrimSpace(line) == "" {
			return true
		}
	}
}

func (p *program) echo(c net.Conn) {
	b := make([]byte, 1024)
	for {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		if _, err := c.Write(b[:n]); err != nil {
			return
		}
	}
}

// set tells whether the program drains.
func (p *program) set(c net.Conn, state connState) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = state
	return p.draining
}
