package admin

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rota/internal/words"
)

// query holds the parameters of a request. The handler knows each of them, and none comes twice. An unknown
// one is an error: a reload that should wait and does not is worse than one that is refused.
type query map[string]string

func parseQuery(raw string, known []string) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, problemf(http.StatusBadRequest, "cannot read the query: %.100v", err)
	}
	q := query{}
	for _, name := range slices.Sorted(maps.Keys(values)) { // so that the same request gets the same answer
		given := values[name]
		switch {
		case !slices.Contains(known, name):
			return nil, unknownParameter(name, known)
		case len(given) > 1:
			return nil, badField(name, "is given %d times, once is enough", len(given))
		case given[0] == "":
			return nil, badField(name, "has no value; leave it out or give one")
		}
		q[name] = given[0]
	}
	return q, nil
}

func unknownParameter(name string, known []string) error {
	p := badField(name, "no such parameter here")
	if len(known) > 0 {
		p.Detail += "; there are " + strings.Join(known, ", ")
		p.Allowed = known
	}
	return p
}

// number reads a whole number from low to high.
func (q query) number(name string, otherwise, low, high int) (int, error) {
	text, given := q[name]
	if !given {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, badField(name, "%.40q is not a whole number from %d to %d", text, low, high)
	}
	return n, nil
}

// duration reads a Go duration from low to high.
func (q query) duration(name string, otherwise, low, high time.Duration) (time.Duration, error) {
	text, given := q[name]
	if !given {
		return otherwise, nil
	}
	return readDuration(name, text, low, high)
}

// choice reads one of a few words; "" if it is not given.
func (q query) choice(name string, words []string) (string, error) {
	text, given := q[name]
	if given && !slices.Contains(words, text) {
		p := badField(name, "%.60q is none of %s", text, strings.Join(words, ", "))
		p.Allowed = words
		return "", p
	}
	return text, nil
}

func readDuration(name, text string, low, high time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < low || d > high {
		return 0, badField(name, "%.40q is not a duration from %s to %s, such as \"30s\" or \"1m30s\"", text, words.Exact(low), words.Exact(high))
	}
	return d, nil
}
