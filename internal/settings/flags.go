package settings

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// Register adds a flag for every key that has one, in the order of the table.
func Register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	for _, k := range keys {
		if !k.flag() {
			continue
		}
		f := flags.VarPF(&flagValue{preset: k.preset, form: k.form}, flagName(k.name), "", k.usage)
		if k.form == toggle {
			f.NoOptDefVal = "true"
		}
	}
}

// flagValue keeps its text. It is checked together with the other sources, so that a mistake reads the same
// in each of them and all are reported at once.
type flagValue struct {
	form   form
	preset string
	given  []string
}

func (f *flagValue) Set(text string) error {
	f.given = append(f.given, text)
	return nil
}

// GetSlice returns each text of the flag.
func (f *flagValue) GetSlice() []string { return f.given }

func (f *flagValue) String() string {
	if len(f.given) == 0 {
		return f.preset
	}
	return strings.Join(f.given, ",")
}

func (f *flagValue) Type() string {
	switch f.form {
	case toggle:
		return "bool" // so that the help shows no value
	case duration:
		return "duration"
	default:
		return "text"
	}
}

func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

func fromFlags(flags *pflag.FlagSet) source {
	s := source{place: func(key string, _ int) string { return "--" + flagName(key) }}
	for _, k := range keys {
		f := flags.Lookup(flagName(k.name))
		if f == nil || !f.Changed {
			continue
		}
		ours, ok := f.Value.(*flagValue)
		if !ok {
			continue
		}
		switch e := (entry{name: k.name}); k.form {
		case variables:
			var problems []error
			e.node, problems = pairs(ours.given)
			for _, p := range problems {
				s.problems = append(s.problems, s.complain(k.name, 0, p))
			}
			s.entries = append(s.entries, e)
		case listed:
			e.node = text(strings.Join(ours.given, ","))
			s.entries = append(s.entries, e)
		case repeated:
			e.node = &yaml.Node{Kind: yaml.SequenceNode}
			for _, item := range ours.given {
				e.node.Content = append(e.node.Content, text(item))
			}
			s.entries = append(s.entries, e)
		default:
			e.node = text(ours.given[len(ours.given)-1])
			s.entries = append(s.entries, e)
		}
	}
	return s
}

// pairs makes a mapping from NAME=value texts. The last one of a name counts.
func pairs(list []string) (*yaml.Node, []error) {
	mapping := &yaml.Node{Kind: yaml.MappingNode}
	var problems []error
	at := map[string]int{}
	for _, kv := range list {
		name, value, ok := strings.Cut(kv, "=")
		if !ok {
			problems = append(problems, fmt.Errorf("%q is not NAME=value", kv))
			continue
		}
		if i, given := at[name]; given {
			mapping.Content[i] = text(value)
			continue
		}
		mapping.Content = append(mapping.Content, text(name), text(value))
		at[name] = len(mapping.Content) - 1
	}
	return mapping, problems
}
