package master

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
)

func TestAWorkerIsSpokenToInEveryDialect(t *testing.T) {
	second := listen.Spec{Name: "web", Network: "tcp", Address: "127.0.0.1:0"}
	r := runMaster(t, plan.Spec{Workers: 1, Command: []string{os.Args[0], "prints-env", "{fd:web}"}, Listen: []listen.Spec{loopback, second},
		Env: []string{"BIND=fd://{fd:web}", "APP_SETTING=new", "SLOT={slot}", "AT={address:web}"}}, "")
	r.ready(1)
	w, _ := r.workers()
	at := r.listening()
	for _, want := range []string{
		"LISTEN_FDS=2", "LISTEN_FDNAMES=tcp:web", "LISTEN_PID=" + strconv.Itoa(w[0].PID),
		"EINHORN_MASTER_PID=" + strconv.Itoa(os.Getpid()), "EINHORN_FD_COUNT=2", "EINHORN_FD_0=3", "EINHORN_FD_1=4",
		"SERVER_STARTER_PORT=" + at[0].Address + "=3;" + at[1].Address + "=4", "SERVER_STARTER_GENERATION=1",
		"BIND=fd://4", "APP_SETTING=new", "SLOT=0", "AT=" + at[1].Address,
	} {
		require.Eventually(t, func() bool { return strings.Contains(r.log.String(), `"message":"`+want+`"`) }, patience, time.Millisecond, want)
	}
}
