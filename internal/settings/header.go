package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// headers are request headers, a line each. Commas do not separate them.
var headers = kind{repeated, func(n *yaml.Node) (any, []complaint) {
	items := []*yaml.Node{n}
	if all := dereference(n); all.Kind == yaml.SequenceNode {
		items = all.Content
	}
	return texts(items, headerLine)
}, func() *schema { return anyOf(&schema{Type: "array", Items: headerSchema()}, headerSchema()) }}

// ofTheConnection are headers that a user may not set.
var ofTheConnection = []string{"connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}

// headerLine checks a header. Its errors do not quote the value, which may be a secret.
func headerLine(line string) error {
	name, value, found := strings.Cut(line, ":")
	switch {
	case !found:
		return errors.New("it is not a header such as \"Host: app.example\"")
	case name == "" || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") != "":
		return fmt.Errorf("%q is not the name of a header such as Host", name)
	case slices.Contains(ofTheConnection, strings.ToLower(name)):
		return fmt.Errorf("%s belongs to the connection, and rota sets it", name)
	case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }):
		return fmt.Errorf("the value of %s holds a control character", name)
	case strings.EqualFold(name, "Host") && strings.Trim(value, " \t") == "":
		return errors.New("the header Host: the name is missing")
	case strings.EqualFold(name, "Host") && strings.ContainsAny(strings.Trim(value, " \t"), " \t/@?#"):
		return errors.New("the header Host: it is not a host name, with or without a port")
	}
	return nil
}

func headerSchema() *schema {
	return &schema{Type: "string", Pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+:[^\\x00-\\x08\\x0a-\\x1f\\x7f]*$"}
}

// withoutValues hides the values of header lines.
func withoutValues(lines []string) []string {
	shown := make([]string, 0, len(lines))
	for _, line := range lines {
		if name, _, _ := strings.Cut(line, ":"); !strings.EqualFold(name, "Host") {
			line = name + ": " + Hidden
		}
		shown = append(shown, line)
	}
	return shown
}
