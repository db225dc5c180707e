package settings

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"rota/internal/master"
)

// What a source holds is a string (environment), a YAML value, or a flag's own type. The
// parsers take each and say what they would have liked instead.

func wholeNumber(low, high int) func(any) (any, error) {
	return func(raw any) (any, error) {
		n, err := strconv.Atoi(scalar(raw))
		if err != nil || n < low || n > high {
			return nil, fmt.Errorf("%q is not a whole number from %d to %d", scalar(raw), low, high)
		}
		return n, nil
	}
}

func parseDuration(raw any) (any, error) {
	d, err := time.ParseDuration(scalar(raw))
	if err != nil {
		return nil, fmt.Errorf("%q is not a duration such as 30s or 1m30s", scalar(raw))
	}
	if d <= 0 {
		return nil, fmt.Errorf("%s is not longer than 0", d)
	}
	return d, nil
}

func oneOf(allowed ...string) func(any) (any, error) {
	return func(raw any) (any, error) {
		if s := scalar(raw); slices.Contains(allowed, s) {
			return s, nil
		}
		return nil, fmt.Errorf("%q is not one of %s", scalar(raw), strings.Join(allowed, ", "))
	}
}

func parseHostPort(raw any) (any, error) {
	s := scalar(raw)
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not host:port", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return nil, fmt.Errorf("%q: the port is not a number from 0 to 65535", s)
	}
	return s, nil
}

func parseAddresses(raw any) (any, error) {
	list, err := stringList(raw)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("at least one address is needed")
	}
	if _, problems := master.ParseListen(list); len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return list, nil
}

func parseHosts(raw any) (any, error) {
	list, err := stringList(raw)
	if err != nil {
		return nil, err
	}
	for _, name := range list {
		if !hostName(name) {
			return nil, fmt.Errorf("%q is not a host name such as rota.example.org; there are no wildcards, ports or schemes", name)
		}
	}
	return list, nil
}

// hostName reports whether name could be what stands between http:// and the port.
func hostName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), hostCharacters) != "" {
			return false
		}
	}
	return true
}

// hostCharacters are those of a label, in lower case.
const hostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// stringList takes a list, or a text in which commas separate. A flag that may be repeated
// is both.
func stringList(raw any) ([]string, error) {
	switch v := raw.(type) {
	case []string:
		return stringList(strings.Join(v, ","))
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			list[i] = scalar(item)
		}
		return list, nil
	case string:
		var list []string
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		return list, nil
	}
	return nil, fmt.Errorf("%v is not a list", raw)
}

func scalar(raw any) string {
	if raw == nil {
		return ""
	}
	return fmt.Sprint(raw)
}
