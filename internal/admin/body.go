package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mostBody = 64 << 10 // bytes
	mostText = 200      // characters of a reason or revision
)

// member reads the value of one member of a body.
type member func(name string, value any) error

// members are all members that a body may have.
type members map[string]member

// admitCoding refuses a compressed body.
func admitCoding(w http.ResponseWriter, r *http.Request) error {
	for _, given := range r.Header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(given, ",") {
			coding = strings.Trim(coding, " \t")
			if coding != "" && !strings.EqualFold(coding, "identity") {
				w.Header().Set("Accept-Encoding", "identity")
				p := problemf(http.StatusUnsupportedMediaType, "Content-Encoding: %.40q is not understood here; send the body as it is", coding)
				p.Field = "Content-Encoding"
				return p
			}
		}
	}
	return nil
}

// readObject reads the body of a request, which may be empty. It takes any Content-Type for JSON, because
// curl -d says that it is a form. (The access policy has stopped forms of foreign pages.)
func readObject(w http.ResponseWriter, r *http.Request, known members) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return problemf(http.StatusRequestTimeout, "the request body did not arrive in time")
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); err != nil && !tooLarge {
		return problemf(http.StatusBadRequest, "the request body can't be read: %v", err)
	}
	if err != nil {
		return err
	}
	return parseObject(body, known)
}

// parseObject walks the object member by member, because encoding/json accepts a member twice or in another
// case.
func parseObject(body []byte, known members) error {
	body = bytes.Trim(body, " \t\r\n") // the only space that JSON allows
	if len(body) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return badBody("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return badBody("it must be a JSON object, such as {\"reason\": \"deploy\"}, or empty")
	}
	seen := map[string]bool{}
	for decoder.More() {
		if err := readMember(decoder, seen, known); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return badBody("the JSON object does not end properly")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return badBody("something follows the JSON object")
	}
	return nil
}

func readMember(decoder *json.Decoder, seen map[string]bool, known members) error {
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
	read, ok := known[name]
	if !ok {
		return unknownMember(name, known)
	}
	return read(name, value)
}

func unknownMember(name string, known members) error {
	if len(known) == 0 {
		return badField(name, "no such member; the body is to be empty")
	}
	p := badField(name, "no such member")
	p.Allowed = slices.Sorted(maps.Keys(known))
	p.Detail += "; there are " + strings.Join(p.Allowed, ", ")
	return p
}

// text reads a member into a string.
func text(to *string) member {
	return func(name string, value any) (err error) {
		*to, err = readText(name, value)
		return err
	}
}

// readText refuses control characters. The revision becomes an environment variable, which cannot hold a zero
// byte, and people print both in terminals, where a character can move the cursor, reverse the text or end
// the line.
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

func badBody(why string) error {
	return badField("body", "%s", why)
}
