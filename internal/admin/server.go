// Package admin is the master's HTTP API: requests in, commands out; events in, server-sent
// events out.
//
// A request passes from the outside in. It is logged and its panics are caught (request_log.go).
// The access policy lets in only this machine's user (access_policy.go). The table of routes
// finds its handler (routes.go), and the query is checked against what that handler knows
// (query.go). The handler asks the master and answers with a view of what it was told
// (internal/present), or returns an error, which becomes a problem in one place (problem.go).
// Streams of events share one loop (stream.go, internal/sse).
package admin

import (
	"context"
	"errors"
	"io/fs"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"rota/internal/connlimit"

	"github.com/rs/zerolog"
)

// Master is what the API needs of the master; each part is declared where it is used.
type Master interface {
	poolState
	rotator
	controller
	history
	publisher
	logKeeper
	holder
	evicter
}

// Options say how the API presents itself. The zero value works.
type Options struct {
	Version    string         // of rota, shown in the status; "" is shown as such
	Address    string         // host:port that the API is configured to listen on: its host is allowed as Host
	Hosts      []string       // further names allowed as Host, without a port
	MaxStreams int            // event streams open at once; 0: 256
	Page       fs.FS          // index.html and its assets, all at one level; nil: there is no page
	Log        zerolog.Logger // requests, panics and what the kernel refused
}

// Server answers the requests. Make one with New.
type Server struct {
	master    Master
	options   Options
	log       zerolog.Logger
	hosts     map[string]bool // allowed names, lower case
	times     times
	snapshots *snapshotCache
	encoding  sync.Mutex // held while a listing is sorted and encoded
	streams   places
	waits     places // for a reload
	limiter   *connlimit.Limiter
	handler   http.Handler
	http      *http.Server

	closing chan struct{} // closed when the streams are to end
	end     sync.Once
}

// serverErrors logs what net/http reports, a line each.
type serverErrors struct{ log zerolog.Logger }

func (c serverErrors) Write(line []byte) (int, error) {
	c.log.Warn().Str("error", strings.TrimSpace(string(line))).Msg("the HTTP server of the admin API reports an error")
	return len(line), nil
}

// times are the durations that tests shorten.
type times struct {
	heartbeat time.Duration // between two comments on a stream
	write     time.Duration // that a reader has to take one event
	health    time.Duration // that the master has to answer a health check
	gap       time.Duration // at least between two statistics on a stream
}

// mostWaits is how many requests may wait for a reload at once.
const mostWaits = 512

// New makes the API of a master.
func New(m Master, o Options) *Server {
	if o.MaxStreams <= 0 {
		o.MaxStreams = 256
	}
	s := &Server{
		master:  m,
		options: o,
		log:     o.Log,
		hosts:   allowedHosts(o),
		times: times{
			heartbeat: 15 * time.Second,
			write:     5 * time.Second,
			health:    time.Second,
			gap:       100 * time.Millisecond,
		},
		snapshots: &snapshotCache{pool: m, version: o.Version, log: o.Log},
		streams:   newPlaces(o.MaxStreams, forShort, "event streams are open, the most there may be (--event-streams); close one or try again"),
		waits:     newPlaces(mostWaits, forShort/2, "requests wait for a reload, the most there may be; ask without wait= and look at the reload, or try again"),
		limiter:   connlimit.New(o.MaxStreams+mostWaits+4*forShort, refusal, o.Log),
		closing:   make(chan struct{}),
	}
	s.handler = s.watch(s.guard(unescaped(s.router())))
	s.http = &http.Server{
		Handler:           s.limiter.Handler(s.handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second, // waits and streams lift this one
		WriteTimeout:      30 * time.Second, // and this one
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ConnState:         s.limiter.ConnState,
		ConnContext:       s.limiter.ConnContext,
		ErrorLog:          log.New(serverErrors{o.Log}, "", 0),

		// OPTIONS * shall get past the door like everything else.
		DisableGeneralOptionsHandler: true,
	}
	return s
}

// Serve answers on l, which it closes in the end. It returns nil after Shutdown.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(s.limiter.Listener(l)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown ends the event streams, which would never end by themselves, then lets the other
// requests finish until ctx is over, and then cuts them. The error is the context's.
func (s *Server) Shutdown(ctx context.Context) error {
	s.end.Do(func() { close(s.closing) })
	err := s.http.Shutdown(ctx)
	s.http.Close()
	return err
}
