package master

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/plan"
)

// Many programs are told to log to /dev/stdout and /dev/stderr. The files behind these names belong to rota.
func TestAWorkerOpensItsOutputByNameWhoeverItIs(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("to become another user takes root")
	}
	const script = `echo "out of $(id -u)" >/dev/stdout; echo "err of $(id -u)" >>/dev/stderr; exec sleep 60`
	r := runMaster(t, plan.Spec{Workers: 1, User: "65534", Command: []string{"/bin/sh", "-c", script}}, "")
	for _, want := range []string{"out of 65534", "err of 65534"} {
		require.Eventually(t, func() bool { return strings.Contains(r.log.String(), want) }, patience, time.Millisecond, want)
	}
}
