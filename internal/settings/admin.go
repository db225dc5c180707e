package settings

import (
	"errors"
	"slices"

	"github.com/spf13/pflag"
)

// RegisterAdmin adds the flag that says where the admin API is, to a command that asks it.
func RegisterAdmin(flags *pflag.FlagSet) {
	k, _ := find(adminKey)
	flags.Var(&flagValue{preset: k.preset, form: k.form}, flagName(k.name), k.usage)
}

// Admin is where the admin API of a running master is, by what Load would take it from. Nothing
// is read but for that: what else is wrong is the master's business.
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

// onlyAdmin is what the source says of the admin API, and what keeps it from saying anything.
func (s source) onlyAdmin() source {
	s.entries = slices.DeleteFunc(s.entries, func(e entry) bool { return e.name != adminKey })
	if len(s.entries) > 0 {
		s.problems = nil
	}
	return s
}

func (s source) silent() bool { return len(s.entries)+len(s.problems) == 0 }
