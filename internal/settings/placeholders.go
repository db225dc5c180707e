package settings

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/process"
)

// Check reports the mistakes that Load finds, and others that only the start would find. If listen is set, it
// assumes that there are no other listeners; if not, systemd may pass some.
func Check(flags *pflag.FlagSet, environ []string, file string, command []string) error {
	m, variables, err := settle(sources(flags, environ, file, command)...)
	if err != nil {
		return err
	}
	return m.placeholders(variables)
}

// placeholders reports placeholders that fit no listener.
func (m merged) placeholders(variables []variable) error {
	listeners, _ := listen.ParseListen(m.values.Strings("listen"))
	if m.from["listen"].place() == byDefault || len(listeners) == 0 {
		return nil
	}
	ready, _ := plan.ParseReadiness(m.values.String("ready")) // "" is an error, so there is no probe
	var complaints []error
	if from, given := m.from[commandKey]; given {
		words, _ := list(from.entry.node)
		for i, word := range m.values.Strings(commandKey) {
			if err := process.CheckPlaceholders(word, listeners, ready); err != nil && i > 0 {
				complaints = append(complaints, from.source.complain(commandKey, words[i].Line, fmt.Errorf("%q: %w", word, err)))
			}
		}
	}
	for _, v := range variables {
		if err := process.CheckPlaceholders(v.value, listeners, ready); err != nil {
			complaints = append(complaints, fmt.Errorf("%s: the variable %s: %w", v.place, v.name, err))
		}
	}
	return errors.Join(complaints...)
}
