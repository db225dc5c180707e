package admin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"rota/internal/view"
)

func writeJSON(w http.ResponseWriter, status int, v any) error {
	return writeJSONAs(w, "application/json", status, v)
}

// writeJSONAs encodes before it answers, so that a failure to encode can still become an error.
func writeJSONAs(w http.ResponseWriter, mediaType string, status int, v any) error {
	body, err := view.Encode(v)
	if err != nil {
		return err
	}
	writeBody(w, mediaType, status, append(body, '\n'))
	return nil
}

// writeBody ignores an error of the write: the client has left.
func writeBody(w http.ResponseWriter, mediaType string, status int, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// location is the path of something. Behind a proxy it is relative to the request, because the proxy may have
// removed a prefix from the path.
func location(r *http.Request, collection, id string) string {
	root := "/"
	if proxied(r) {
		root = strings.Repeat("../", strings.Count(r.URL.EscapedPath(), "/")-1)
	}
	return root + collection + "/" + id
}

// proxied reports whether the request seems to come through a proxy. nginx adds no header by default, but it
// speaks HTTP/1.0.
func proxied(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return !r.ProtoAtLeast(1, 1)
}

// liftTimeouts lets a request take any time. It lifts the read timeout, too: net/http keeps reading, to see
// the client leave, and would take the timeout for that.
func liftTimeouts(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // a recorder in a test has no deadlines
	_ = c.SetWriteDeadline(time.Time{})
}

// accepts reports whether the client asks for the media type by name.
func accepts(r *http.Request, mediaType string) bool {
	for _, ranges := range r.Header.Values("Accept") {
		for one := range strings.SplitSeq(ranges, ",") {
			name, parameters, _ := strings.Cut(one, ";")
			if strings.EqualFold(strings.TrimSpace(name), mediaType) && !refused(parameters) {
				return true
			}
		}
	}
	return false
}

// refused reports whether the parameters of a media range have the weight 0.
func refused(parameters string) bool {
	for one := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
		if weight, err := strconv.ParseFloat(value, 64); strings.EqualFold(name, "q") && err == nil && weight == 0 {
			return true
		}
	}
	return false
}
