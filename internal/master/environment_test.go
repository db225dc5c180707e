package master

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
)

func TestPlaceholders(t *testing.T) {
	tcp, err := openSocket(loopback)
	require.NoError(t, err)
	defer tcp.close()
	_, port, _ := strings.Cut(tcp.kernel.Address(), ":")
	local := &socket{kernel: kernel.Listener{Family: 1, Path: "/run/x"}}
	s := launchSpec{worker: "w1", slot: 3, sockets: []inherited{{tcp, "tcp"}, {local, "unix-2"}}}
	for text, want := range map[string]string{
		"":                                  "",
		"plain":                             "plain",
		"{slot}":                            "3",
		"id={worker_id}.":                   "id=w1.",
		"fd@{fd:tcp},{fd:unix-2}":           "fd@3,4",
		"{port:tcp}":                        port,
		"{}{ {slot{fd}{fd:}{x:tcp}{{slot}}": "{}{ {slot{fd}{fd:}{x:tcp}{3}",
		`{"json": {"slot": {slot}}}`:        `{"json": {"slot": 3}}`,
	} {
		got, err := expand(text, s.value)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, complaint := range map[string]string{
		"{fd:http}":     "there is no listener of this name; there are tcp, unix-2",
		"{port:unix-2}": "has no port",
	} {
		_, err := expand(text, s.value)
		require.ErrorContains(t, err, complaint, text)
	}
}

func TestAWrongPlaceholderIsFoundBeforeAnythingStarts(t *testing.T) {
	_, err := New(Options{Spec: Spec{Listen: []ListenAddress{loopback}, Command: []string{os.Args[0], "{fd:http}"}, Env: []string{"A=password@{port:x}"}}})
	require.ErrorContains(t, err, `"{fd:http}": {fd:http}: there is no listener of this name; there are tcp`)
	require.ErrorContains(t, err, "the variable A: {port:x}: there is no listener of this name")
	require.NotContains(t, err.Error(), "password", "values are nobody's business")
}

func TestAWorkerIsSpokenToInEveryDialect(t *testing.T) {
	second := ListenAddress{Name: "web", Network: "tcp", Address: "127.0.0.1:0"}
	r := runMaster(t, Spec{Workers: 1, Command: []string{os.Args[0], "prints-env", "{fd:web}"}, Listen: []ListenAddress{loopback, second},
		Env: []string{"BIND=fd://{fd:web}", "APP_SETTING=new", "SLOT={slot}"}}, "")
	r.ready(1)
	w, _ := r.workers()
	at := r.listening()
	for _, want := range []string{
		"LISTEN_FDS=2", "LISTEN_FDNAMES=tcp:web", "LISTEN_PID=" + itoa(w[0].PID),
		"EINHORN_MASTER_PID=" + itoa(os.Getpid()), "EINHORN_FD_COUNT=2", "EINHORN_FD_0=3", "EINHORN_FD_1=4",
		"SERVER_STARTER_PORT=" + at[0].Address + "=3;" + at[1].Address + "=4", "SERVER_STARTER_GENERATION=1",
		"BIND=fd://4", "APP_SETTING=new", "SLOT=0",
	} {
		require.Eventually(t, func() bool { return strings.Contains(r.log.String(), `"message":"`+want+`"`) }, patience, time.Millisecond, want)
	}
}

func TestServerStarterLeavesOutTheHostThatStandsForAny(t *testing.T) {
	for address, want := range map[string]string{"0.0.0.0:80": "80", "[::]:80": "80", "127.0.0.1:80": "127.0.0.1:80", "[::1]:80": "[::1]:80"} {
		s, err := openSocket(ListenAddress{Name: "x", Network: "tcp", Address: strings.Replace(address, ":80", ":0", 1)})
		require.NoError(t, err)
		got := inherited{s, "x"}.starterPort()
		address = s.kernel.Address()
		port := address[strings.LastIndex(address, ":")+1:]
		require.Equal(t, strings.Replace(want, "80", port, 1), got)
		s.close()
	}
}
