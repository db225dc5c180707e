package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func load(t *testing.T, file string, environ []string, args ...string) (Settings, error) {
	t.Helper()
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	Register(flags)
	flags.String("config", "", "")
	require.NoError(t, flags.Parse(args))
	path := ""
	if file != "" {
		path = filepath.Join(t.TempDir(), "rota.yaml")
		require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	}
	return Load(flags, environ, path)
}

func TestDefaults(t *testing.T) {
	s, err := load(t, "", nil)
	require.NoError(t, err)
	require.Equal(t, Settings{
		Listen: []string{":11111"}, Admin: "127.0.0.1:11112", AdminHost: nil, EventStreams: 256,
		StartTimeout: 10 * time.Second, DrainTimeout: 100 * time.Second, LogLevel: "info", LogFormat: "auto",
	}, s)
}

func TestTheLaterSourceWins(t *testing.T) {
	file := "workers: 2\nstart_timeout: 2s\ndrain_timeout: 2s\nlisten: [':1', 'http=:2']\n"
	environ := []string{"ROTA_START_TIMEOUT=3s", "ROTA_DRAIN_TIMEOUT=3s", "PATH=/bin", "ROTA_ADMIN_HOST=a.example, b.example"}
	s, err := load(t, file, environ, "--drain-timeout=4s")
	require.NoError(t, err)
	require.Equal(t, 2, s.Workers)
	require.Equal(t, 3*time.Second, s.StartTimeout)
	require.Equal(t, 4*time.Second, s.DrainTimeout)
	require.Equal(t, []string{":1", "http=:2"}, s.Listen)
	require.Equal(t, []string{"a.example", "b.example"}, s.AdminHost)
}

func TestListenFlagsReplaceTheDefault(t *testing.T) {
	s, err := load(t, "", nil, "--listen", "http=:8000", "--listen", "unix:/run/x.sock")
	require.NoError(t, err)
	require.Equal(t, []string{"http=:8000", "unix:/run/x.sock"}, s.Listen)
}

func TestListsMayBeRepeatedOrSeparatedByCommas(t *testing.T) {
	s, err := load(t, "", nil, "--listen", ":1,http=:2", "--listen", ":3", "--admin-host", "a.example,b")
	require.NoError(t, err)
	require.Equal(t, []string{":1", "http=:2", ":3"}, s.Listen)
	require.Equal(t, []string{"a.example", "b"}, s.AdminHost)
	for _, bad := range []string{"*", "a b", "https://c.example/", "foo:80", "a..b"} {
		_, err := load(t, "", nil, "--admin-host", bad)
		require.ErrorContains(t, err, "is not a host name", bad)
	}
}

func TestVariablesThatOthersSetAreNoSettings(t *testing.T) {
	_, err := load(t, "", []string{"ROTA_WORKER_ID=x", "ROTA_SLOT=0", "ROTA_GENERATION=1", "ROTA_REVISION=v"})
	require.NoError(t, err, "a worker that is a rota itself")
	_, err = load(t, "", []string{"ROTA_PORT=tcp://10.0.0.1:80", "ROTA_PORT_80_TCP_PORT=80", "ROTA_SERVICE_HOST=10.0.0.1"})
	require.NoError(t, err, "Kubernetes, where a service is named rota")
}

func TestEveryComplaintNamesItsSourceAndKey(t *testing.T) {
	_, err := load(t, "wokers: 3\nlog_level: loud\nlisten: nonsense\nstart_timeout: 5\na.b: 1\n",
		[]string{"ROTA_WORKERS=many", "ROTA_TYPO=1", "ROTA_ADMIN=nowhere"}, "--drain-timeout=-1s")
	require.Error(t, err)
	for _, want := range []string{
		"rota.yaml: wokers: unknown key; the known ones are listen, workers",
		"rota.yaml: a.b: unknown key",
		`rota.yaml: log_level: "loud" is not one of trace, debug`,
		`rota.yaml: listen: listen address "nonsense"`,
		`rota.yaml: start_timeout: "5" is not a duration such as 30s`,
		`ROTA_WORKERS: "many" is not a whole number from 0 to 1024`,
		"ROTA_TYPO: unknown key",
		`ROTA_ADMIN: "nowhere" is not host:port`,
		"--drain-timeout: -1s is not longer than 0",
	} {
		require.ErrorContains(t, err, want)
	}
	require.Len(t, strings.Split(err.Error(), "\n"), 9)
}

func TestAFileThatIsNotThereOrNotYAML(t *testing.T) {
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	Register(flags)
	_, err := Load(flags, nil, "/nowhere/rota.yaml")
	require.ErrorContains(t, err, "settings file: open /nowhere/rota.yaml")
	_, err = load(t, "workers: [", nil)
	require.ErrorContains(t, err, "rota.yaml")
	_, err = load(t, "- a list\n", nil)
	require.Error(t, err)
	_, err = load(t, "workers: {a: 1}\n", nil)
	require.ErrorContains(t, err, "workers")
}

func FuzzSettingsFile(f *testing.F) {
	f.Add("workers: 2\nlisten: [':1']")
	f.Add("a: &a [*a]")
	f.Add("? {x: y}\n: 1")
	f.Add("1: 2\nnull: 3\ntrue: x")
	f.Add("listen: {a: b}\nworkers: null")
	f.Fuzz(func(t *testing.T, content string) {
		raw, err := parseFile([]byte(content))
		if err != nil {
			return
		}
		s := source{raw: raw, name: func(key string) string { return key }}
		values, complaints := s.check()
		if len(values)+len(complaints) != len(raw) {
			t.Fatalf("%d keys, %d values, %d complaints", len(raw), len(values), len(complaints))
		}
	})
}
