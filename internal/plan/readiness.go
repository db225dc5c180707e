package plan

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"rota/internal/listen"
)

// Readiness is what makes a worker ready. The zero value is READY=1.
type Readiness struct {
	Kind    ReadyKind
	Delay   time.Duration  // of ReadyDelay
	Path    string         // of ReadyHTTP, with its query
	Headers []string       // of ReadyHTTP, a line each: "Host: app.example"
	Pattern *regexp.Regexp // of ReadyLog
}

// ReadyKind is a way to find out that a worker accepts connections.
type ReadyKind string

// The kinds of readiness.
const (
	ReadyNotify ReadyKind = ""      // it says READY=1, or acknowledges to einhorn
	ReadyAuto   ReadyKind = "auto"  // it is seen to accept; where that can't be seen, it says so or has lived for a while
	ReadyDelay  ReadyKind = "delay" // it has lived for a while
	ReadyTCP    ReadyKind = "tcp"   // it accepts a connection from the listener called probe
	ReadyHTTP   ReadyKind = "http"  // it answers there with a status below 400
	ReadyLog    ReadyKind = "log"   // it prints a line that the pattern matches
)

// ParseReadiness reads auto, notify, tcp, delay:2s, http:/path or log:REGEX.
func ParseReadiness(text string) (Readiness, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case text == "auto":
		return Readiness{Kind: ReadyAuto}, nil
	case text == "notify":
		return Readiness{}, nil
	case text == "tcp":
		return Readiness{Kind: ReadyTCP}, nil
	case kind == "delay":
		d, err := time.ParseDuration(rest)
		if err != nil || d <= 0 {
			return Readiness{}, fmt.Errorf("%q is not a duration such as 2s", rest)
		}
		return Readiness{Kind: ReadyDelay, Delay: d}, nil
	case kind == "http":
		if !strings.HasPrefix(rest, "/") || strings.ContainsFunc(rest, func(c rune) bool { return c <= ' ' || c > '~' || c == '#' }) {
			return Readiness{}, fmt.Errorf("%q is not a path such as /healthz", rest)
		}
		return Readiness{Kind: ReadyHTTP, Path: rest}, nil
	case kind == "log" && rest != "":
		pattern, err := regexp.Compile(rest)
		if err != nil {
			return Readiness{}, err
		}
		return Readiness{Kind: ReadyLog, Pattern: pattern}, nil
	}
	return Readiness{}, fmt.Errorf("%q is none of auto, notify, tcp, delay:2s, http:/path and log:REGEX", text)
}

// Unmet says what a worker that is not ready has not done.
func (r Readiness) Unmet() string {
	switch r.Kind {
	case ReadyTCP:
		return "it accepted no connection on the listener " + listen.ProbeName
	case ReadyHTTP:
		return "it did not answer GET " + r.Path + " on the listener " + listen.ProbeName + " with a status below 400"
	case ReadyLog:
		return "it printed no line that matches " + r.Pattern.String()
	case ReadyDelay:
		return "it has not lived " + r.Delay.String() + " yet"
	default:
		return "it did not say READY=1"
	}
}

// Probes reports whether the worker needs a listener of its own for probes.
func (r Readiness) Probes() bool { return r.Kind == ReadyTCP || r.Kind == ReadyHTTP }

// HeedsWorker reports whether it matters that the worker itself says it is ready.
func (r Readiness) HeedsWorker() bool { return r.Kind == ReadyNotify || r.Kind == ReadyAuto }

// ProbeHTTP requests a path from the program behind an address, with header lines. It returns nil if the
// answer's status is below 400.
type ProbeHTTP func(ctx context.Context, address, path string, headers []string) error

// ErrNoProbe is returned for a spec with ReadyHTTP if the master's options have no ProbeHTTP.
var ErrNoProbe = errors.New("ready: this master has no way to probe over HTTP")
