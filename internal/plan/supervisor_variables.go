package plan

import (
	"slices"
	"strings"
)

// supervisorVariables are the variables by which a supervisor (systemd, einhorn, Server::Starter or rota)
// tells its child of sockets and of itself. Those that rota itself got are not passed on: workers get their
// own. Variables that merely begin like them, such as LISTEN_ADDR, are the application's.
var supervisorVariables = []string{
	"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
	"EINHORN_MASTER_PID", "EINHORN_FDS", "EINHORN_FD_COUNT", "EINHORN_SOCK_PATH", "EINHORN_SOCK_FD", "EINHORN_CHILD_INDEX",
	"SERVER_STARTER_PORT", "SERVER_STARTER_GENERATION",
	"ROTA_WORKER_ID", "ROTA_SLOT", "ROTA_GENERATION", "ROTA_REVISION",
}

// numberedPrefixes are the prefixes of variables that end in the number of a socket.
var numberedPrefixes = []string{"EINHORN_FD_", "EINHORN_FD_FAMILY_"}

// IsSupervisorVariable reports whether a variable of this name is one by which a supervisor speaks to its
// child.
func IsSupervisorVariable(name string) bool {
	if slices.Contains(supervisorVariables, name) {
		return true
	}
	return slices.ContainsFunc(numberedPrefixes, func(prefix string) bool {
		number, ok := strings.CutPrefix(name, prefix)
		return ok && number != "" && strings.Trim(number, "0123456789") == ""
	})
}

// SupervisorVariablePattern is a regular expression for the same names. The schema of the settings has it.
func SupervisorVariablePattern() string {
	return "^(" + strings.Join(supervisorVariables, "|") + "|(" + strings.Join(numberedPrefixes, "|") + ")[0-9]+)$"
}

// Inheritable is rota's environment without the supervisor's variables and without rota's own settings.
func (s Spec) Inheritable(own []string) (env []string) {
	for _, kv := range own {
		name, _, _ := strings.Cut(kv, "=")
		if !IsSupervisorVariable(name) && !slices.Contains(s.Withhold, name) {
			env = append(env, kv)
		}
	}
	return env
}
