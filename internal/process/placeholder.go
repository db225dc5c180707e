package process

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/near"
	"rota/internal/plan"
)

// A placeholder is a word in braces, in a worker's arguments or in a value of its environment. It stands for
// what only rota knows: who the worker is, and what it inherits.

// listenerPlaceholders are the placeholders that name a listener.
var listenerPlaceholders = []string{"fd", "port", "address", "path"}

// CheckPlaceholders reports the first mistake in a text's placeholders, for workers that inherit these
// listeners.
func CheckPlaceholders(text string, listeners []listen.Spec, ready plan.Readiness) error {
	trial := LaunchSpec{Sockets: sketch(listeners, ready)}
	_, err := expand(text, trial.value)
	return err
}

// sketch stands for what workers will inherit; only the names and families are right.
func sketch(listeners []listen.Spec, ready plan.Readiness) []PassedSocket {
	var list []PassedSocket
	add := func(k kernel.Listener, name string) {
		list = append(list, PassedSocket{&listen.Socket{Kernel: k}, name})
	}
	somewhere := kernel.Listener{Family: unix.AF_INET, Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), 0)}
	for _, l := range listeners {
		if l.Internet() {
			add(somewhere, l.Name)
		} else {
			add(kernel.Listener{Family: unix.AF_UNIX, Path: l.Address}, l.Name)
		}
	}
	if ready.Probes() {
		add(somewhere, listen.ProbeName)
	}
	return list
}

// expand replaces placeholders by values. Other braces are left to the program.
func expand(text string, value func(kind, name string) (string, error)) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		key, after, closed := strings.Cut(rest, "}")
		kind, name, named := strings.Cut(key, ":")
		ours := named && listen.ValidName(name) && slices.Contains(listenerPlaceholders, kind) || key == "slot" || key == "worker_id"
		if !closed || !ours {
			b.WriteByte('{')
			text = rest
			continue
		}
		v, err := value(kind, name)
		if err != nil {
			return "", fmt.Errorf("{%s}: %w", key, err)
		}
		b.WriteString(v)
		text = after
	}
}

// value is what a placeholder stands for in the arguments and variables of one worker.
func (s LaunchSpec) value(kind, name string) (string, error) {
	switch kind {
	case "slot":
		return strconv.Itoa(s.Slot), nil
	case "worker_id":
		return s.Worker, nil
	}
	i := slices.IndexFunc(s.Sockets, func(i PassedSocket) bool { return i.Name == name })
	switch {
	case i < 0:
		return "", s.unknown(name)
	case kind == "fd":
		return strconv.Itoa(listen.FirstInherited + i), nil
	}
	return s.Sockets[i].part(kind)
}

// part is the address, or the part of it that a placeholder names. A wildcard stays one: programs that look
// for the socket by its address need it as it is bound.
func (i PassedSocket) part(kind string) (string, error) {
	local := i.Kernel.Family == unix.AF_UNIX
	switch {
	case local && kind != "path":
		return "", fmt.Errorf("%s is a unix socket and has no %s; {path:%[1]s} is its path", i.Name, kind)
	case local:
		return absolute(i.Kernel.Path), nil
	case kind == "path":
		return "", fmt.Errorf("%s is no unix socket and has no path; {address:%[1]s} is its host and port", i.Name)
	case kind == "port":
		return strconv.Itoa(int(i.Kernel.Addr.Port())), nil
	}
	return i.Kernel.Address(), nil
}

// absolute is the path for a worker, which may have another working directory. An abstract socket has no
// file.
func absolute(path string) string {
	if strings.HasPrefix(path, "@") {
		return path
	}
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// unknown is the error for a name that no listener has.
func (s LaunchSpec) unknown(name string) error {
	if name == listen.ProbeName {
		return errors.New("workers get this listener only where ready is tcp or http:/path")
	}
	var names []string
	for _, socket := range s.Sockets {
		names = append(names, socket.Name)
	}
	if meant := near.Word(name, names); meant != "" {
		return fmt.Errorf("there is no listener of this name; did you mean %s?", meant)
	}
	return fmt.Errorf("there is no listener of this name; there are %s", strings.Join(names, ", "))
}

// expandArgs replaces the placeholders in each of the arguments.
func (s LaunchSpec) expandArgs(args []string) ([]string, error) {
	return s.expandAll(args, func(arg string) string { return fmt.Sprintf("%q", arg) })
}

// expandEnv replaces them in variables. Errors name a variable without its value, which may be a secret.
func (s LaunchSpec) expandEnv(env []string) ([]string, error) {
	return s.expandAll(env, func(kv string) string {
		name, _, _ := strings.Cut(kv, "=")
		return "the variable " + name
	})
}

func (s LaunchSpec) expandAll(texts []string, call func(string) string) ([]string, error) {
	list := make([]string, len(texts))
	var errs []error
	for i, text := range texts {
		var err error
		if list[i], err = expand(text, s.value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", call(text), err))
		}
	}
	return list, errors.Join(errs...)
}

// CheckPlanPlaceholders finds the mistakes in a plan's placeholders before a worker is started.
func CheckPlanPlaceholders(p *plan.Plan) error {
	var listeners []listen.Spec
	for _, l := range p.Listeners {
		listeners = append(listeners, l.Spec)
	}
	trial := LaunchSpec{Sockets: sketch(listeners, p.Ready)}
	_, err1 := trial.expandArgs(p.Command[1:])
	_, err2 := trial.expandEnv(p.Env)
	return errors.Join(err1, err2)
}
