package probe

import (
	"net/http"
	"net/textproto"
	"strings"
)

// SetHeaders gives a request the headers of the lines, such as "Host: app.example". They replace those that it
// has; several of one name are several headers.
func SetHeaders(request *http.Request, lines []string) {
	replaced := map[string]bool{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		name, value = textproto.CanonicalMIMEHeaderKey(name), textproto.TrimString(value)
		if name == "Host" {
			request.Host = value
			continue
		}
		if !replaced[name] {
			request.Header.Del(name)
			replaced[name] = true
		}
		request.Header.Add(name, value)
	}
}
