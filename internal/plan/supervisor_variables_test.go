package plan

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyTheExactNamesOfTheContractAreKeptFromWorkers(t *testing.T) {
	theirs := []string{
		"LISTEN_ADDR", "LISTEN_PORT", "LISTEN_FDS_START", "WATCHDOG_INTERVAL", "WATCHDOG_", "EINHORN_VERBOSE", "EINHORN_FD_LIMIT", "EINHORN_FD_",
		"SERVER_STARTER_LOG", "NOTIFY_SOCKETS", "ROTA_SERVICE_HOST", "ROTA_PORT", "ROTA_SLOTS", "XLISTEN_FDS", "PATH",
	}
	ours := []string{"LISTEN_FDS", "LISTEN_PID", "WATCHDOG_USEC", "EINHORN_FD_0", "EINHORN_FD_12", "EINHORN_FD_FAMILY_0", "ROTA_SLOT", "NOTIFY_SOCKET", "ROTA_WORKERS"}
	var own, kept []string
	for _, name := range theirs {
		kept = append(kept, name+"=x")
	}
	own = append(own, kept...)
	for _, name := range ours {
		own = append(own, name+"=x")
	}
	require.Equal(t, kept, Spec{Withhold: []string{"ROTA_WORKERS"}}.Inheritable(own))

	pattern := regexp.MustCompile(SupervisorVariablePattern())
	for _, name := range append(theirs, ours...) {
		require.Equal(t, IsSupervisorVariable(name), pattern.MatchString(name), name)
	}
}

func TestAUserWithoutAnEntryHasTheHomeOfNobodyElse(t *testing.T) {
	own := []string{"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh"}
	p := Plan{Spec: Spec{User: "1000650000"}}
	require.ElementsMatch(t, []string{"HOME=/", "SHELL=/bin/sh"}, p.environment(own))
	p.Env = []string{"HOME=/srv", "USER=app"}
	require.ElementsMatch(t, []string{"HOME=/srv", "USER=app", "SHELL=/bin/sh"}, p.environment(own), "what is set by hand holds")
}
