package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestArrows holds the packages to what each may import of the others, and of the heavy
// things that would make it what it should not be.
func TestArrows(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{
		"rota/internal/account":    {"rota/internal/launch"},
		"rota/internal/record":     {},
		"rota/internal/pool":       {"rota/internal/record"},
		"rota/internal/plan":       {"rota/internal/account", "rota/internal/kernel", "rota/internal/launch", "rota/internal/listen", "rota/internal/pool", "rota/internal/record"},
		"rota/internal/process":    {"rota/internal/einhorn", "rota/internal/headroom", "rota/internal/kernel", "rota/internal/lapse", "rota/internal/launch", "rota/internal/linger", "rota/internal/listen", "rota/internal/near", "rota/internal/output", "rota/internal/plan", "rota/internal/record"},
		"rota/internal/listen":     {"rota/internal/account", "rota/internal/kernel", "rota/internal/record"},
		"rota/internal/output":     {"rota/internal/record", "rota/internal/relog"},
		"rota/internal/minder":     {"rota/internal/kernel", "rota/internal/lapse", "rota/internal/listen", "rota/internal/output", "rota/internal/plan", "rota/internal/pool", "rota/internal/process", "rota/internal/record"},
		"rota/internal/losses":     {"rota/internal/kernel", "rota/internal/listen", "rota/internal/minder", "rota/internal/record"},
		"rota/internal/gauge":      {"rota/internal/kernel", "rota/internal/lapse", "rota/internal/listen", "rota/internal/record"},
		"rota/internal/reach":      {"rota/internal/kernel", "rota/internal/lapse", "rota/internal/listen", "rota/internal/record"},
		"rota/internal/observer":   {"rota/internal/headroom", "rota/internal/kernel", "rota/internal/lapse", "rota/internal/listen", "rota/internal/losses", "rota/internal/minder", "rota/internal/reach", "rota/internal/record"},
		"rota/internal/master":     {"rota/internal/einhorn", "rota/internal/gauge", "rota/internal/kernel", "rota/internal/lapse", "rota/internal/listen", "rota/internal/losses", "rota/internal/minder", "rota/internal/observer", "rota/internal/output", "rota/internal/plan", "rota/internal/pool", "rota/internal/process", "rota/internal/reach", "rota/internal/record"},
		"rota/internal/check":      {"rota/internal/lapse", "rota/internal/listen", "rota/internal/master", "rota/internal/plan", "rota/internal/probe", "rota/internal/reach", "rota/internal/record"},
		"rota/internal/settings":   {"rota/internal/listen", "rota/internal/near", "rota/internal/plan", "rota/internal/process", "rota/internal/record"},
		"rota/internal/admin":      {"rota/internal/check", "rota/internal/connlimit", "rota/internal/kernel", "rota/internal/lapse", "rota/internal/listen", "rota/internal/master", "rota/internal/observer", "rota/internal/output", "rota/internal/paging", "rota/internal/present", "rota/internal/record", "rota/internal/sse", "rota/internal/view", "rota/internal/words"},
		"rota/internal/present":    {"rota/internal/kernel", "rota/internal/listen", "rota/internal/master", "rota/internal/observer", "rota/internal/output", "rota/internal/record", "rota/internal/view", "rota/internal/words"},
		"rota/internal/doctor":     {"rota/internal/kernel", "rota/internal/listen", "rota/internal/master", "rota/internal/plan", "rota/internal/record"},
		"rota/internal/lapse":      {},
		"rota/internal/threads":    {},
		"rota/internal/worker":     {},
		"rota/internal/connlimit":  {},
		"rota/internal/client":     {"rota/internal/printable", "rota/internal/sse", "rota/internal/view"},
		"rota/internal/einhorn":    {"rota/internal/lapse", "rota/internal/linger"},
		"rota/internal/kernel":     {"rota/internal/procfile"},
		"rota/internal/headroom":   {"rota/internal/procfile"},
		"rota/internal/procfile":   {},
		"rota/internal/testbuffer": {},
		"rota/internal/linger":     {},
		"rota/internal/near":       {},
		"rota/internal/probe":      {},
		"rota/internal/launch":     {},
		"rota/internal/view":       {"rota/internal/printable"},
		"rota/internal/words":      {"rota/internal/printable", "rota/internal/record", "rota/internal/view"},
		"rota/internal/sse":        {},
		"rota/internal/paging":     {"rota/internal/kernel", "rota/internal/listen"},
		"rota/internal/relog":      {},
		"rota/internal/printable":  {},
		"rota/web":                 {},
	}
	const pure = "the pool decides and does nothing itself: what it needs to know comes with a fact or a command"
	const data = "a record is data: package pool changes it, and package view has its wire format"
	forbidden := map[string]map[string]string{
		"rota/internal/master": {
			"encoding/json": "the master has no wire format: internal/admin has",
			"net/http":      "the master knows nothing of HTTP: internal/admin translates",
		},
		"rota/internal/pool": {
			"os": pure, "net": pure, "sync": pure, "sync/atomic": pure, "context": pure, "syscall": pure, "io": pure,
			"github.com/rs/zerolog": pure, "github.com/google/uuid": pure, "golang.org/x/sys/unix": pure,
		},
		"rota/internal/record": {
			"os": data, "net": data, "sync": data, "context": data, "syscall": data, "io": data, "encoding/json": data,
		},
		"rota/internal/view": {
			"net/http":              "a view is data: whoever sends or gets it knows HTTP",
			"github.com/rs/zerolog": "a view is data",
		},
		"rota/internal/words":  {"net/http": "words are text, whoever prints or sends them"},
		"rota/internal/launch": {"net": "the launch step runs before every worker and must stay small"},
	}
	output, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "rota/internal/...", "rota/web").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(output)) {
		words := strings.Fields(line)
		name, imports := words[0], words[1:]
		require.Contains(t, allowed, name, "a new package: say here what it may import")
		for _, i := range imports {
			if strings.HasPrefix(i, "rota/") {
				require.True(t, slices.Contains(allowed[name], i), "%s imports %s, which is not its business", name, i)
			}
			require.Empty(t, forbidden[name][i], "%s imports %s", name, i)
		}
	}
}

// TestWorkersDoNotCarryTheManual: the binary is what every worker runs, and what makes man pages is no part of it.
func TestWorkersDoNotCarryTheManual(t *testing.T) {
	t.Parallel()
	output, err := exec.Command("go", "list", "-deps", "rota/cmd/server").Output()
	require.NoError(t, err)
	require.NotContains(t, string(output), "cobra/doc")
	require.NotContains(t, string(output), "md2man")
}
