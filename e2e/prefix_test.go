package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// prefixed is the address of rota's page behind a proxy that strips a prefix off the path.
func prefixed(r *rota) string {
	r.t.Helper()
	const prefix = "/ops/rota"
	to, err := url.Parse(r.admin)
	require.NoError(r.t, err)
	proxy := httptest.NewServer(http.StripPrefix(prefix, &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to); p.SetXForwarded() }}))
	r.t.Cleanup(proxy.Close)
	return proxy.URL + prefix + "/"
}

func TestTheAPIIsWholeBelowAPathPrefix(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	page := prefixed(r)
	send := func(method, address string) (*http.Response, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Accept", "text/html")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response, string(body)
	}
	found := func(response *http.Response, reference string) string {
		address, err := response.Request.URL.Parse(reference)
		require.NoError(t, err)
		answer, body := send(http.MethodGet, address.String())
		require.Equal(t, http.StatusOK, answer.StatusCode, address)
		return body
	}
	response, html := send(http.MethodGet, page)
	references := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(html, -1)
	require.Greater(t, len(references), 3, "the icon, the style sheets and the script")
	for _, reference := range references {
		found(response, reference[1])
	}
	for _, ask := range []string{"workers/" + r.workers()[0].ID + "/rotate", "reload?wait=completed"} {
		response, _ = send(http.MethodPost, page+ask)
		require.Less(t, response.StatusCode, http.StatusMultipleChoices, ask)
		require.Contains(t, found(response, response.Header.Get("Location")), `"id"`)
	}
}

func TestThePageWorksBelowAPathPrefix(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	p := openPageAt(r, prefixed(r))
	p.until(connected)
	p.click("#reload-button")
	p.until(`document.getElementById('reload-text').textContent.startsWith('completed')`)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="2"]').length === 1`)
	p.noComplaints()
}
