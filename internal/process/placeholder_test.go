package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
)

func TestPlaceholders(t *testing.T) {
	tcp, err := listen.OpenSocket(loopback)
	require.NoError(t, err)
	defer tcp.Close()
	address := tcp.Kernel.Address()
	_, port, _ := strings.Cut(address, ":")
	local := &listen.Socket{Kernel: kernel.Listener{Family: 1, Path: "/run/x"}}
	s := LaunchSpec{Worker: "w1", Slot: 3, Sockets: []PassedSocket{{tcp, "tcp"}, {local, "unix-2"}}}
	for text, want := range map[string]string{
		"":                                  "",
		"plain":                             "plain",
		"{slot}":                            "3",
		"id={worker_id}.":                   "id=w1.",
		"fd@{fd:tcp},{fd:unix-2}":           "fd@3,4",
		"{port:tcp}":                        port,
		"http://{address:tcp}/":             "http://" + address + "/",
		"unix:{path:unix-2}":                "unix:/run/x",
		"{}{ {slot{fd}{fd:}{x:tcp}{{slot}}": "{}{ {slot{fd}{fd:}{x:tcp}{3}",
		`{"json": {"slot": {slot}}}`:        `{"json": {"slot": 3}}`,
	} {
		got, err := expand(text, s.value)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

// An address is told as it is bound, since that is how programs recognize a socket that they inherit.
func TestTheAddressOfAListenerIsToldAsItIsBound(t *testing.T) {
	for asked, want := range map[string]string{
		":0": "[::]:", "[::]:0": "[::]:", "[::1]:0": "[::1]:", "127.0.0.1:0": "127.0.0.1:", "localhost:0": "127.0.0.1:",
	} {
		for _, network := range []string{"tcp", "udp"} {
			s, err := listen.OpenSocket(listen.Spec{Name: "web", Network: network, Address: asked})
			require.NoError(t, err)
			defer s.Close()
			worker := LaunchSpec{Sockets: []PassedSocket{{s, "web"}}}
			at, err := expand("{address:web}", worker.value)
			require.NoError(t, err)
			port, err := expand("{port:web}", worker.value)
			require.NoError(t, err)
			require.Equal(t, want+port, at)
			require.NotEqual(t, "0", port)
		}
	}
}

// A worker need not run in rota's directory.
func TestThePathOfAListenerIsAbsolute(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	require.NoError(t, err)
	for asked, want := range map[string]string{"app.sock": filepath.Join(here, "app.sock"), "./b.sock": filepath.Join(here, "b.sock"), "@" + here: "@" + here} {
		s, err := listen.OpenSocket(listen.Spec{Name: "app", Network: "unix", Address: asked})
		require.NoError(t, err)
		got, err := expand("{path:app}", LaunchSpec{Sockets: []PassedSocket{{s, "app"}}}.value)
		s.Close()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestMistakesInPlaceholders(t *testing.T) {
	list := []listen.Spec{
		{Name: "web", Network: "tcp", Address: ":80"}, {Name: "dns", Network: "udp", Address: ":53"},
		{Name: "app", Network: "unix", Address: "/run/app"}, {Name: "log", Network: "unixgram", Address: "@log"},
	}
	for text, complaint := range map[string]string{
		"{fd:http}":       "{fd:http}: there is no listener of this name; there are web, dns, app, log",
		"{address:wbe}":   "{address:wbe}: there is no listener of this name; did you mean web?",
		"{path:App}":      "{path:App}: there is no listener of this name; did you mean app?",
		"{port:app}":      "{port:app}: app is a unix socket and has no port; {path:app} is its path",
		"a {address:log}": "{address:log}: log is a unix socket and has no address; {path:log} is its path",
		"{path:web}":      "{path:web}: web is no unix socket and has no path; {address:web} is its host and port",
		"{path:dns}":      "{path:dns}: dns is no unix socket and has no path; {address:dns} is its host and port",
		"{address:probe}": "{address:probe}: workers get this listener only where ready is tcp or http:/path",
	} {
		require.EqualError(t, CheckPlaceholders(text, list, plan.Readiness{}), complaint)
	}
	for _, fine := range []string{"{fd:web}{port:dns}{address:web}{address:dns}{path:app}{path:log}{slot}{worker_id}", "{fd: web}{Fd:x}{x:y}{"} {
		require.NoError(t, CheckPlaceholders(fine, list, plan.Readiness{}), fine)
	}
	probed := plan.Readiness{Kind: plan.ReadyTCP}
	require.NoError(t, CheckPlaceholders("{fd:probe}{port:probe}{address:probe}", list, probed))
	require.ErrorContains(t, CheckPlaceholders("{path:probe}", list, probed), "has no path")
}
