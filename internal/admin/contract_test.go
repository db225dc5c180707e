package admin

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rota/internal/paging"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
)

// The router, api.http and the OpenAPI document must say the same.

func routed(t *testing.T, s *Server) []string {
	t.Helper()
	var found []string
	require.NoError(t, chi.Walk(s.router(), func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		found = append(found, method+" "+path)
		return nil
	}))
	slices.Sort(found)
	return found
}

func withoutHead(routes []string) []string {
	return slices.DeleteFunc(slices.Clone(routes), func(r string) bool { return strings.HasPrefix(r, "HEAD ") })
}

func TestEveryGetAnswersHead(t *testing.T) {
	all := routed(t, newServer(newFakeMaster()))
	for _, route := range all {
		if path, ok := strings.CutPrefix(route, "GET "); ok {
			require.Contains(t, all, "HEAD "+path)
		}
	}
}

func TestOpenAPIDescribesExactlyTheRoutes(t *testing.T) {
	s := newServer(newFakeMaster())
	var described []string
	for path, item := range child(document, "paths") {
		for method := range item.(object) {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(described)
	require.Equal(t, withoutHead(routed(t, s)), described)
}

func TestOpenAPIDescribesExactlyTheParameters(t *testing.T) {
	s := newServer(newFakeMaster())
	for _, route := range s.routes() {
		operation := child(document, "paths", route.path, strings.ToLower(route.method))
		var inQuery, inPath []string
		if operation["parameters"] != nil {
			for _, p := range list(operation["parameters"]) {
				p := resolve(p.(object))
				switch p["in"] {
				case "query":
					inQuery = append(inQuery, p["name"].(string))
				case "path":
					inPath = append(inPath, p["name"].(string))
				}
			}
		}
		require.ElementsMatch(t, route.params, inQuery, route.path)
		var inRoute []string
		for _, match := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(route.path, -1) {
			inRoute = append(inRoute, match[1])
		}
		require.Equal(t, inRoute, inPath, route.path)
	}
}

func TestOpenAPIKnowsEverySortField(t *testing.T) {
	pattern := child(document, "components", "parameters", "sort", "schema")["pattern"].(string)
	known := regexp.MustCompile(pattern)
	for _, field := range paging.Fields() {
		require.Regexp(t, known, field)
		require.Regexp(t, known, "-"+field)
	}
	require.Equal(t, len(paging.Fields()), strings.Count(pattern, "|")+1)
}

func TestAPIHTTPHasEveryEndpoint(t *testing.T) {
	s := newServer(newFakeMaster())
	text, err := os.ReadFile("../../api.http")
	require.NoError(t, err)
	var told []string
	for _, match := range regexp.MustCompile(`(?m)^([A-Z]+) \{\{rota\}\}(/\S*)$`).FindAllStringSubmatch(string(text), -1) {
		target, err := url.Parse(regexp.MustCompile(`\{\{\w+\}\}`).ReplaceAllString(match[2], "some-id"))
		require.NoError(t, err)
		found := chi.NewRouteContext()
		require.True(t, s.router().Match(found, match[1], target.Path), "%s leads nowhere", match[0])
		told = append(told, match[1]+" "+found.RoutePattern())
		requireKnownParameters(t, s, found.RoutePattern(), target.RawQuery)
	}
	slices.Sort(told)
	require.Equal(t, withoutHead(routed(t, s)), slices.Compact(told))
}

func requireKnownParameters(t *testing.T, s *Server, path, rawQuery string) {
	t.Helper()
	for _, route := range s.routes() {
		if route.path == path {
			_, err := parseQuery(rawQuery, route.params)
			require.NoError(t, err)
		}
	}
}

func TestEveryRouteRefusesAnUnknownParameter(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for _, route := range s.routes() {
		path := strings.NewReplacer("{id}", f.workers[0].ID, "{file}", "app.js").Replace(route.path)
		p := do(t, s, route.method, path+"?wiat=live", "").problem(http.StatusBadRequest, "wiat")
		require.Contains(t, p["detail"], "no such parameter")
	}
	require.Empty(t, f.requests, "an invalid request must not start a reload")
}

func TestTheOpenAPIDocumentIsServed(t *testing.T) {
	a := get(t, newServer(newFakeMaster()), "/openapi.yaml")
	require.Equal(t, http.StatusOK, a.Code)
	require.Equal(t, "application/yaml", a.Header().Get("Content-Type"))
	require.Contains(t, a.Body.String(), "openapi: 3.1")
}
