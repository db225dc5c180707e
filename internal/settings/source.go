package settings

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
	"go.yaml.in/yaml/v3"

	"rota/internal/near"
	"rota/internal/plan"
)

// source is one source of settings.
type source struct {
	entries  []entry
	problems []error                            // mistakes found before any value was read
	place    func(key string, line int) string  // where a key is set
	unknown  func(key string) (complaint error) // nil: the complaint about an unknown key in a file
	inFile   bool                               // a place is a line, so the complaint must name the key
}

// complain adds the place and the key to an error.
func (s source) complain(key string, line int, err error) error {
	if s.inFile {
		return fmt.Errorf("%s: %s: %w", s.place(key, line), key, err)
	}
	return fmt.Errorf("%s: %w", s.place(key, line), err)
}

// check turns the nodes into values of the keys' types.
func (s source) check() (values map[string]any, complaints []error) {
	values = map[string]any{}
	complaints = s.problems
	for _, e := range s.entries {
		k, known := find(e.name)
		if !known {
			complain := unknownKey
			if s.unknown != nil {
				complain = s.unknown
			}
			complaints = append(complaints, s.complain(e.name, e.line, complain(e.name)))
			continue
		}
		value, problems := k.parse(e.node)
		for _, p := range problems {
			line := p.line
			if line == 0 {
				line = e.line
			}
			complaints = append(complaints, s.complain(e.name, line, p.error))
		}
		if len(problems) == 0 {
			values[e.name] = value
		}
	}
	return values, complaints
}

// origin is the source that won for a key.
type origin struct {
	source source
	entry  entry
}

func (o origin) place() string { return o.source.place(o.entry.name, o.entry.line) }

// merged is the result of a merge.
type merged struct {
	values *koanf.Koanf
	from   map[string]origin // by key
	env    map[string]string // the place of each variable in env, by its name
}

// noPath never occurs in a key: the name of a variable may contain a dot, but no NUL.
const noPath = "\x00"

// merge lets the later sources win; env is merged by the names of its variables.
func merge(sources ...source) (merged, []error) {
	m := merged{values: koanf.New(noPath), from: map[string]origin{}, env: map[string]string{}}
	var complaints []error
	for _, s := range sources {
		values, problems := s.check()
		complaints = append(complaints, problems...)
		for _, e := range s.entries {
			if _, good := values[e.name]; good {
				m.from[e.name] = origin{s, e}
			}
			if e.name == envKey {
				maps.Copy(m.env, placesOf(s, e))
			}
		}
		if err := m.values.Load(confmap.Provider(values, ""), nil); err != nil {
			complaints = append(complaints, err)
		}
	}
	return m, complaints
}

// placesOf returns the place of each variable in env.
func placesOf(s source, env entry) map[string]string {
	places := map[string]string{}
	variables, _ := members(env.node)
	for _, v := range variables {
		places[v.name] = s.place(env.name, v.line)
	}
	return places
}

// fits checks that a worker can be ready before the start timeout.
func (m merged) fits() error {
	limit := m.values.Duration("start_timeout")
	ready, err := plan.ParseReadiness(m.values.String("ready"))
	if err != nil || ready.Delay == 0 || ready.Delay < limit {
		return nil
	}
	from := m.from["ready"]
	return from.source.complain("ready", from.entry.line, fmt.Errorf("a delay of %s is not shorter than the start timeout of %s", ready.Delay, limit))
}

// byDefault is the place of a default.
const byDefault = "default"

func fromDefaults() source {
	s := source{place: func(string, int) string { return byDefault }, inFile: true}
	for _, k := range keys {
		if k.preset != "" {
			s.entries = append(s.entries, entry{name: k.name, node: text(k.preset)})
		}
	}
	return s
}

// fromCommandLine is the command after --, if there is one.
func fromCommandLine(command []string) source {
	s := source{place: func(string, int) string { return "command behind --" }}
	if len(command) > 0 {
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, word := range command {
			list.Content = append(list.Content, text(word))
		}
		s.entries = []entry{{name: commandKey, node: list}}
	}
	return s
}

func unknownKey(name string) error {
	if meant := near.Word(name, keyNames()); meant != "" {
		return fmt.Errorf("unknown key; did you mean %s?", meant)
	}
	return errors.New("unknown key; the known ones are " + strings.Join(keyNames(), ", "))
}
