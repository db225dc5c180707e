package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const webHello = "hello world\n"

// errUnanswered is a connection that the server accepted and closed without a byte of an answer.
var errUnanswered = errors.New("the connection was closed unanswered")

// recipeLoad is what clients do at the same time, each in its own way.
type recipeLoad struct {
	churns  []*churn
	lanes   int64 // of all of them
	clients []*keepAlive
	loses   error // what is counted rather than a failure
	lost    atomic.Int64
}

func (c recipe) load(address string) *recipeLoad {
	l := &recipeLoad{loses: c.loses}
	if c.lines {
		l.add(3, func() error { return once("tcp", address) })
		l.add(2, func() error { return onceSilent(address) })
		return l
	}
	l.add(2, func() error { return getOnce(address, "/", 0) })
	l.add(1, func() error { return getOnce(address, "/slow", 0) })
	l.add(3, func() error { return getOnce(address, "/", hesitation()) })
	for range 2 {
		client := &keepAlive{address: address}
		l.clients = append(l.clients, client)
		l.add(1, client.get)
	}
	return l
}

func (l *recipeLoad) add(lanes int, visit func() error) {
	l.lanes += int64(lanes)
	l.churns = append(l.churns, startChurn(lanes, func() error {
		time.Sleep(rand.N(5 * time.Millisecond)) // what the clients leave of the machine, the rotation has
		err := visit()
		if l.loses != nil && errors.Is(err, l.loses) {
			l.lost.Add(1)
			return nil
		}
		return err
	}))
}

// stop fails the test if anybody met what the recipe doesn't say. What it does say can happen to a client
// once each time a worker drains, and not at all in between.
func (l *recipeLoad) stop(t *testing.T, drains int64) {
	t.Helper()
	var done int64
	for _, churn := range l.churns {
		churn.stop(t)
		done += churn.done.Load()
	}
	for _, client := range l.clients {
		client.close()
	}
	lost := l.lost.Load()
	t.Logf("%d visits, %d lost", done, lost)
	require.LessOrEqual(t, lost, drains*l.lanes)
}

// getOnce opens a connection, is silent for a while, and gets one answer.
func getOnce(address, path string, silence time.Duration) error {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	time.Sleep(silence)
	_, err = get(c, bufio.NewReader(c), path, "close")
	return err
}

// onceSilent is once by a client that hesitates.
func onceSilent(address string) error {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	time.Sleep(hesitation())
	if err := say(c); err != nil {
		return err
	}
	return leave(c)
}

// hesitation is how long a client takes from its connection to its request: long enough for
// the server to have accepted it, and to be told to drain.
func hesitation() time.Duration { return rand.N(100 * time.Millisecond) }

// keepAlive is a client that sends requests over one connection as long as the server keeps it.
type keepAlive struct {
	address string
	strict  bool // it counts on a connection that the server has not said to close
	c       net.Conn
	in      *bufio.Reader
}

// get gets one answer. A server may close a connection between two requests, and then it never
// saw the second one, which goes to a new connection; there it has to be answered.
func (k *keepAlive) get() error {
	if k.c != nil {
		err := k.getHere()
		if k.strict || !errors.Is(err, errUnanswered) {
			return err
		}
	}
	var err error
	if k.c, err = net.DialTimeout("tcp", k.address, patience); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	k.in = bufio.NewReader(k.c)
	return k.getHere()
}

func (k *keepAlive) getHere() error {
	kept, err := get(k.c, k.in, "/", "keep-alive")
	if !kept || err != nil {
		k.close()
	}
	return err
}

func (k *keepAlive) close() {
	if k.c != nil {
		k.c.Close()
		k.c = nil
	}
}

// get sends a request and reads the whole answer. It reports whether the server keeps the connection.
func get(c net.Conn, in *bufio.Reader, path, connection string) (kept bool, err error) {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return false, err
	}
	_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n", path, connection)
	if err == nil {
		_, err = in.Peek(1)
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return false, fmt.Errorf("%w: %w", errUnanswered, err)
	case err != nil:
		return false, err
	}
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return false, fmt.Errorf("a broken answer: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return false, fmt.Errorf("a broken answer: %w", err)
	}
	if response.StatusCode != http.StatusOK || string(body) != webHello {
		return false, fmt.Errorf("the answer is %d %q", response.StatusCode, body)
	}
	return !response.Close, nil
}

// descendantsOf are the processes below one.
func descendantsOf(pid int) (list []process) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	children := map[string][]string{}
	for _, file := range all {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(content), ") ")
		parent := strings.Fields(rest)[1]
		children[parent] = append(children[parent], filepath.Base(filepath.Dir(file)))
	}
	below := children[strconv.Itoa(pid)]
	for len(below) > 0 {
		number, _ := strconv.Atoi(below[0])
		list = append(list, findProcess(number))
		below = append(below[1:], children[below[0]]...)
	}
	return list
}
