package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"rota/internal/view"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// crowd bounds what connections to the API cost: how many there are, and how few descriptors they leave to the
// master, which needs some to start workers and to look at them. Those that are quiet are closed first, so that whoever
// asks whether the master lives, or asks for a reload, still gets in.
type crowd struct {
	most  int                      // connections
	files func() (open, limit int) // of the process
	log   zerolog.Logger

	mu      sync.Mutex
	guests  map[net.Conn]*guest
	told    time.Time     // when the log last heard of somebody who was turned away
	parting chan struct{} // holds one for each that is being told
}

const (
	fewestGuests = 8  // may always come, however few descriptors are left
	forShort     = 32 // open files that streams leave to other requests; who waits for a reload leaves half of that
	leastReserve = 32 // descriptors that connections leave to the master
	mostReserve  = 256
	slowToAsk    = time.Second // after which one that has not sent a request is quiet
	mostParting  = 16
)

// guest is a connection.
type guest struct {
	conn     net.Conn
	since    time.Time // when it came, or was answered last
	spare    int       // open files that the master could have had beside it when it came, but for its reserve
	answered bool
	busy     bool // with a request
	gone     bool
}

func newCrowd(most int, log zerolog.Logger) *crowd {
	return &crowd{most: most, files: openFiles, log: log, guests: map[net.Conn]*guest{}, parting: make(chan struct{}, mostParting)}
}

// openFiles takes a tenth of a millisecond, or a few if there are thousands.
func openFiles() (open, limit int) {
	var most unix.Rlimit
	directory, err := os.Open("/proc/self/fd")
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &most) != nil || err != nil {
		return 0, math.MaxInt32
	}
	defer directory.Close()
	names, _ := directory.Readdirnames(-1)
	return len(names), int(min(most.Cur, math.MaxInt32))
}

// spare is how many open files there may still be, without those that are the master's own.
func (c *crowd) spare() int {
	open, limit := c.files()
	return limit - min(max(limit/4, leastReserve), mostReserve) - open
}

// door is a listener that lets in no more than the crowd may be.
type door struct {
	net.Listener
	crowd *crowd
}

func (d door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if errors.Is(err, unix.EMFILE) && d.crowd.makeWay() {
			continue
		}
		if err != nil || d.crowd.admit(conn) {
			return conn, err
		}
		d.crowd.turnAway(conn)
	}
}

// admit closes a quiet connection if there are too many.
func (c *crowd) admit(conn net.Conn) bool {
	g := &guest{conn: conn, since: time.Now(), spare: c.spare()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fits(g) && !c.dismissQuietest() {
		return false
	}
	c.guests[conn] = g
	return true
}

func (c *crowd) fits(g *guest) bool {
	return len(c.guests) < fewestGuests || len(c.guests) < c.most && g.spare > 0
}

// makeWay reports whether a quiet connection could be closed.
func (c *crowd) makeWay() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dismissQuietest()
}

// dismissQuietest closes the connection that has been quiet for the longest: one that was answered before, else one
// that has not asked for anything for a while. False: there is none.
func (c *crowd) dismissQuietest() bool {
	var quietest *guest
	for _, g := range c.guests {
		if !g.quiet() {
			continue
		}
		if quietest == nil || g.answered && !quietest.answered || g.answered == quietest.answered && g.since.Before(quietest.since) {
			quietest = g
		}
	}
	if quietest == nil {
		return false
	}
	quietest.gone = true
	delete(c.guests, quietest.conn)
	quietest.conn.Close()
	return true
}

func (g *guest) quiet() bool {
	return !g.busy && (g.answered || time.Since(g.since) >= slowToAsk)
}

// turnAway says why. Only a few are told at a time, since each needs a descriptor until then.
func (c *crowd) turnAway(conn net.Conn) {
	c.mu.Lock()
	if time.Since(c.told) >= 10*time.Second {
		c.told = time.Now()
		c.log.Warn().Int("connections", len(c.guests)).Msg("connections to the admin API are turned away: too many are busy, or the master has few open files left")
	}
	c.mu.Unlock()
	select {
	case c.parting <- struct{}{}:
		go func() {
			partFrom(conn)
			<-c.parting
		}()
	default:
		conn.Close()
	}
}

// partFrom reads what the client sends, or its system might throw the answer away.
func partFrom(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(slowToAsk))
	body, _ := json.Marshal(tooMany()) // can't fail
	answer := http.Response{StatusCode: http.StatusServiceUnavailable, ProtoMajor: 1, ProtoMinor: 1, Close: true, ContentLength: int64(len(body)) + 1,
		Header: http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"1"}, "Cache-Control": {"no-store"}},
		Body:   io.NopCloser(strings.NewReader(string(body) + "\n"))}
	if answer.Write(conn) != nil {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, 2*mostBody))
	}
}

func tooMany() *view.Problem {
	return problemf(http.StatusServiceUnavailable,
		"too many connections to the admin API are busy, or the master has few open files left; close some or try again")
}

// changed follows what net/http does with a connection.
func (c *crowd) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.guests[conn]
	switch {
	case g == nil:
	case state == http.StateIdle:
		g.busy, g.answered, g.since = false, true, time.Now()
	case state == http.StateClosed:
		delete(c.guests, conn)
	}
}

type guestKey struct{}

// introduce lets a request find the guest it is from.
func (c *crowd) introduce(ctx context.Context, conn net.Conn) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return context.WithValue(ctx, guestKey{}, c.guests[conn])
}

// attend marks who is busy. A request that came as its connection was closed is not begun.
func (c *crowd) attend(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g, _ := r.Context().Value(guestKey{}).(*guest); g != nil {
			if r.ContentLength != 0 {
				c.listens(g)
				r.Body = &hearing{r.Body, func() bool { return c.begin(g) }}
			} else if !c.begin(g) {
				panic(http.ErrAbortHandler)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// begin marks a guest busy, unless the connection has been closed.
func (c *crowd) begin(g *guest) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	g.busy = true
	return !g.gone
}

// listens lets a guest that sends a body count as one that has not asked yet.
func (c *crowd) listens(g *guest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g.busy, g.answered, g.since = false, false, time.Now()
}

// hearing is a body. Its request begins when all of it is here.
type hearing struct {
	io.ReadCloser
	begin func() bool
}

func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && !h.begin() {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// mayStay reports whether a request that may take any time gets in, beside so many others. It leaves some open files to
// those that are short.
func (c *crowd) mayStay(r *http.Request, others, leaves int) bool {
	g, _ := r.Context().Value(guestKey{}).(*guest)
	return g == nil || others < fewestGuests/2 || g.spare >= leaves
}
