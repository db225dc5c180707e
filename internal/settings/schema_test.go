package settings

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write rota.schema.json anew")

func TestTheSchemaFileIsWhatTheKeysSay(t *testing.T) {
	const file = "../../rota.schema.json"
	want, err := Schema()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(file, want, 0o644))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "go test ./internal/settings -run SchemaFile -update writes it")
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	content, err := Schema()
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("rota.schema.json", document))
	s, err := compiler.Compile("rota.schema.json")
	require.NoError(t, err, "it is a valid schema itself")
	return s
}

// asJSON is a file as an editor sees it.
func asJSON(t *testing.T, content string) any {
	t.Helper()
	var value any
	require.NoError(t, yaml.Unmarshal([]byte(content), &value))
	return value
}

func TestTheSchemaAndRotaAcceptTheSameFiles(t *testing.T) {
	s := compiled(t)
	t.Chdir(t.TempDir())
	write(t, "app.env", "")
	for _, good := range []string{
		"{}", "listen: []", "workers: 0", "workers: 1024", "listen: ':80'", "listen: [':80', {name: web, address: ':81'}]", "listen: [{address: 'unix:/run/a', mode: 0660, owner: 'www-data:web'}]", "listen: [{address: ':80', reuseport: true}, {address: '[::]:81', ipv6only: true}]",
		"listen: [{name: dns, address: 'udp::53'}, 'unixgram:/run/log?mode=0600', 'x=:80?reuseport=true']",
		"command: [sleep, 10, true]", "dir: /srv", "env: {A: b, B: 1, C: 1.5, D: true, 'with.dot': ''}", "env_file: [app.env]", "env_file: app.env",
		"user: www-data", "user: 33", "group: [www-data, 33]", "group: www-data", "umask: 0022", "umask: '0022'", "umask: 22", "umask: '0o22'", "open_files: 0",
		"no_new_privileges: true", "ready: notify", "ready: tcp", "ready: delay:2s", "ready: http:/", "ready: 'log:^up$'",
		"start_timeout: 1m30s", "start_timeout: 1.5h", "drain_timeout: 100ms", "stop_signal: SIGQUIT", "stop_signal: term", "stop_signal: SigUsr1", "stop_signal: 15",
		"max_draining: 0", "surge: 1", "surge: '2'", "surge: 1024", "surge: 100%", "surge: 1%", "canary: 1", "canary_soak: 0", "pause_between: 1s", "soak: 1m",
		"check: tcp", "check: [tcp, 'http:/healthz', './smoke a,b']", "check_timeout: 1s", "probe_interval: 0",
		"watchdog: 0", "watchdog: '0'", "watchdog: 10s", "admin: 127.0.0.1:80", "admin: '[::1]:80'", "admin: ':80'", "admin_host: [a.example]", "event_streams: 1",
		"log_level: trace", "log_format: console",
	} {
		require.NoError(t, s.Validate(asJSON(t, good)), good)
		_, complaints := merge(fromYAML("rota.yaml", []byte(good)))
		require.Empty(t, complaints, good)
	}
	for _, bad := range []string{
		"wokers: 3", "workers: -1", "workers: 1025", "workers: many", "workers: [1]", "workers:", "workers: 1.5", "listen: ''", "listen: [{name: web}]",
		"listen: [{address: ':80', colour: red}]", "listen: [{address: ':80', reuseport: perhaps}]", "listen: [{address: ':80?reuseport=true'}]", "listen: [{address: ':80', name: 1a}]",
		"command: gunicorn app:app", "command: []", "command: [a, {slot}]", "command: [a, ~]", "dir: ''", "dir: [a]", "env: [A=b]", "env: {A: }", "env: {A: [b]}",
		"env: {'A=B': c}", "env: {LISTEN_FDS: 1}", "env: {WATCHDOG_USEC: 1}", "env: {ROTA_SLOT: 1}", "env: {'': a}", "env_file: {a: b}", "env_file: ['']",
		"user: ''", "user: a:b", "user: -1", "user: -a", "group: [a, b c]", "umask: 0o1000000", "umask: rwx", "umask: '01000'", "umask: '8'", "open_files: -1", "no_new_privileges: 7", "no_new_privileges: maybe",
		"ready: soon", "ready: http:healthz", "ready: 'log:'", "start_timeout: 5", "start_timeout: soon", "start_timeout: 5 s", "stop_signal: KILL", "stop_signal: 9", "stop_signal: SIGSIGTERM",
		"max_draining: -1", "surge: 0", "surge: 0%", "surge: 101%", "surge: 1025", "surge: '+1'", "surge: many", "surge: 1.5", "canary: -1", "soak: 5", "check: ''", "check: ['']",
		"check_timeout: 0", "probe_interval: 5",
		"watchdog: 5", "watchdog: often", "admin: nowhere", "admin_host: ['*']", "admin_host: ['a:80']", "event_streams: 0", "log_level: loud", "log_format: xml", "- a list",
	} {
		require.Error(t, s.Validate(asJSON(t, bad)), bad)
		_, complaints := merge(fromYAML("rota.yaml", []byte(bad)))
		require.NotEmpty(t, complaints, bad)
	}
}

func TestWhatTheSchemaTellsOfAKeyIsTrue(t *testing.T) {
	s := compiled(t)
	for _, k := range keys {
		require.NotContains(t, k.usage, "\n", k.name)
		require.True(t, k.preset != "" || k.unset != "", "%s: what holds by default?", k.name)
		values := k.examples
		if k.preset != "" && k.programs == "" {
			require.NotNil(t, s.Properties[k.name].Default, k.name)
			values = append([]any{*s.Properties[k.name].Default}, values...)
		}
		for _, value := range values {
			content, err := yaml.Marshal(map[string]any{k.name: plain(value)})
			require.NoError(t, err)
			require.NoError(t, s.Validate(asJSON(t, string(content))), "%s", content)
			_, complaints := merge(fromYAML("rota.yaml", content))
			require.Empty(t, complaints, "%s", content)
		}
	}
}

// plain is a value as Go has it, where the schema's library keeps numbers as text.
func plain(value any) any {
	if number, ok := value.(json.Number); ok {
		n, _ := number.Int64()
		return n
	}
	return value
}

// An editor says this while the key is written.
func TestTheSchemaDescribesEveryKey(t *testing.T) {
	s := compiled(t)
	require.Len(t, s.Properties, len(keys))
	for _, k := range keys {
		require.NotEmpty(t, s.Properties[k.name].Description, k.name)
		require.NotContains(t, s.Properties[k.name].Description, "`", k.name)
	}
}
