package master

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"rota/internal/kernel"
)

// inheritedChildren are those that this process had before it was rota, as in `sh -c 'agent & exec rota'`.
// They and theirs are none of its business.
func (m *Master) inheritedChildren() map[string]kernel.Root {
	_, before, err := kernel.Families(nil)
	if err != nil {
		m.options.Log.Warn().Err(err).Msg("cannot look for processes that rota was started with")
	}
	roots := map[string]kernel.Root{}
	for _, p := range before {
		roots[itoa(p.PID)] = kernel.Root{PID: p.PID, Started: p.Started, Known: kernel.Family{p}}
		m.options.Log.Info().Int("pid", p.PID).Str("name", p.Name).Msg("rota was started with this process below it, and leaves it alone")
	}
	return roots
}

// endStrays kills what the workers have left behind in such a way that nobody knew whose it was: a daemon
// in a session of its own, with an environment of its own, whose parents are gone. It may hold the
// listening sockets. Once the last worker is gone whatever is still below this process is one, but for
// those that were there before, and theirs.
func (m *Master) endStrays(before map[string]kernel.Root) {
	var said kernel.Family
	for range endAttempts {
		strays, err := m.strays(before)
		if err != nil {
			m.options.Log.Warn().Err(err).Msg("cannot look for what the workers have left behind")
			return
		}
		if len(strays) == 0 {
			return
		}
		for _, p := range strays {
			if !slices.ContainsFunc(said, func(q kernel.Process) bool { return q.PID == p.PID }) {
				said = append(said, p)
				m.options.Log.Warn().Int("pid", p.PID).Str("name", p.Name).Msg("a process that the workers have left behind is killed")
			}
		}
		if err := strays.Signal(syscall.SIGKILL); err != nil {
			m.options.Log.Warn().Err(err).Msg("what the workers have left behind can't be ended")
			return
		}
		time.Sleep(endPause)
	}
	m.options.Log.Warn().Msg("what the workers have left behind does not end")
}

// strays are those to be killed. What a process from before has left behind joins before.
func (m *Master) strays(before map[string]kernel.Root) (kernel.Family, error) {
	for {
		_, strays, err := kernel.Families(before)
		strays = slices.DeleteFunc(strays, func(p kernel.Process) bool { return p.Zombie })
		i := slices.IndexFunc(strays, m.isFromBefore)
		if err != nil || len(before) == 0 || i < 0 {
			return strays, err
		}
		p := strays[i]
		before[itoa(p.PID)] = kernel.Root{PID: p.PID, Started: p.Started}
		m.options.Log.Info().Int("pid", p.PID).Str("name", p.Name).
			Msg("a process that rota was started with has left this one behind, and rota leaves it alone")
	}
}

// isFromBefore reports whether a stray was started in the same environment as rota, with nothing in it of what a worker is told.
// A worker's daemon that has shed the one has shed the other, too.
func (m *Master) isFromBefore(p kernel.Process) bool {
	env := p.Environment()
	if slices.ContainsFunc(env, func(kv string) bool { return OfContract(nameOf(kv)) }) {
		return false
	}
	own := slices.DeleteFunc(m.options.inheritable(os.Environ()), func(kv string) bool { return slices.Contains(ofShell, nameOf(kv)) })
	return len(own) > 0 && !slices.ContainsFunc(own, func(kv string) bool { return !slices.Contains(env, kv) })
}

// ofShell are the variables that a shell changes by itself.
var ofShell = []string{"_", "SHLVL", "PWD", "OLDPWD"}

func nameOf(kv string) string {
	name, _, _ := strings.Cut(kv, "=")
	return name
}

// How often what is left is killed and looked for again.
const (
	endAttempts = 200
	endPause    = 5 * time.Millisecond
)
