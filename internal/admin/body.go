package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
	"unicode"
	"unicode/utf8"

	"rota/internal/master"
)

const (
	mostBody    = 64 << 10       // bytes
	mostText    = 200            // characters of a reason or revision
	mostTimeout = 24 * time.Hour // of a worker's start or drain
)

// readReloadRequest reads the body of POST /reload, which may be empty. Whatever its
// Content-Type says it is JSON, because curl -d says it is a form. (A form of a foreign page
// has been stopped at the door.)
func readReloadRequest(w http.ResponseWriter, r *http.Request) (master.ReloadRequest, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return master.ReloadRequest{}, problemf(http.StatusRequestTimeout, "the request body did not arrive in time")
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); err != nil && !tooLarge {
		return master.ReloadRequest{}, problemf(http.StatusBadRequest, "the request body can't be read: %v", err)
	}
	if err != nil {
		return master.ReloadRequest{}, err
	}
	return parseReloadRequest(body)
}

// parseReloadRequest walks the object member by member instead of decoding into a struct,
// because encoding/json would let pass a member that comes twice or in other case.
func parseReloadRequest(body []byte) (master.ReloadRequest, error) {
	request := master.ReloadRequest{Trigger: master.TriggerAPI}
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return request, nil
	}
	if !utf8.Valid(body) {
		return request, badBody("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return request, badBody("it must be a JSON object, such as {\"reason\": \"deploy\"}, or empty")
	}
	seen := map[string]bool{}
	for decoder.More() {
		if err := readMember(decoder, seen, &request); err != nil {
			return request, err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return request, badBody("the JSON object does not end properly")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return request, badBody("something follows the JSON object")
	}
	return request, nil
}

func readMember(decoder *json.Decoder, seen map[string]bool, request *master.ReloadRequest) error {
	token, err := decoder.Token()
	name, isName := token.(string)
	if err != nil || !isName {
		return badBody("it is not valid JSON")
	}
	if seen[name] {
		return badField(name, "is given twice")
	}
	seen[name] = true
	var value any
	if err := decoder.Decode(&value); err != nil {
		return badField(name, "its value is not valid JSON")
	}
	switch name {
	case "reason":
		request.Reason, err = readText(name, value)
	case "revision":
		request.Revision, err = readText(name, value)
	case "start_timeout":
		request.StartTimeout, err = readTimeout(name, value)
	case "drain_timeout":
		request.DrainTimeout, err = readTimeout(name, value)
	default:
		p := badField(name, "no such member; there are reason, revision, start_timeout and drain_timeout")
		p.Allowed = []string{"reason", "revision", "start_timeout", "drain_timeout"}
		return p
	}
	return err
}

// readText keeps out what is not seen as itself: the revision becomes an environment
// variable, which can't hold a zero byte, and both are printed in terminals, where a
// character can move the cursor, turn the text round or end the line.
func readText(name string, value any) (string, error) {
	text, ok := value.(string)
	if !ok {
		return "", badField(name, "must be a string")
	}
	if n := utf8.RuneCountInString(text); n > mostText {
		return "", badField(name, "has %d characters, at most %d are allowed", n, mostText)
	}
	for _, character := range text {
		if unicode.In(character, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return "", badField(name, "holds %U, a control, format or separator character", character)
		}
	}
	return text, nil
}

func readTimeout(name string, value any) (time.Duration, error) {
	text, ok := value.(string)
	if !ok {
		return 0, badField(name, "must be a string with a duration, such as \"30s\"")
	}
	return readDuration(name, text, time.Millisecond, mostTimeout)
}

func badBody(why string) error {
	return badField("body", "%s", why)
}
