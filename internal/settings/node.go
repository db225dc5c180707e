package settings

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// complaint is a mistake and its line in a file; 0: no line.
type complaint struct {
	line int
	error
}

func complain(n *yaml.Node, err error) []complaint { return []complaint{{n.Line, err}} }

// entry is one member of a mapping.
type entry struct {
	name string
	line int
	node *yaml.Node
}

// text makes a node of text that is not YAML.
func text(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

// dereference returns the node behind an alias, with the line of the alias. No parser goes deeper than its
// kind needs, so an alias of itself does no harm.
func dereference(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.AliasNode {
		return n
	}
	found := *n.Alias
	found.Line = n.Line
	return &found
}

// scalar is the text of a node as it was typed: 0022 and yes stay as they are.
func scalar(n *yaml.Node) (string, error) {
	n = dereference(n)
	switch {
	case n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0:
		return "", errors.New("it is a map and should be text; text that begins with { needs quotes")
	case n.Kind == yaml.MappingNode:
		return "", errors.New("it is a map and should be text")
	case n.Kind == yaml.SequenceNode:
		return "", errors.New("it is a list and should be one value")
	case n.ShortTag() == "!!null":
		return "", errors.New("it has no value")
	case strings.ContainsRune(n.Value, 0):
		return "", errors.New("it holds a zero byte")
	}
	return n.Value, nil
}

// list returns the items of a node: a list, or text separated by commas.
func list(n *yaml.Node) ([]*yaml.Node, error) {
	n = dereference(n)
	if n.Kind == yaml.SequenceNode {
		return n.Content, nil
	}
	if n.Kind == yaml.MappingNode {
		return nil, errors.New("it is a map and should be a list")
	}
	all, err := scalar(n)
	if err != nil {
		return nil, err
	}
	var items []*yaml.Node
	for item := range strings.SplitSeq(all, ",") {
		if item = strings.TrimSpace(item); item != "" {
			one := text(item)
			one.Line = n.Line
			items = append(items, one)
		}
	}
	return items, nil
}

// members returns the members of a mapping. The first of each name counts.
func members(n *yaml.Node) ([]entry, []complaint) {
	n = dereference(n)
	if n.Kind != yaml.MappingNode {
		return nil, complain(n, errors.New("it should be a map"))
	}
	var found []entry
	var complaints []complaint
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := dereference(n.Content[i]), n.Content[i+1]
		line, given := first[name.Value]
		switch {
		case name.Kind != yaml.ScalarNode:
			complaints = append(complaints, complain(name, errors.New("a key is a list or a map and should be text"))...)
		case name.ShortTag() == "!!merge":
			complaints = append(complaints, complain(name, errors.New("<< is not supported; write the keys out"))...)
		case given:
			complaints = append(complaints, complain(name, fmt.Errorf("%q is given twice, first on line %d", name.Value, line))...)
		default:
			first[name.Value] = name.Line
			found = append(found, entry{name.Value, name.Line, value})
		}
	}
	return found, complaints
}
