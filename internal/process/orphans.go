package process

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/plan"
)

// Orphans are the processes that workers have left behind in such a way that nobody knows whose they were: a
// daemon in a session of its own, with an environment of its own, whose parents are gone. It may hold the
// listening sockets.
type Orphans struct {
	log    zerolog.Logger
	env    func() []string        // the part of rota's environment that it passes on
	before map[string]kernel.Root // processes that rota was started with, as in `sh -c 'agent & exec rota'`: it leaves them and theirs alone
}

// NewOrphans is called before the first worker is started.
func NewOrphans(log zerolog.Logger, env func() []string) *Orphans {
	_, before, err := kernel.Families(nil)
	if err != nil {
		log.Warn().Err(err).Msg("cannot look for processes that rota was started with")
	}
	o := &Orphans{log: log, env: env, before: map[string]kernel.Root{}}
	for _, p := range before {
		o.before[strconv.Itoa(p.PID)] = kernel.Root{PID: p.PID, Started: p.Started, Known: kernel.Family{p}}
		log.Info().Int("pid", p.PID).Str("name", p.Name).Msg("rota was started with this process below it, and leaves it alone")
	}
	return o
}

// Kill is called when the last worker is gone: what is still below this process is an orphan then.
func (o *Orphans) Kill() {
	var told kernel.Family
	gone, err := KillAll(func() kernel.Family {
		found, err := o.find()
		if err != nil {
			o.log.Warn().Err(err).Msg("cannot look for what the workers have left behind")
			return nil
		}
		for _, p := range found {
			if !slices.ContainsFunc(told, func(q kernel.Process) bool { return q.PID == p.PID }) {
				told = append(told, p)
				o.log.Warn().Int("pid", p.PID).Str("name", p.Name).Msg("a process that the workers have left behind is killed")
			}
		}
		return found
	})
	switch {
	case err != nil:
		o.log.Warn().Err(err).Msg("what the workers have left behind can't be ended")
	case !gone:
		o.log.Warn().Msg("what the workers have left behind does not end")
	}
}

// find finds those to be killed. What a process from before has left behind joins before.
func (o *Orphans) find() (kernel.Family, error) {
	for {
		_, found, err := kernel.Families(o.before)
		found = slices.DeleteFunc(found, func(p kernel.Process) bool { return p.Zombie })
		i := slices.IndexFunc(found, o.isFromBefore)
		if err != nil || len(o.before) == 0 || i < 0 {
			return found, err
		}
		p := found[i]
		o.before[strconv.Itoa(p.PID)] = kernel.Root{PID: p.PID, Started: p.Started}
		o.log.Info().Int("pid", p.PID).Str("name", p.Name).
			Msg("a process that rota was started with has left this one behind, and rota leaves it alone")
	}
}

// isFromBefore reports whether an orphan was started in the same environment as rota, without the variables
// that rota gives its workers. A worker's daemon that has shed the one has shed the other, too.
func (o *Orphans) isFromBefore(p kernel.Process) bool {
	env := p.Environment()
	if slices.ContainsFunc(env, func(kv string) bool { return plan.IsSupervisorVariable(nameOf(kv)) }) {
		return false
	}
	own := slices.DeleteFunc(o.env(), func(kv string) bool { return slices.Contains(ofShell, nameOf(kv)) })
	return len(own) > 0 && !slices.ContainsFunc(own, func(kv string) bool { return !slices.Contains(env, kv) })
}

// ofShell are the variables that a shell changes by itself.
var ofShell = []string{"_", "SHLVL", "PWD", "OLDPWD"}

func nameOf(kv string) string {
	name, _, _ := strings.Cut(kv, "=")
	return name
}
