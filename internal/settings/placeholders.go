package settings

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"rota/internal/master"
)

// Check reports what is wrong, as Load does, and further mistakes that only the start would find. It takes
// `listen` for all listeners, unless nobody set it: a rota that systemd starts with sockets may have others.
func Check(flags *pflag.FlagSet, environ []string, file string, command []string) error {
	m, variables, err := settle(sources(flags, environ, file, command)...)
	if err != nil {
		return err
	}
	return m.placeholders(variables)
}

// placeholders reports those that no listener fits.
func (m merged) placeholders(variables []variable) error {
	listeners, _ := master.ParseListen(m.values.Strings("listen"))
	if m.from["listen"].place() == byDefault || len(listeners) == 0 {
		return nil
	}
	ready, _ := master.ParseReadiness(m.values.String("ready")) // "" is an error, and no probe
	var complaints []error
	if from, given := m.from[commandKey]; given {
		words, _ := list(from.entry.node)
		for i, word := range m.values.Strings(commandKey) {
			if err := master.CheckPlaceholders(word, listeners, ready); err != nil && i > 0 {
				complaints = append(complaints, from.source.complain(commandKey, words[i].Line, fmt.Errorf("%q: %w", word, err)))
			}
		}
	}
	for _, v := range variables {
		if err := master.CheckPlaceholders(v.value, listeners, ready); err != nil {
			complaints = append(complaints, fmt.Errorf("%s: the variable %s: %w", v.place, v.name, err))
		}
	}
	return errors.Join(complaints...)
}
