package check

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"rota/internal/record"
)

// kinds is what there is, as an error says it.
const kinds = "tcp, http:/path, http://host:port/path, https://host:port/path or a command"

// Parse reads a check as --check takes it: tcp; http:/path, asked of the workers through the first
// listener; a URL with http or https; or else a command for /bin/sh -c.
func Parse(text string) (record.Check, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case strings.TrimSpace(text) == "":
		return record.Check{}, fmt.Errorf("an empty check; it may be %s", kinds)
	case strings.ContainsRune(text, 0):
		return record.Check{}, fmt.Errorf("%q: a zero byte is no part of a command", namedCommand(text))
	case text == string(record.CheckTCP):
		return record.Check{Kind: record.CheckTCP}, nil
	case (kind == "http" || kind == "https") && strings.HasPrefix(rest, "//"):
		return parseURL(text)
	case kind == "http":
		return parsePath(text, rest)
	case kind == "https", kind == "tcp", scheme.MatchString(text):
		return record.Check{}, fmt.Errorf("%q is no check; it may be %s", namedURL(text), kinds)
	}
	return record.Check{Kind: record.CheckCommand, Target: text}, nil
}

// FromRequest reads a check that a caller of the API asks for, who shall neither run commands nor reach
// other hosts through rota: tcp or http:/path.
func FromRequest(text string) (record.Check, error) {
	c, err := Parse(text)
	if err == nil && c.Kind != record.CheckTCP && c.Kind != record.CheckPath {
		err = fmt.Errorf("%q: a request may ask for tcp and http:/path; commands and URLs belong in the settings", text)
	}
	if err != nil {
		return record.Check{}, err
	}
	return c, nil
}

// scheme is how a URL begins.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

func parsePath(text, path string) (record.Check, error) {
	if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c > '~' || c == '#' }) {
		return record.Check{}, fmt.Errorf("%q: %q is not a path such as /healthz", namedURL(text), namedURL(path))
	}
	if _, err := url.ParseRequestURI(path); err != nil {
		return record.Check{}, fmt.Errorf("%q: %w", namedURL(text), reason(err))
	}
	return record.Check{Kind: record.CheckPath, Target: path}, nil
}

func parseURL(text string) (record.Check, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil && strings.Contains(text, "@"): // the reason may quote a password
		err = errors.New("it is no URL; what is special in a user or password has to be escaped, as %2F for /")
	case err != nil:
		err = reason(err)
	case u.Hostname() == "":
		err = errors.New("the host is missing")
	case u.Fragment != "":
		err = errors.New("what is behind # does not reach a server")
	}
	if err != nil {
		return record.Check{}, fmt.Errorf("%q: %w", namedURL(text), err)
	}
	return record.Check{Kind: record.CheckURL, Target: text}, nil
}

// reason is what went wrong, without the URL, which is said already.
func reason(err error) error {
	if about, ok := errors.AsType[*url.Error](err); ok {
		return about.Err
	}
	return err
}
