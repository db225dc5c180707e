package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"rota/internal/record"
)

// handler answers a request whose query is checked. An error that it returns becomes the answer, so it must
// not have answered before.
type handler func(w http.ResponseWriter, r *http.Request, q query) error

// route is one row of the API. GET answers HEAD, too. params are all parameters that the query may have.
type route struct {
	method, path string
	params       []string
	handle       handler
}

func (s *Server) routes() []route {
	page := []string{"limit", "cursor"}
	ofOne := append([]string{"state", "listener", "sort"}, page...)
	waits := []string{"wait", "timeout", "require"}
	ofAll := append([]string{"worker"}, ofOne...)
	return []route{
		{"GET", "/", nil, s.home},
		{"GET", "/assets/{file}", nil, s.asset},
		{"GET", "/status", nil, s.showStatus},
		{"GET", "/workers", nil, s.listWorkers},
		{"GET", "/workers/{id}", nil, s.showWorker},
		{"GET", "/workers/{id}/connections", ofOne, s.listWorkerConnections},
		{"GET", "/workers/{id}/logs", []string{"tail", "after", "follow"}, s.workerLogs},
		{"POST", "/workers/{id}/evict", []string{"idle"}, s.evictConnections},
		{"GET", "/connections", ofAll, s.listConnections},
		{"DELETE", "/connections/{id}", nil, s.closeConnection},
		{"POST", "/workers/{id}/rotate", nil, s.rotateWorker},
		{"PUT", "/scale", nil, s.scale},
		{"POST", "/reload", waits, s.reload},
		{"GET", "/reloads", page, s.listReloads},
		{"GET", "/reloads/{id}", waits, s.showReload},
		{"GET", "/reloads/{id}/events", []string{"after"}, s.reloadEvents},
		{"POST", "/reloads/{id}/abort", nil, s.control(record.VerbAbort)},
		{"POST", "/reloads/{id}/pause", nil, s.control(record.VerbPause)},
		{"POST", "/reloads/{id}/resume", nil, s.control(record.VerbResume)},
		{"POST", "/reloads/{id}/promote", []string{"skip_canary"}, s.promote},
		{"GET", "/events", []string{"after", "recent", "stats"}, s.allEvents},
		{"GET", "/healthz", nil, s.healthz},
		{"GET", "/readyz", nil, s.readyz},
		{"GET", "/openapi.yaml", nil, s.openAPI},
	}
}

func (s *Server) router() *chi.Mux {
	mux := chi.NewRouter()
	for _, route := range s.routes() {
		answer := s.answering(route)
		mux.Method(route.method, route.path, answer)
		if route.method == http.MethodGet {
			mux.Method(http.MethodHead, route.path, answer)
		}
	}
	mux.NotFound(s.notFound)
	mux.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) { s.wrongMethod(mux, w, r) })
	return mux
}

// answering turns a handler's error into an answer. It is the only place that does.
func (s *Server) answering(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := parseQuery(r.URL.RawQuery, route.params)
		if err == nil {
			err = admitCoding(w, r)
		}
		if err == nil {
			err = route.handle(w, r, q)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// unescaped makes the router see the decoded path: /%73tatus is /status. A segment with an escaped slash
// stays as it is, because that slash is no separator.
func unescaped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawPath != "" {
			plain := *r
			plain.URL = new(*r.URL)
			plain.URL.RawPath = routePath(r)
			r = &plain
		}
		next.ServeHTTP(w, r)
	})
}

func routePath(r *http.Request) string {
	segments := strings.Split(r.URL.EscapedPath(), "/")
	for i, segment := range segments {
		if meant, err := url.PathUnescape(segment); err == nil && !strings.Contains(meant, "/") {
			segments[i] = meant
		}
	}
	return strings.Join(segments, "/")
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, problemf(http.StatusNotFound,
		"there is nothing at %.100q; there are / /status /workers /connections /scale /reload /reloads /events /healthz /readyz, described in /openapi.yaml",
		r.URL.Path))
}

// wrongMethod names the methods that the path has. The router also comes here for a method that it does not
// know, whatever the path.
func (s *Server) wrongMethod(mux *chi.Mux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if mux.Match(chi.NewRouteContext(), method, routePath(r)) {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		s.notFound(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	p := problemf(http.StatusMethodNotAllowed, "%.100q answers %s, not %.20s",
		r.URL.Path, strings.Join(allowed, " and "), r.Method)
	p.Allowed = slices.Clone(allowed)
	s.fail(w, r, p)
}
