package admin

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// The access policy. Listening on loopback keeps other machines out, but not web pages in a browser on this
// one: they can send requests here, too.

var crossOrigin = http.NewCrossOriginProtection()

func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff") // no browser shall take an answer for a script
		if err := s.admit(r); err != nil {
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) admit(r *http.Request) error {
	if err := s.admitHost(r.Host); err != nil {
		return err
	}
	if err := crossOrigin.Check(r); err != nil {
		// Cross-site request forgery: a form on any page can POST here without asking.
		return problemf(http.StatusForbidden, "a web page of another origin may not send commands: %v", err)
	}
	if foreign(r) {
		// Cross-site reading: even a page that cannot see an answer could use up the event streams, or learn
		// from timing and size.
		return problemf(http.StatusForbidden, "a web page of another origin may not read this; open it in a tab of its own")
	}
	return nil
}

// admitHost stops DNS rebinding. When evil.example is made to resolve to 127.0.0.1 its page is of our origin
// to the browser, but the browser still sends that name. An address cannot be rebound, and a client without
// Host is no browser.
func (s *Server) admitHost(host string) error {
	name := hostName(host)
	if name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") || s.hosts[name] {
		return nil
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return nil
	}
	return problemf(http.StatusForbidden,
		"the host name %.100q is not known here; start rota with --admin-host %.100s to allow it, or use an IP address", name, name)
}

func allowedHosts(o Options) map[string]bool {
	hosts := map[string]bool{hostName(o.Address): true}
	for _, host := range o.Hosts {
		hosts[hostName(host)] = true
	}
	return hosts
}

// hostName is the host of host:port, host or [address], in the spelling to compare.
func hostName(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// foreign reports whether a page of another origin made the request. Following a link to here is fine: the
// answer is a page of its own, which the other page cannot read.
func foreign(r *http.Request) bool {
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "same-origin", "none":
		return false
	case "": // no browser, an old one, or one that does not trust plain HTTP
		origin := r.Header.Get("Origin")
		if origin == "" {
			return false
		}
		u, err := url.Parse(origin)
		return err != nil || !strings.EqualFold(u.Host, r.Host)
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}
