package settings

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sys/unix"
)

// Effective is the value of a key in effect, and its source.
type Effective struct {
	Key       string
	Value     any        // as in a file; nil if not set
	Unset     string     // what applies if it is not set
	Source    string     // such as rota.yaml:3, ROTA_WORKERS, --workers or default
	Variables []Variable // in place of a value, for env: sorted by name
}

// Variable is a variable in the workers' environment. Its value is left out, because it may be a secret.
type Variable struct{ Name, Source string }

// Hidden stands in place of the value of a variable.
const Hidden = "(hidden)"

// Explain does what Load does, and says for each key where its value came from.
func Explain(flags *pflag.FlagSet, environ []string, file string, command []string) ([]Effective, error) {
	return explain(sources(flags, environ, file, command)...)
}

func explain(sources ...source) ([]Effective, error) {
	m, environment, err := settle(sources...)
	if err != nil {
		return nil, err
	}
	var effective []Effective
	for _, k := range keys {
		e := Effective{Key: k.name, Unset: k.unset, Source: "default"}
		switch from, given := m.from[k.name]; {
		case k.name == envKey:
			for _, v := range environment {
				e.Variables = append(e.Variables, Variable{v.name, v.place})
			}
			if len(e.Variables) > 0 {
				e.Source = sourcesOf(e.Variables)
			}
		case given && k.name == "probe_header":
			lines, _ := m.values.Get(k.name).([]string)
			e.Value, e.Source = withoutValues(lines), from.place()
		case given:
			e.Value, e.Source = presentable(m.values.Get(k.name)), from.place()
		}
		effective = append(effective, e)
	}
	return effective, nil
}

// sourcesOf names each place once, without the lines of files.
func sourcesOf(variables []Variable) string {
	var places []string
	for _, v := range variables {
		place := v.Source
		if i := strings.LastIndexByte(place, ':'); i >= 0 {
			place = place[:i]
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	return strings.Join(places, ", ")
}

// presentable is a value in the form of a file.
func presentable(value any) any {
	switch v := value.(type) {
	case time.Duration:
		return v.String()
	case syscall.Signal:
		return unix.SignalName(v)
	case umask:
		return fmt.Sprintf("%04o", int(v))
	}
	return value
}

// WriteYAML writes YAML that rota could load again, except for hidden values. A key that is not set is a
// comment.
func WriteYAML(w io.Writer, effective []Effective) error {
	var out strings.Builder
	out.WriteString("# What rota run would start with, and who says so. The values of the workers' environment\n" +
		"# and of headers are hidden: they may be secrets.\n")
	for _, e := range effective {
		source := "  # " + printable(e.Source)
		switch {
		case len(e.Variables) > 0:
			out.WriteString(e.Key + ":\n")
			for _, v := range e.Variables {
				out.WriteString("  " + flow(v.Name) + ": " + flow(Hidden) + "  # " + printable(v.Source) + "\n")
			}
		case e.Value == nil:
			out.WriteString("# " + e.Key + ":" + source + ": " + e.Unset + "\n")
		default:
			out.WriteString(e.Key + ": " + flow(e.Value) + source + "\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// printable keeps a comment on its line, whatever a file is called.
func printable(comment string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, comment)
}

// flow is a value as YAML on one line.
func flow(value any) string {
	var node yaml.Node
	switch v := value.(type) {
	case []string:
		node = yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, s := range v {
			node.Content = append(node.Content, oneLine(s))
		}
	case string:
		node = *oneLine(v)
	default:
		return fmt.Sprint(v)
	}
	written, err := yaml.Marshal(&node)
	if err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
	return strings.TrimSpace(string(written))
}

// oneLine is text, in double quotes where YAML needs them. The encoder knows which plain words mean something
// else in YAML.
func oneLine(s string) *yaml.Node {
	node := text(strings.ToValidUTF8(s, "\uFFFD"))
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") != "" {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node
}
