package plan

import (
	"cmp"
	"slices"
	"strings"

	"rota/internal/account"
)

// environment is what every worker of the plan gets: the part of rota's own that may be passed on, and what
// the spec adds.
func (p *Plan) environment(own []string) []string {
	env := p.Inheritable(own)
	if p.WorkDir != nil {
		env = SetVariables(env, "PWD="+p.WorkDir.path)
	}
	if p.User != "" {
		env = setUser(env, p.User)
	}
	return SetVariables(env, p.Env...)
}

// setUser sets HOME, USER and LOGNAME. If a number stands for no known user, there is no name to set, and
// rota's would be wrong.
func setUser(env []string, name string) []string {
	u, err := account.LookUpUser(name)
	if err != nil {
		return env // lookUpAccount reports it
	}
	env = SetVariables(env, "HOME="+cmp.Or(u.HomeDir, "/"))
	if u.Username != u.Uid {
		return SetVariables(env, "USER="+u.Username, "LOGNAME="+u.Username)
	}
	return slices.DeleteFunc(env, func(kv string) bool {
		return strings.HasPrefix(kv, "USER=") || strings.HasPrefix(kv, "LOGNAME=")
	})
}

// SetVariables returns the environment with these variables, "NAME=value" each. One that is there already is
// replaced, in place.
func SetVariables(env []string, more ...string) []string {
	for _, kv := range more {
		name, _, _ := strings.Cut(kv, "=")
		i := slices.IndexFunc(env, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		if i < 0 {
			env = append(env, kv)
		} else {
			env[i] = kv
		}
	}
	return env
}

// namesOf are the names of the variables, sorted.
func namesOf(env []string) []string {
	names := make([]string, len(env))
	for i, kv := range env {
		names[i], _, _ = strings.Cut(kv, "=")
	}
	slices.Sort(names)
	return slices.Compact(names)
}
