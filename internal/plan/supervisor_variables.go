package plan

import (
	"slices"
	"strings"
)

// contractNames are the variables by which a supervisor (systemd, einhorn, Server::Starter or rota) tells its
// child of sockets and of itself. Those that rota itself got are not passed on: workers get their own.
// Variables that merely begin like them, such as LISTEN_ADDR, are the application's.
var contractNames = []string{
	"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
	"EINHORN_MASTER_PID", "EINHORN_FDS", "EINHORN_FD_COUNT", "EINHORN_SOCK_PATH", "EINHORN_SOCK_FD", "EINHORN_CHILD_INDEX",
	"SERVER_STARTER_PORT", "SERVER_STARTER_GENERATION",
	"ROTA_WORKER_ID", "ROTA_SLOT", "ROTA_GENERATION", "ROTA_REVISION",
}

// contractNumbered are the prefixes of variables that end in the number of a socket.
var contractNumbered = []string{"EINHORN_FD_", "EINHORN_FD_FAMILY_"}

// OfContract reports whether a variable of this name is one by which a supervisor speaks to its child.
func OfContract(name string) bool {
	if slices.Contains(contractNames, name) {
		return true
	}
	return slices.ContainsFunc(contractNumbered, func(prefix string) bool {
		number, ok := strings.CutPrefix(name, prefix)
		return ok && number != "" && strings.Trim(number, "0123456789") == ""
	})
}

// ContractPattern is a regular expression for the same names, for programs that can't call OfContract.
func ContractPattern() string {
	return "^(" + strings.Join(contractNames, "|") + "|(" + strings.Join(contractNumbered, "|") + ")[0-9]+)$"
}

// Inheritable is rota's environment without the supervisor's variables and without rota's own settings.
func (s Spec) Inheritable(own []string) (env []string) {
	for _, kv := range own {
		name, _, _ := strings.Cut(kv, "=")
		if !OfContract(name) && !slices.Contains(s.Withhold, name) {
			env = append(env, kv)
		}
	}
	return env
}
