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

	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/probe"
	"rota/internal/reach"
)

// drainAtMost is how much of an answer is read: its end says that it arrived whole.
const drainAtMost = 1 << 20

// askTCP connects to each listener. The kernel does its part as long as somebody listens, so somebody must also
// accept.
func (r *round) askTCP(ctx context.Context) (well bool, bad *complaint) {
	well = len(r.streams()) > 0
	for _, a := range r.streams() {
		here, bad := r.sweep(ctx, a, func(_ context.Context, v *visit) error {
			if err := reach.Close(v.Conn); err != nil {
				return fmt.Errorf("a connection to %s was broken off: %w", called(a), cause(err))
			}
			return nil
		})
		if bad != nil || ctx.Err() != nil {
			return false, bad
		}
		well = well && here
	}
	return well, nil
}

// askPath asks the workers for a path on the first TCP listener, or on the first unix socket if there is none.
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
		return false, &complaint{message: r.said(ctx, nil, target, err).Error()}
	}
	return true, nil
}

// listenerOf is the listener that a URL leads to without doubt.
func (r *round) listenerOf(u *url.URL) (listen.Spec, bool) {
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
	return listen.Spec{}, false
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

// askWorkers asks each of them through the listener.
func (r *round) askWorkers(ctx context.Context, a listen.Spec, target string) (well bool, bad *complaint) {
	return r.sweep(ctx, a, func(ctx context.Context, v *visit) error { return r.request(ctx, v, target) })
}

// request sends one to whoever has accepted the connection.
func (r *round) request(ctx context.Context, v *visit, target string) error {
	ctx, cancel := lapse.WithTimeout(ctx, r.timeout)
	defer cancel()
	// Not the transport but this ends it, because that would leave the worker with a half of it.
	defer context.AfterFunc(ctx, func() { reach.Reset(v.Conn) })()
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
		return r.said(ctx, v, target, err)
	}
	return nil
}

// said is a bad answer in words. The context is the request's own, with its timeout; the visit is nil if
// it did not go to a listener.
func (r *round) said(ctx context.Context, v *visit, target string, err error) error {
	what := namedURL(target)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errors.New(r.silence(v, "GET "+what))
	case errors.Is(err, errStatus):
		return fmt.Errorf("GET %s %w", what, err)
	}
	return fmt.Errorf("GET %s was not answered: %w", what, cause(reason(err)))
}

// silence says who has the connection on which no answer has come.
func (r *round) silence(v *visit, request string) string {
	who := "a process that is no worker"
	switch {
	case v == nil:
		return fmt.Sprintf("%s was not answered in %s", request, r.timeout)
	case v.unseen:
		return fmt.Sprintf("%s was not answered in %s; the kernel does not tell whether anybody accepted the connection", request, r.timeout)
	case v.worker != "":
		who = r.named([]string{v.worker})
	}
	return fmt.Sprintf("%s accepted the connection and did not answer %s in %s", who, request, r.timeout)
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

// cause is an error of the net package without the addresses, which the message has already.
func cause(err error) error {
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network.Err
	}
	return err
}
