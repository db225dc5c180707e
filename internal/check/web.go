package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"rota/internal/lapse"
	"rota/internal/master"
	"rota/internal/probe"
)

// How often, and with how many connections, a round tries to reach every worker. On a listener that
// they share, the kernel may give one worker many in a row.
const (
	mostBursts  = 5
	leastAtOnce = 4
	mostAtOnce  = 32
	eachAtOnce  = 2 // for a worker
)

// drainAtMost is how much of an answer is read: its end says that it arrived whole.
const drainAtMost = 1 << 20

// askTCP connects once to each listener. The kernel does its part as long as somebody listens, so
// somebody must also accept. When it is live that has to be one of the new workers: as long as it is an older
// one, which goes on accepting for a while, it connects again.
func (r *round) askTCP(ctx context.Context) (well bool, bad *complaint) {
	over := lapse.NewTimer()
	over.Reset(r.timeout / 2)
	defer over.Stop()
	for {
		well, bad = r.visitOnce(ctx)
		if well || bad != nil || !r.Live || ctx.Err() != nil || len(r.streams()) == 0 || over.Rung() {
			return well, bad
		}
		select {
		case <-time.After(lastPause):
		case <-ctx.Done():
		}
	}
}

func (r *round) visitOnce(ctx context.Context) (well bool, bad *complaint) {
	visits, bad := r.visitAll(ctx, r.streams())
	ours := 0
	b := burst{round: r, waiting: visits, enough: func() bool { return false }}
	b.heard = func(worker string) {
		if r.counts(worker) {
			ours++
		}
	}
	b.ask = func(_ context.Context, v *visit) error {
		if err := v.part(); err != nil {
			return fmt.Errorf("a connection to %s was broken off: %w", called(v.listener), cause(err))
		}
		return nil
	}
	if worse := b.run(ctx); bad == nil {
		bad = worse
	}
	return ours > 0, bad
}

// askPath asks the workers for a path on the first listener.
func (r *round) askPath(ctx context.Context, path string) (well bool, bad *complaint) {
	a, ok := r.first()
	if !ok {
		return false, nil
	}
	host := "localhost"
	if a.Network == "tcp" {
		host = a.Reachable()
	}
	return r.askWorkers(ctx, a, "http://"+host+path)
}

// askURL asks whoever is behind a URL. Only what leads to a listener by a loopback address, or by
// that which the listener is bound to, is known to reach the workers. Whose the answers
// are is unknown of others, so they are asked only when they can be nobody else's.
func (r *round) askURL(ctx context.Context, target string) (well bool, bad *complaint) {
	u, err := url.Parse(target)
	if err != nil {
		return false, &complaint{message: namedURL(target) + ": " + reason(err).Error()}
	}
	if a, ok := r.listenerOf(u); ok {
		return r.askWorkers(ctx, a, target)
	}
	if !r.Live {
		return false, nil
	}
	ctx, cancel := lapse.WithTimeout(ctx, r.timeout)
	defer cancel()
	if err := get(ctx, &http.Transport{DisableKeepAlives: true}, target, nil); err != nil {
		return false, &complaint{message: r.said(ctx, target, err).Error()}
	}
	return true, nil
}

// listenerOf is the listener that a URL leads to without doubt.
func (r *round) listenerOf(u *url.URL) (master.ListenAddress, bool) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	for _, a := range r.streams() {
		host, itsPort, err := net.SplitHostPort(a.Address)
		if err == nil && a.Network == "tcp" && port == itsPort && leadsTo(u.Hostname(), host) {
			return a, true
		}
	}
	return master.ListenAddress{}, false
}

// leadsTo reports whether a client of host comes to a listener that is bound to address.
func leadsTo(host, bound string) bool {
	if host == bound {
		return true
	}
	at, err := netip.ParseAddr(bound)
	if err != nil || !at.IsUnspecified() && !at.IsLoopback() {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || at.IsUnspecified() && err == nil && ip.IsLoopback()
}

// askWorkers asks until every new worker has answered at least once, or enough was tried.
func (r *round) askWorkers(ctx context.Context, a master.ListenAddress, target string) (well bool, bad *complaint) {
	over := lapse.NewTimer()
	over.Reset(r.timeout / 2)
	defer over.Stop()
	answered := map[string]bool{} // by new workers
	ours := 0                     // answers that count
	for bursts := 1; ; bursts++ {
		b := burst{round: r}
		b.enough = func() bool { return len(r.Workers) > 0 && len(answered) == len(r.Workers) }
		b.ask = func(ctx context.Context, v *visit) error { return r.request(ctx, v, target) }
		b.waiting, bad = r.visitAll(ctx, slices.Repeat([]master.ListenAddress{a}, r.atOnce()))
		b.heard = func(worker string) {
			if slices.Contains(r.Workers, worker) {
				answered[worker] = true
			}
			if r.counts(worker) {
				ours++
			}
		}
		if worse := b.run(ctx); bad == nil {
			bad = worse
		}
		lookOn := bursts < mostBursts || r.Live && ours == 0 // then they were all an older one's
		if !lookOn || bad != nil || b.enough() || len(r.Workers) == 0 || ctx.Err() != nil || over.Rung() {
			break
		}
	}
	r.reached(len(answered))
	return ours > 0, bad
}

// reached notes how many of the workers a check has asked: of several, the fewest.
func (r *round) reached(n int) {
	if r.result.Of == 0 {
		r.result.Reached = n
	}
	r.result.Reached, r.result.Of = min(r.result.Reached, n), len(r.Workers)
}

func (r *round) atOnce() int {
	return min(max(eachAtOnce*len(r.Workers), leastAtOnce), mostAtOnce)
}

// request sends one to whoever has accepted the connection.
func (r *round) request(ctx context.Context, v *visit, target string) error {
	ctx, cancel := lapse.WithTimeout(ctx, r.timeout)
	defer cancel()
	// Not the transport but this ends it, because that would leave the worker with a half of it.
	defer context.AfterFunc(ctx, v.reset)()
	used := false
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			if used {
				return nil, errors.New("the connection is used up")
			}
			used = true
			return v.Conn, nil
		},
	}
	if err := get(context.WithoutCancel(ctx), transport, target, r.Headers); err != nil {
		return r.said(ctx, target, err)
	}
	return nil
}

// said is a bad answer in words. The context is the request's own, with its timeout.
func (r *round) said(ctx context.Context, target string, err error) error {
	what := namedURL(target)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("GET %s was not answered in %s", what, r.timeout)
	case errors.Is(err, errStatus):
		return fmt.Errorf("GET %s %w", what, err)
	}
	return fmt.Errorf("GET %s was not answered: %w", what, cause(reason(err)))
}

var errStatus = errors.New("was answered with")

// get returns nil if the answer arrives whole, with a status below 400. It follows nothing and heeds no proxy.
func get(ctx context.Context, transport *http.Transport, target string, headers []string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "rota-check")
	probe.SetHeaders(request, headers)
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, drainAtMost))
	switch {
	case response.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%w %s", errStatus, response.Status)
	case err != nil:
		return fmt.Errorf("the answer broke off: %w", err)
	}
	return nil
}
