package settings

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/go-envparse"
	"go.yaml.in/yaml/v3"

	"rota/internal/plan"
)

// variable is a variable in the workers' environment. No complaint quotes its value, which may be a secret.
type variable struct {
	name, value string
	place       string // where it was given
}

// variablesByName is a map whose values stay as they were typed.
var variablesByName = kind{variables, func(n *yaml.Node) (any, []complaint) {
	given, complaints := members(n)
	found := map[string]any{}
	for _, m := range given {
		value, err := scalar(m.node)
		if err == nil {
			err = settable(m.name)
		}
		if err != nil {
			name, _, _ := strings.Cut(m.name, "=") // in {NAME=value} the key contains the value
			complaints = append(complaints, complaint{m.line, fmt.Errorf("%s: %w", name, err)})
			continue
		}
		found[m.name] = value
	}
	return found, complaints
}, func() *schema {
	return &schema{
		Type:                 "object",
		PropertyNames:        &schema{Pattern: "^[^=]+$", Not: &schema{Pattern: plan.SupervisorVariablePattern()}},
		AdditionalProperties: &schema{Type: []string{"string", "number", "boolean"}},
	}
}}

// settable reports why a variable cannot be set. The master itself sets those that tell a worker about its
// sockets and itself.
func settable(name string) error {
	switch {
	case name == "":
		return errors.New("a variable has no name")
	case strings.ContainsAny(name, "=\x00"):
		return errors.New("the name of a variable cannot contain = or a zero byte")
	case plan.IsSupervisorVariable(name):
		return errors.New("rota sets this variable for each worker; it cannot be set")
	}
	return nil
}

// variables reads the env files and merges env over them. The result is sorted by name.
func (m merged) variables() ([]variable, []error) {
	found := map[string]variable{}
	var complaints []error
	if from, given := m.from["env_file"]; given {
		items, _ := list(from.entry.node)
		for i, path := range m.values.Strings("env_file") {
			content, err := readFile(path)
			if err != nil {
				complaints = append(complaints, from.source.complain("env_file", items[i].Line, err))
				continue
			}
			complaints = append(complaints, readVariables(path, content, found)...)
		}
	}
	for name, value := range m.values.StringMap(envKey) {
		found[name] = variable{name, value, m.env[name]}
	}
	byName := func(a, b variable) int { return strings.Compare(a.name, b.name) }
	return slices.SortedFunc(maps.Values(found), byName), complaints
}

// readVariables adds the variables of an env file. It parses each line by itself, to report every bad one.
func readVariables(path string, content []byte, into map[string]variable) (complaints []error) {
	content, err := withoutMark(content)
	if err != nil {
		return []error{fmt.Errorf("%s: %w", path, err)}
	}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		place := fmt.Sprintf("%s:%d", path, number)
		parsed, err := envparse.Parse(bytes.NewReader(line))
		if wrapped := new(envparse.ParseError); errors.As(err, &wrapped) {
			err = wrapped.Err // its own line is always 1
		}
		if err == nil && len(parsed) > 0 {
			err = unambiguous(string(line))
		}
		if err != nil {
			complaints = append(complaints, fmt.Errorf("%s: %w", place, err))
			continue
		}
		for name, value := range parsed {
			if err := settable(name); err != nil {
				complaints = append(complaints, fmt.Errorf("%s: %s: %w", place, name, err))
			} else if strings.ContainsRune(value, 0) {
				complaints = append(complaints, fmt.Errorf("%s: %s: the value holds a zero byte", place, name))
			}
			into[name] = variable{name, value, place}
		}
	}
	return complaints
}

// withoutMark removes the byte order mark that some editors write.
func withoutMark(content []byte) ([]byte, error) {
	if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) {
		return nil, errors.New("it is UTF-16; save it as UTF-8")
	}
	return bytes.TrimPrefix(content, []byte("\uFEFF")), nil
}

// unambiguous refuses values that the parser would silently change: it reads pass#word as pass, and {"a":1}
// as {a:1}. Other programs keep both, so the value needs quotes.
func unambiguous(line string) error {
	_, value, _ := strings.Cut(line, "=")
	value = strings.TrimSpace(value)
	if value == "" || strings.ContainsRune(`"'#`, rune(value[0])) {
		return nil
	}
	for i := 1; i < len(value); i++ {
		switch c := value[i]; {
		case c == '#' && (value[i-1] == ' ' || value[i-1] == '\t'):
			return nil // a comment
		case c == '#', c == '"', c == '\'':
			return fmt.Errorf("a value that holds %c needs quotes around it", c)
		}
	}
	return nil
}
