package settings

import (
	"errors"
	"slices"

	"github.com/spf13/pflag"
)

// RegisterAdmin adds the flag for the address of the admin API to a command that talks to it.
func RegisterAdmin(flags *pflag.FlagSet) {
	k, _ := find(adminKey)
	flags.Var(&flagValue{preset: k.preset, form: k.form}, flagName(k.name), k.usage)
}

// Admin returns the address of the admin API, from the same sources as Load. It ignores mistakes in other
// settings.
func Admin(flags *pflag.FlagSet, environ []string, file string) (string, error) {
	said := fromFlags(flags).onlyAdmin()
	if said.silent() {
		said = fromEnvironment(environ).onlyAdmin()
	}
	if said.silent() && file != "" {
		said = fromFile(file).onlyAdmin()
	}
	m, complaints := merge(fromDefaults().onlyAdmin(), said)
	return m.values.String(adminKey), errors.Join(complaints...)
}

// onlyAdmin keeps what the source says about the admin API, and the problems of the source as a whole.
func (s source) onlyAdmin() source {
	s.entries = slices.DeleteFunc(s.entries, func(e entry) bool { return e.name != adminKey })
	if len(s.entries) > 0 {
		s.problems = nil
	}
	return s
}

func (s source) silent() bool { return len(s.entries)+len(s.problems) == 0 }
