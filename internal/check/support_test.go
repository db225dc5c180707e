package check

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

// house is a listener with workers, here goroutines, and the kernel's view of who has accepted what.
type house struct {
	t        *testing.T
	ln       net.Listener
	listener listen.Spec
	workers  sync.WaitGroup

	mu   sync.Mutex
	held map[listen.Client]string
}

func open(t *testing.T, network, address string) *house {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), network, address)
	require.NoError(t, err)
	h := &house{t: t, ln: ln, held: map[listen.Client]string{}}
	h.listener = listen.Spec{Name: network, Network: network, Address: ln.Addr().String()}
	t.Cleanup(func() { ln.Close(); h.workers.Wait() })
	return h
}

// worker accepts one connection after the other, as the slowest kind of program does.
func (h *house) worker(id string, serve func(net.Conn)) {
	h.workers.Go(func() {
		for {
			c, err := h.ln.Accept()
			if err != nil {
				return
			}
			client := listen.Client{Local: c.RemoteAddr().String(), Remote: c.LocalAddr().String()}
			h.mu.Lock()
			h.held[client] = id
			h.mu.Unlock()
			serve(c)
			h.mu.Lock()
			delete(h.held, client) // its port may be used again
			h.mu.Unlock()
			c.Close()
		}
	})
}

func (h *house) holders(clients []listen.Client) (map[listen.Client]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := map[listen.Client]string{}
	for _, c := range clients {
		if id, ok := h.held[c]; ok {
			found[c] = id
		}
	}
	return found, nil
}

// round asks the check of the workers, quickly.
func (h *house) round(check string, live bool, workers ...string) master.Round {
	h.t.Helper()
	c, err := Parse(check)
	require.NoError(h.t, err)
	return master.Round{
		Checks:    []record.Check{c},
		Timeout:   patience,
		Live:      live,
		Listeners: []listen.Spec{h.listener},
		Workers:   workers,
		Slots:     slots(workers),
		Holders:   h.holders,
	}
}

// slots gives each of the workers one.
func slots(workers []string) map[string]int {
	m := map[string]int{}
	for i, id := range workers {
		m[id] = i
	}
	return m
}

// says answers a request with a status, and does something before.
func says(status int, first ...func()) func(net.Conn) {
	return func(c net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return // it was not asked, after all
		}
		for _, f := range first {
			f()
		}
		fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nContent-Length: 2\r\nX-Path: %s\r\n\r\nok", status, http.StatusText(status), request.URL)
	}
}

// readsOn never answers, until the other side has had enough.
func readsOn(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func nobodyKnows([]listen.Client) (map[listen.Client]string, error) {
	return nil, errors.New("no sock_diag")
}

func names(n int) []string {
	var list []string
	for i := range n {
		list = append(list, strings.Repeat("x", i+1))
	}
	return list
}
