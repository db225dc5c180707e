package settings

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"rota/internal/record"
)

// kind is what keys have in common: how a value is read, its schema for editors, and the form of its flag.
type kind struct {
	form   form
	parse  func(*yaml.Node) (any, []complaint)
	schema func() *schema // a function, because most processes need no schema
}

// form is how a flag takes its value.
type form int

const (
	single    form = iota // the last one counts
	duration              // the same; the help names the type
	toggle                // needs no value
	listed                // may be repeated; commas separate, too
	repeated              // may be repeated; commas do not separate
	variables             // NAME=value, may be repeated
	words                 // no flag: everything after --
)

// ofText turns a parser of text into a parser of nodes.
func ofText[T any](parse func(string) (T, error)) func(*yaml.Node) (any, []complaint) {
	return func(n *yaml.Node) (any, []complaint) {
		s, err := scalar(n)
		if err != nil {
			return nil, complain(n, err)
		}
		value, err := parse(s)
		if err != nil {
			return nil, complain(n, err)
		}
		return value, nil
	}
}

func wholeNumber(low, high int) kind {
	return kind{single, ofText(func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, fmt.Errorf("%q is not a whole number from %d to %d", s, low, high)
		}
		return n, nil
	}), func() *schema { return &schema{Type: "integer", Minimum: &low, Maximum: &high} }}
}

var yesOrNo = kind{toggle, ofText(func(s string) (bool, error) {
	yes, err := strconv.ParseBool(s)
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", s)
	}
	return yes, nil
}), booleanSchema}

func booleanSchema() *schema { return &schema{Type: "boolean"} }

var durationAbove0 = kind{duration, ofText(func(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%s is not longer than 0", d)
	}
	return d, err
}), durationSchema}

// durationOr0 is a duration that is 0 or at least so long.
func durationOr0(least time.Duration) kind {
	return kind{duration, ofText(func(s string) (time.Duration, error) {
		d, err := parseDuration(s)
		if err == nil && d != 0 && d < least {
			err = fmt.Errorf("%s is shorter than %s; 0 switches it off", d, least)
		}
		return d, err
	}), func() *schema { return anyOf(durationSchema(), &schema{Enum: []any{0, "0"}}) }}
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 30s or 1m30s", s)
	}
	return d, nil
}

func durationSchema() *schema {
	return &schema{Type: "string", Pattern: `^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`}
}

func oneOf(allowed ...string) kind {
	return kind{single, ofText(func(s string) (string, error) {
		if !slices.Contains(allowed, s) {
			return "", fmt.Errorf("%q is not one of %s", s, strings.Join(allowed, ", "))
		}
		return s, nil
	}), func() *schema { return enumOf(allowed...) }}
}

var hostPort = kind{single, ofText(func(s string) (string, error) {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("%q: the port is not a number from 0 to 65535", s)
	}
	return s, nil
}), func() *schema { return &schema{Type: "string", Pattern: `:[0-9]{1,5}$`} }}

// umask has a type of its own, because it is shown in octal.
type umask int

var octal = kind{single, ofText(func(s string) (umask, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0o"), 8, 32)
	if err != nil || n > 0o777 {
		return 0, fmt.Errorf("%q is not an octal number from 0 to 0777, such as 0022", s)
	}
	return umask(n), nil
}), octalSchema}

// To an editor 0777 is a number, either 777 or 511 by the version of its YAML.
func octalSchema() *schema {
	return anyOf(&schema{Type: "string", Pattern: "^(0o)?0*[0-7]{1,3}$"}, &schema{Type: "integer", Minimum: new(0), Maximum: new(777)})
}

var path = kind{single, ofText(func(s string) (string, error) { return s, filled(s) }), textSchema}

func filled(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	return nil
}

func textSchema() *schema { return &schema{Type: "string", MinLength: 1} }

var account = kind{single, ofText(func(s string) (string, error) { return s, accountName(s) }), accountSchema}

// accountName does not look up the user or group: another machine may check the file.
func accountName(s string) error {
	if s == "" || s[0] == '-' || strings.ContainsAny(s, ":/, \t\n") {
		return fmt.Errorf("%q is neither a name nor a number", s)
	}
	return nil
}

func accountSchema() *schema {
	return anyOf(&schema{Type: "string", Pattern: `^[^-:/, \t\n][^:/, \t\n]*$`}, &schema{Type: "integer", Minimum: new(0)})
}

// texts are the items, each of which must pass the check.
func texts(items []*yaml.Node, check func(string) error) ([]string, []complaint) {
	found := []string{}
	var complaints []complaint
	for _, item := range items {
		s, err := scalar(item)
		if err == nil {
			err = check(s)
		}
		if err != nil {
			complaints = append(complaints, complain(item, err)...)
		}
		found = append(found, s)
	}
	return found, complaints
}

// listOf is a list of texts, each of which must pass the check.
func listOf(check func(string) error, item func() *schema) kind {
	return kind{listed, func(n *yaml.Node) (any, []complaint) {
		items, err := list(n)
		if err != nil {
			return nil, complain(n, err)
		}
		return texts(items, check)
	}, func() *schema { return anyOf(&schema{Type: "array", Items: item()}, &schema{Type: "string"}) }}
}

var surge = kind{single, ofText(func(s string) (string, error) {
	_, err := record.ParseSurge(s)
	return s, err
}), surgeSchema}

func surgeSchema() *schema {
	return anyOf(&schema{Type: "integer", Minimum: new(1), Maximum: new(record.MaxWorkers)}, &schema{Type: "string", Pattern: "^(0*([1-9][0-9]{0,2}|10[01][0-9]|102[0-4])|0*([1-9][0-9]?|100)%)$"})
}

// checks may contain commands, so commas do not separate them.
var checks = kind{repeated, func(n *yaml.Node) (any, []complaint) {
	items := []*yaml.Node{n}
	if all := dereference(n); all.Kind == yaml.SequenceNode {
		items = all.Content
	}
	return texts(items, filled)
}, func() *schema { return anyOf(&schema{Type: "array", Items: textSchema()}, textSchema()) }}

// hostName accepts what could stand between http:// and the port.
func hostName(name string) error {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Errorf("%q is not a host name such as rota.example.org; there are no wildcards, ports or schemes", name)
		}
	}
	return nil
}

func hostSchema() *schema {
	return &schema{Type: "string", Pattern: `^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$`}
}
