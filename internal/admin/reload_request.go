package admin

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rota/internal/check"
	"rota/internal/record"
)

const (
	mostTimeout = 24 * time.Hour // of a worker's start or drain, a soak or a pause
	mostChecks  = 20             // of one request
)

func readReloadRequest(w http.ResponseWriter, r *http.Request) (request record.ReloadRequest, err error) {
	request.Trigger = record.TriggerAPI
	if err := readObject(w, r, reloadMembers(&request)); err != nil {
		return request, err
	}
	if request.Key, err = readKey(r); err != nil {
		return request, err
	}
	request.IfGeneration, err = readIfMatch(r)
	return request, err
}

func reloadMembers(request *record.ReloadRequest) members {
	return members{
		"reason":        text(&request.Reason),
		"revision":      text(&request.Revision),
		"start_timeout": timeout(&request.StartTimeout),
		"drain_timeout": timeout(&request.DrainTimeout),
		"surge":         surge(&request.Surge),
		"canary":        wholeNumber(&request.Canary, 0, record.MaxWorkers),
		"canary_soak":   span(&request.CanarySoak),
		"pause_between": span(&request.PauseBetween),
		"soak":          span(&request.Soak),
		"checks":        checks(&request.Checks),
	}
}

// timeout reads a duration longer than 0.
func timeout(to *time.Duration) member {
	return func(name string, value any) (err error) {
		*to, err = readSpan(name, value, time.Millisecond)
		return err
	}
}

// span reads a duration. 0 is not the same as none.
func span(to **time.Duration) member {
	return func(name string, value any) error {
		d, err := readSpan(name, value, 0)
		*to = &d
		return err
	}
}

func readSpan(name string, value any, least time.Duration) (time.Duration, error) {
	text, ok := value.(string)
	if !ok {
		return 0, badField(name, "must be a string with a duration, such as \"30s\"")
	}
	return readDuration(name, text, least, mostTimeout)
}

// wholeNumber reads a whole number.
func wholeNumber(to **int, least, most int) member {
	return func(name string, value any) error {
		n, ok := value.(float64)
		if !ok || n != math.Trunc(n) || n < float64(least) || n > float64(most) {
			return badField(name, "must be a whole number from %d to %d", least, most)
		}
		*to = new(int(n))
		return nil
	}
}

// surge reads a number of slots or a string with a percentage.
func surge(to **record.Surge) member {
	return func(name string, value any) error {
		if n, ok := value.(float64); ok && n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32 {
			value = strconv.Itoa(int(n))
		}
		text, ok := value.(string)
		if !ok {
			return badField(name, "must be a number of workers, or a string with a percentage of them, such as \"25%%\"")
		}
		s, err := record.ParseSurge(text)
		if err != nil {
			return badField(name, "%.200v", err)
		}
		*to = &s
		return nil
	}
}

// checks reads a list of checks through rota's own listeners. A caller of the API may not run commands, nor
// make rota ask other hosts.
func checks(to *[]record.Check) member {
	return func(name string, value any) error {
		items, ok := value.([]any)
		if !ok || len(items) > mostChecks {
			return badField(name, "must be a list of at most %d strings", mostChecks)
		}
		for _, item := range items {
			text, err := readText(name, item)
			if err != nil {
				return err
			}
			c, err := check.FromRequest(text)
			if err != nil {
				return badField(name, "%.200v", err)
			}
			*to = append(*to, c)
		}
		return nil
	}
}

// readKey reads the header that identifies a repeated request.
func readKey(r *http.Request) (string, error) {
	const name, most = "Idempotency-Key", 255
	given := r.Header.Values(name)
	if len(given) == 0 {
		return "", nil
	}
	key := strings.Trim(strings.Trim(given[0], " \t"), `"`)
	switch {
	case len(given) > 1:
		return "", badField(name, "is given %d times, once is enough", len(given))
	case key == "" || len(key) > most:
		return "", badField(name, "must have 1 to %d characters", most)
	}
	for _, c := range key {
		if c < ' ' || c > '~' {
			return "", badField(name, "may only hold printable ASCII characters")
		}
	}
	return key, nil
}

// readIfMatch reads the generations from which a reload may start; nil for any. A weak tag, or one that
// cannot be a generation, matches none.
func readIfMatch(r *http.Request) ([]int, error) {
	const name = "If-Match"
	given := r.Header.Values(name)
	if len(given) == 0 {
		return nil, nil
	}
	tags, anything, ok := readTags(given)
	if anything {
		return nil, nil
	}
	if !ok {
		return nil, badField(name, "%.40q is not a list of generations, such as \"3\"; GET /status tells which one serves", strings.Join(given, ","))
	}
	list := []int{}
	for _, tag := range tags {
		n, err := strconv.Atoi(tag.opaque)
		isOne := err == nil && n > 0 && strconv.Itoa(n) == tag.opaque
		if !isOne && !tag.quoted {
			return nil, badField(name, "%.40q is not a generation, such as \"3\"; GET /status tells which one serves", tag.opaque)
		}
		if isOne && !tag.weak {
			list = append(list, n)
		}
	}
	return list, nil
}
