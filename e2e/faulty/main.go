// faulty is a worker that does some things wrong, as its flags say: the tests deploy it.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() { os.Exit(beFaulty(os.Args[1:])) }

// faulty is a worker that does some things wrong. It answers each message with its version, and a GET with that
// over HTTP. Otherwise it is a good worker: it says when it is ready, keeps its watchdog quiet,
// and at SIGTERM lets its clients finish.
type faulty struct {
	version string
	faults

	hung    chan struct{} // closed when it is time to hang
	clients sync.WaitGroup
}

// faults are what it does wrong, or not; files are what it waits for, so that a test says when.
type faults struct {
	exitAtOnce int    // code; -1: it does not
	secondExit string // directory where each slot leaves a mark; one that finds its own exits with 9
	readyWhen  string // file
	neverReady bool
	early      bool   // it says that it is ready at once
	mum        bool   // it never says so
	acceptWhen string // file
	neverTakes bool   // it is ready, and accepts nothing
	silent     bool   // it accepts, and answers no GET
	exitWhen   string // file
	hangWhen   string // file: it accepts nothing, answers nothing and ignores SIGTERM from then on
	dieOnTerm  bool   // with all of its connections
	leak       bool   // a connection whose client has left is kept
	child      bool   // it leaves one behind, which nobody waits for
	chatter    bool   // it prints without an end
	status     int    // of its HTTP answers
}

func readFaults(args []string) *faulty {
	f := &faulty{hung: make(chan struct{})}
	set := flag.NewFlagSet("faulty", flag.ExitOnError)
	onlySlot := set.Int("only-slot", -1, "")
	set.StringVar(&f.version, "version", "", "")
	set.IntVar(&f.exitAtOnce, "exit-at-once", -1, "")
	set.StringVar(&f.secondExit, "second-exit", "", "")
	set.StringVar(&f.readyWhen, "ready-when", "", "")
	set.BoolVar(&f.neverReady, "never-ready", false, "")
	set.BoolVar(&f.early, "early", false, "")
	set.BoolVar(&f.mum, "mum", false, "")
	set.StringVar(&f.acceptWhen, "accept-when", "", "")
	set.BoolVar(&f.neverTakes, "never-takes", false, "")
	set.BoolVar(&f.silent, "silent", false, "")
	set.StringVar(&f.exitWhen, "exit-when", "", "")
	set.StringVar(&f.hangWhen, "hang-when", "", "")
	set.BoolVar(&f.dieOnTerm, "die-on-term", false, "")
	set.BoolVar(&f.leak, "leak", false, "")
	set.BoolVar(&f.child, "child", false, "")
	set.BoolVar(&f.chatter, "chatter", false, "")
	set.IntVar(&f.status, "status", 200, "")
	_ = set.Parse(args)
	if *onlySlot >= 0 && os.Getenv("ROTA_SLOT") != strconv.Itoa(*onlySlot) {
		f.faults = faults{exitAtOnce: -1, status: 200}
	}
	return f
}

// beFaulty is the whole life of the program; it returns the exit code.
func beFaulty(args []string) int {
	f := readFaults(args)
	fmt.Println("version", f.version)
	if f.exitAtOnce >= 0 {
		fmt.Fprintln(os.Stderr, "no database")
		return f.exitAtOnce
	}
	if f.secondExit != "" && f.seenBefore() {
		fmt.Fprintln(os.Stderr, "not again")
		return 9
	}
	if f.neverReady {
		fmt.Println("still thinking")
		hang()
	}
	if f.early {
		f.notify("READY=1")
	}
	waitForFile(f.readyWhen)
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 4
	}
	f.misbehave(listener.(*net.TCPListener))
	accepting := make(chan struct{})
	go func() {
		waitForFile(f.acceptWhen)
		if !f.neverTakes {
			f.accept(listener)
		}
		close(accepting)
	}()
	if !f.mum {
		f.notify("READY=1")
	}
	go f.calmWatchdog()

	<-term
	if f.dieOnTerm {
		return 1
	}
	f.hangNow()
	listener.Close()
	<-accepting
	fmt.Println("version", f.version, "accepts nobody any more")
	f.clients.Wait()
	return 0
}

// misbehave starts what goes wrong later.
func (f *faulty) misbehave(listener *net.TCPListener) {
	if f.exitWhen != "" {
		go func() { waitForFile(f.exitWhen); fmt.Fprintln(os.Stderr, "out of luck"); os.Exit(3) }()
	}
	if f.hangWhen != "" {
		go func() { waitForFile(f.hangWhen); close(f.hung); _ = listener.SetDeadline(time.Now()) }()
	}
	if f.chatter {
		go func() {
			for {
				fmt.Println(strings.Repeat("bla ", 200))
			}
		}()
	}
	if f.child {
		if err := exec.Command("sleep", "1000").Start(); err != nil {
			panic(err)
		}
	}
}

func (f *faulty) seenBefore() bool {
	mark := filepath.Join(f.secondExit, os.Getenv("ROTA_SLOT"))
	file, err := os.OpenFile(mark, os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return true
	}
	file.Close()
	return false
}

func (f *faulty) accept(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		f.clients.Go(func() { f.serve(c) })
	}
}

func (f *faulty) serve(c net.Conn) {
	defer c.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := c.Read(buffer)
		f.hangNow()
		if err != nil {
			if f.leak {
				hang()
			}
			return
		}
		get := strings.HasPrefix(string(buffer[:n]), "GET ")
		if get && f.silent {
			continue
		}
		if get {
			fmt.Fprintf(c, "HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n", f.status, len(f.version)+1, f.version)
			return
		}
		if _, err := io.WriteString(c, f.version+"\n"); err != nil {
			return
		}
	}
}

// hangNow does not return once it is time to hang.
func (f *faulty) hangNow() {
	select {
	case <-f.hung:
		hang()
	default:
	}
}

// hang does not return. Go would end a program all of whose goroutines wait for nothing.
func hang() {
	for {
		time.Sleep(time.Hour)
	}
}

func (f *faulty) notify(state string) {
	c, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		panic(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, state); err != nil {
		panic(err)
	}
}

func (f *faulty) calmWatchdog() {
	period, err := strconv.Atoi(os.Getenv("WATCHDOG_USEC"))
	if err != nil {
		return
	}
	for range time.Tick(time.Duration(period) * time.Microsecond / 4) {
		f.hangNow()
		f.notify("WATCHDOG=1")
	}
}

// waitForFile returns when the file exists; at once for "".
func waitForFile(path string) {
	for path != "" {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond) // the pause of a poll; nothing relies on its length
	}
}
