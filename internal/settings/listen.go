package settings

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"rota/internal/listen"
	"rota/internal/near"
)

// addresses are texts for master.ParseListen, which checks them. A map is turned into such a text.
var addresses = kind{listed, parseAddresses, func() *schema {
	return anyOf(&schema{Type: "array", Items: anyOf(textSchema(), listenSchema())}, textSchema())
}}

func listenSchema() *schema {
	return &schema{
		Type:                 "object",
		Required:             []string{"address"},
		AdditionalProperties: new(bool),
		Properties: map[string]*schema{
			"name": (&schema{Type: "string", Pattern: "^[A-Za-z][A-Za-z0-9._-]{0,63}$"}).
				describe("what the listener is called, also to the workers", "web"),
			"address": (&schema{Type: "string", Pattern: "^[^?]+$"}).
				describe("host:port, unix:/path, udp:host:port or unixgram:/path", ":8080", "unix:/run/app.sock"),
			"mode":      octalSchema().describe("of the socket's file, in octal", "0660"),
			"owner":     textSchema().describe("of the socket's file: user, user:group or :group", "www-data", ":www-data"),
			"reuseport": booleanSchema().describe("one socket for each slot, among which the kernel spreads connections"),
			"ipv6only":  booleanSchema().describe("no IPv4 on an IPv6 address"),
			"nonblock":  booleanSchema().describe("set O_NONBLOCK, for a program that relies on it and does not set it itself"),
		},
	}
}

func parseAddresses(n *yaml.Node) (any, []complaint) {
	items, err := list(n)
	if err != nil {
		return nil, complain(n, err)
	}
	if n = dereference(n); len(items) == 0 && n.Kind == yaml.ScalarNode { // an empty list is meant
		return nil, complain(n, errors.New("at least one address is needed"))
	}
	specs := []string{}
	var complaints []complaint
	for _, item := range items {
		spec, problems := listenText(dereference(item))
		if complaints = append(complaints, problems...); len(problems) > 0 {
			continue
		}
		// With one address more each time: a new problem is about this one, and its line.
		_, before := listen.ParseListen(specs)
		specs = append(specs, spec)
		_, after := listen.ParseListen(specs)
		for _, p := range after[len(before):] {
			complaints = append(complaints, complaint{item.Line, p})
		}
	}
	return specs, complaints
}

// listenMembers are the members of an address as a map. All but the first two are options.
var listenMembers = []string{"name", "address", "mode", "owner", "reuseport", "ipv6only", "nonblock"}

func listenText(n *yaml.Node) (string, []complaint) {
	if n.Kind != yaml.MappingNode {
		spec, err := scalar(n)
		if err != nil {
			return "", complain(n, err)
		}
		return spec, nil
	}
	given, complaints := members(n)
	values := map[string]string{}
	for _, m := range given {
		value, err := listenMember(m)
		if err != nil {
			complaints = append(complaints, complaint{m.line, err})
		}
		values[m.name] = value
	}
	if len(complaints) > 0 {
		return "", complaints
	}
	if values["address"] == "" {
		return "", complain(n, errors.New("the address is missing"))
	}
	return assemble(values), nil
}

func listenMember(m entry) (string, error) {
	switch m.name {
	case "name", "address", "mode", "owner", "reuseport", "ipv6only", "nonblock":
	default:
		if meant := near.Word(m.name, listenMembers); meant != "" {
			return "", fmt.Errorf("%s: unknown member; did you mean %s?", m.name, meant)
		}
		return "", fmt.Errorf("%s: unknown member; the known ones are %s", m.name, strings.Join(listenMembers, ", "))
	}
	value, err := scalar(m.node)
	switch {
	case err != nil:
	case value == "":
		err = errors.New("it is empty")
	case m.name == "name" && strings.Contains(value, "="), strings.ContainsAny(value, "?&"):
		err = fmt.Errorf("%q contains more than this member; options are members of their own", value)
	case m.name == "mode":
		value = strings.TrimPrefix(value, "0o") // octal as YAML 1.2 writes it
	case m.name == "reuseport", m.name == "ipv6only", m.name == "nonblock":
		var yes bool
		if yes, err = strconv.ParseBool(value); err != nil {
			err = fmt.Errorf("%q is neither true nor false", value)
		} else if value = "true"; !yes {
			value = "" // as if it were not there
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.name, err)
	}
	return value, nil
}

func assemble(values map[string]string) string {
	spec := values["address"]
	if name := values["name"]; name != "" {
		spec = name + "=" + spec
	}
	separator := "?"
	for _, option := range listenMembers[2:] {
		if value := values[option]; value != "" {
			spec += separator + option + "=" + strings.ReplaceAll(url.QueryEscape(value), "%3A", ":")
			separator = "&"
		}
	}
	return spec
}
