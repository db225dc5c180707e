package settings

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// flagsOf are those of rota run, parsed.
func flagsOf(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	flags.String("config", "", "")
	Register(flags)
	require.NoError(t, flags.Parse(args))
	return flags
}

// write puts a file into the current directory, which is the test's own, so that complaints
// name it without a path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func load(t *testing.T, file string, environ []string, args ...string) (Settings, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	path := ""
	if file != "" {
		path = write(t, "rota.yaml", file)
	}
	return Load(flagsOf(t, args...), environ, path, nil)
}

// requireComplaints holds an error to its lines.
func requireComplaints(t *testing.T, err error, want ...string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, strings.Split(err.Error(), "\n"))
}

func TestDefaults(t *testing.T) {
	s, err := load(t, "", nil)
	require.NoError(t, err)
	require.Equal(t, Settings{
		Listen: []string{":11111"}, ListenByDefault: true, Umask: -1, Ready: "notify", StartTimeout: time.Minute, DrainTimeout: 100 * time.Second,
		StopSignal: syscall.SIGTERM, MaxDraining: 4, Surge: "1", CheckTimeout: 5 * time.Second, ProbeInterval: 50 * time.Millisecond,
		Admin: "127.0.0.1:11112", EventStreams: 256, LogLevel: "info", LogFormat: "auto",
	}, s)
}

// everything is each key with a value that is not the default, as the three sources have it.
var everything = Settings{
	Listen: []string{":8080", "app=unix:/run/app.sock"}, Workers: 3, Dir: "/srv/app", EnvFile: []string{"app.env", "more.env"},
	User: "www-data", Group: []string{"web", "27"}, Umask: 0o27, OpenFiles: 4096, NoNewPrivileges: true,
	Ready: "http:/healthz?full=1", StartTimeout: 5 * time.Second, StopSignal: syscall.SIGQUIT, StopGroup: true, DrainTimeout: time.Minute,
	MaxDraining: 2, Surge: "25%", Canary: 1, CanarySoak: 30 * time.Second, PauseBetween: 5 * time.Second, Soak: time.Minute,
	Check: []string{"./smoke a,b"}, CheckTimeout: 2 * time.Second, ProbeHeader: []string{"X-A: b, c"}, ProbeInterval: time.Second,
	Watchdog: 10 * time.Second, Admin: "127.0.0.1:9000", AdminHost: []string{"a.example", "b"}, EventStreams: 9, LogLevel: "warn", LogFormat: "json",
}

func TestEveryKeyInAFile(t *testing.T) {
	want := everything
	want.Command = []string{"gunicorn", "app:app", "-w", "4"}
	want.Env = []string{"FROM=env", "PORT=0123"}
	t.Chdir(t.TempDir())
	write(t, "app.env", "FROM=file\n")
	write(t, "more.env", "")
	path := write(t, "rota.yaml", `
listen: [":8080", "app=unix:/run/app.sock"]
workers: 3
command: [gunicorn, app:app, -w, 4]
dir: /srv/app
env:
  PORT: 0123
  FROM: env
env_file: [app.env, more.env]
user: www-data
group: [web, 27]
umask: 0027
open_files: 4096
no_new_privileges: true
ready: http:/healthz?full=1
start_timeout: 5s
stop_signal: SIGQUIT
stop_group: true
drain_timeout: 1m
watchdog: 10s
max_draining: 2
surge: 25%
canary: 1
canary_soak: 30s
pause_between: 5s
soak: 1m
check: ["./smoke a,b"]
check_timeout: 2s
probe_header: ["X-A: b, c"]
probe_interval: 1s
admin: 127.0.0.1:9000
admin_host: [a.example, b]
event_streams: 9
log_level: warn
log_format: json
`)
	s, err := Load(flagsOf(t), nil, path, nil)
	require.NoError(t, err)
	require.Equal(t, want, s)
}

func TestEveryKeyThatHasAVariable(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.env", "")
	write(t, "more.env", "")
	s, err := Load(flagsOf(t), []string{
		"ROTA_LISTEN=:8080, app=unix:/run/app.sock", "ROTA_WORKERS=3", "ROTA_DIR=/srv/app", "ROTA_ENV_FILE=app.env,more.env", "ROTA_USER=www-data",
		"ROTA_GROUP=web,27", "ROTA_UMASK=027", "ROTA_OPEN_FILES=4096", "ROTA_NO_NEW_PRIVILEGES=1", "ROTA_READY=http:/healthz?full=1", "ROTA_START_TIMEOUT=5s",
		"ROTA_STOP_SIGNAL=quit", "ROTA_STOP_GROUP=true", "ROTA_DRAIN_TIMEOUT=60s", "ROTA_WATCHDOG=10s",
		"ROTA_MAX_DRAINING=2", "ROTA_SURGE=25%", "ROTA_CANARY=1", "ROTA_CANARY_SOAK=30s", "ROTA_PAUSE_BETWEEN=5s", "ROTA_SOAK=60s",
		"ROTA_CHECK=./smoke a,b", "ROTA_CHECK_TIMEOUT=2s", "ROTA_PROBE_HEADER=X-A: b, c", "ROTA_PROBE_INTERVAL=1000ms", "ROTA_ADMIN=127.0.0.1:9000",
		"ROTA_ADMIN_HOST=a.example,b", "ROTA_EVENT_STREAMS=9", "ROTA_LOG_LEVEL=warn", "ROTA_LOG_FORMAT=json", "PATH=/bin",
	}, "", nil)
	require.NoError(t, err)
	require.Equal(t, everything, s)
}

func TestEveryKeyThatHasAFlag(t *testing.T) {
	want := everything
	want.Command = []string{"./serve", "--workers", "9"}
	want.Env = []string{"A=1,2", "B=", "C=x=y"}
	t.Chdir(t.TempDir())
	write(t, "app.env", "")
	write(t, "more.env", "")
	s, err := Load(flagsOf(t, "--listen", ":8080", "--listen", "app=unix:/run/app.sock", "--workers", "3", "--dir", "/srv/app",
		"--env", "C=x=y", "--env", "A=0", "--env", "B=", "--env", "A=1,2", "--env-file", "app.env", "--env-file", "more.env", "--user", "www-data",
		"--group", "web", "--group", "27", "--umask", "0o27", "--open-files", "4096", "--no-new-privileges", "--ready", "http:/healthz?full=1",
		"--start-timeout", "5s", "--stop-signal", "3", "--stop-group=true", "--drain-timeout", "60s", "--watchdog", "10s",
		"--max-draining", "2", "--surge", "25%", "--canary", "1", "--canary-soak", "30s", "--pause-between", "5s", "--soak", "1m",
		"--check", "./smoke a,b", "--check-timeout", "2s", "--probe-header", "X-A: b, c", "--probe-interval", "1s", "--admin", "127.0.0.1:9000",
		"--admin-host", "a.example", "--admin-host", "b", "--event-streams", "9", "--log-level", "warn", "--log-format", "json"),
		nil, "", []string{"./serve", "--workers", "9"})
	require.NoError(t, err)
	require.Equal(t, want, s)
}

func TestTheLaterSourceWins(t *testing.T) {
	file := "workers: 2\nstart_timeout: 2s\ndrain_timeout: 2s\nlisten: [':1', 'http=:2']\nstop_group: true\nwatchdog: 3s\n"
	environ := []string{"ROTA_START_TIMEOUT=3s", "ROTA_DRAIN_TIMEOUT=3s", "ROTA_ADMIN_HOST=a.example, b.example"}
	s, err := load(t, file, environ, "--drain-timeout=4s", "--stop-group=false", "--watchdog=0")
	require.NoError(t, err)
	require.Equal(t, 2, s.Workers)
	require.Equal(t, 3*time.Second, s.StartTimeout)
	require.Equal(t, 4*time.Second, s.DrainTimeout)
	require.Equal(t, []string{":1", "http=:2"}, s.Listen)
	require.Equal(t, []string{"a.example", "b.example"}, s.AdminHost)
	require.False(t, s.StopGroup)
	require.Zero(t, s.Watchdog)
}

func TestTheCommandBehindTheDashesWinsOverTheFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	path := write(t, "rota.yaml", "command: [sleep, 10]\n")
	s, err := Load(flagsOf(t), nil, path, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"sleep", "10"}, s.Command)
	s, err = Load(flagsOf(t), nil, path, []string{"cat"})
	require.NoError(t, err)
	require.Equal(t, []string{"cat"}, s.Command)
	_, err = Load(flagsOf(t), nil, path, []string{""})
	require.EqualError(t, err, "command behind --: the name of the program is empty")
}

// As every reload does it.
func TestItIsLoadedAnewEachTime(t *testing.T) {
	t.Chdir(t.TempDir())
	path := write(t, "rota.yaml", "env_file: [app.env]\nworkers: 2\n")
	write(t, "app.env", "A=1\n")
	flags := flagsOf(t, "--env", "B=2", "--env-file", "app.env")
	for range 2 {
		s, err := Load(flags, nil, path, nil)
		require.NoError(t, err)
		require.Equal(t, []string{"A=1", "B=2"}, s.Env)
		require.Equal(t, 2, s.Workers)
	}
	write(t, "app.env", "A=3\n")
	write(t, "rota.yaml", "workers: 4\n")
	s, err := Load(flags, nil, path, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"A=3", "B=2"}, s.Env)
	require.Equal(t, 4, s.Workers)
}

func TestListsMayBeRepeatedOrSeparatedByCommas(t *testing.T) {
	s, err := load(t, "", nil, "--listen", ":1,http=:2", "--listen", ":3", "--admin-host", "a.example,b")
	require.NoError(t, err)
	require.Equal(t, []string{":1", "http=:2", ":3"}, s.Listen, "and the default is replaced")
	require.Equal(t, []string{"a.example", "b"}, s.AdminHost)
	s, err = load(t, "env_file: []\nlisten: ':1, :2'", nil)
	require.NoError(t, err)
	require.Equal(t, []string{":1", ":2"}, s.Listen)
	require.Empty(t, s.EnvFile)
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

func TestEveryComplaintNamesItsSourceLineAndKey(t *testing.T) {
	_, err := load(t, `wokers: 3
log_level: loud
listen:
  - ":80"
  - nonsense
  - {addresses: ":81"}
start_timeout: 5
a.b: 1
workers:
env:
  GOOD: yes
  BAD: {port:web}
workers: 4
admin_host: [a, "*"]
env_file:
  - here.env
  - gone.env
`, []string{"ROTA_WORKERS=many", "ROTA_WOKERS=1", "ROTA_TYPO=1", "ROTA_ADMIN=nowhere", "ROTA_ENV=test", "ROTA_COMMAND=x", "ROTA_workers=1"},
		"--drain-timeout=-1s", "--stop-group=maybe", "--env", "LISTEN_FDS=1", "--env", "NOVALUE", "--watchdog", "99ms", "--umask", "888", "--stop-signal", "KILL")
	known := strings.Join(keyNames(), ", ")
	requireComplaints(t, err,
		`rota.yaml:13: "workers" is given twice, first on line 9`,
		"rota.yaml:1: wokers: unknown key; did you mean workers?",
		`rota.yaml:2: log_level: "loud" is not one of trace, debug, info, warn, error`,
		`rota.yaml:5: listen: listen address "nonsense": it is neither host:port nor unix:/path: address nonsense: missing port in address`,
		"rota.yaml:6: listen: addresses: unknown member; did you mean address?",
		`rota.yaml:7: start_timeout: "5" is not a duration such as 30s or 1m30s`,
		"rota.yaml:8: a.b: unknown key; the known ones are "+known,
		"rota.yaml:9: workers: it has no value",
		"rota.yaml:12: env: BAD: it is a map and should be text; text that begins with { needs quotes",
		`rota.yaml:14: admin_host: "*" is not a host name such as rota.example.org; there are no wildcards, ports or schemes`,
		`ROTA_COMMAND: there is no such variable; the command goes after -- or into the settings file`,
		`ROTA_ENV: there is no such variable; --env and --env-file set the workers' environment`,
		err0(t, err, "ROTA_TYPO: unknown variable; the known ones are ROTA_LISTEN, ROTA_WORKERS, ROTA_DIR, ROTA_ENV_FILE"),
		"ROTA_WOKERS: unknown variable; did you mean ROTA_WORKERS?",
		"ROTA_workers: unknown variable; did you mean ROTA_WORKERS?",
		`ROTA_ADMIN: "nowhere" is not host:port`,
		`ROTA_WORKERS: "many" is not a whole number from 0 to 1024`,
		`--env: "NOVALUE" is not NAME=value`,
		"--env: LISTEN_FDS: rota sets this variable for each worker; it cannot be set",
		`--umask: "888" is not an octal number from 0 to 0777, such as 0022`,
		`--stop-signal: "KILL" is not one of TERM, INT, QUIT, HUP, USR1, USR2 and WINCH`,
		`--stop-group: "maybe" is neither true nor false`,
		"--drain-timeout: -1s is not longer than 0",
		"--watchdog: 99ms is shorter than 100ms; 0 switches it off",
		"rota.yaml:16: env_file: open here.env: no such file or directory",
		"rota.yaml:17: env_file: open gone.env: no such file or directory",
	)
}

// err0 is the line of an error that begins so.
func err0(t *testing.T, err error, start string) string {
	t.Helper()
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if strings.HasPrefix(line, start) {
			return line
		}
	}
	t.Fatalf("no line of %v begins with %q", err, start)
	return ""
}

// Each is one mistake in one value; the complaint is what follows the key.
func TestMistakesInValues(t *testing.T) {
	for mistake, want := range map[string]string{
		"workers: -1":                    `"-1" is not a whole number from 0 to 1024`,
		"workers: [1]":                   "it is a list and should be one value",
		"workers: ~":                     "it has no value",
		"open_files: 1.5":                `"1.5" is not a whole number from 0 to 1073741824`,
		"command: gunicorn app:app":      `"gunicorn app:app" is text; write the list [gunicorn, "app:app"]`,
		"command: []":                    "it should be a list of the program and its arguments, such as [gunicorn, app:app]",
		"command: {a: b}":                "it should be a list of the program and its arguments, such as [gunicorn, app:app]",
		"command:":                       "it should be a list of the program and its arguments, such as [gunicorn, app:app]",
		"command: ['', a]":               "the name of the program is empty",
		"command: [a, {slot}]":           "it is a map and should be text; text that begins with { needs quotes",
		"command: [a, ~]":                "it has no value",
		`command: [a, "b\0"]`:            "it holds a zero byte",
		"dir: ''":                        "it is empty",
		"env: [A=b]":                     "it should be a map",
		"env: {A: }":                     "A: it has no value",
		"env: {A: [b]}":                  "A: it is a list and should be one value",
		"env: {'A=B': c}":                "A: the name of a variable cannot contain = or a zero byte",
		"env: {'': c}":                   ": a variable has no name",
		"env: {WATCHDOG_USEC: 1}":        "WATCHDOG_USEC: rota sets this variable for each worker; it cannot be set",
		"env: {ROTA_SLOT: 1}":            "ROTA_SLOT: rota sets this variable for each worker; it cannot be set",
		"env: {EINHORN_FD_COUNT: 1}":     "EINHORN_FD_COUNT: rota sets this variable for each worker; it cannot be set",
		"env: {SERVER_STARTER_PORT: 1}":  "SERVER_STARTER_PORT: rota sets this variable for each worker; it cannot be set",
		"env: {A: 1, A: 2}":              `"A" is given twice, first on line 1`,
		"env: {<<: {A: 1}}":              "<< is not supported; write the keys out",
		"env_file: ['']":                 "it is empty",
		"env_file: {a: b}":               "it is a map and should be a list",
		"env_file: .":                    "", // below
		"user: ''":                       `"" is neither a name nor a number`,
		"user: a:b":                      `"a:b" is neither a name nor a number`,
		"group: [a, 'b c']":              `"b c" is neither a name nor a number`,
		"umask: 01000":                   `"01000" is not an octal number from 0 to 0777, such as 0022`,
		"umask: ''":                      `"" is not an octal number from 0 to 0777, such as 0022`,
		"no_new_privileges: 7":           `"7" is neither true nor false`,
		"ready: soon":                    `"soon" is none of auto, notify, tcp, delay:2s, http:/path and log:REGEX`,
		"ready: notify:x":                `"notify:x" is none of auto, notify, tcp, delay:2s, http:/path and log:REGEX`,
		"ready: delay:0":                 `"0" is not a duration such as 2s`,
		"ready: delay:1m":                "a delay of 1m0s is not shorter than the start timeout of 1m0s",
		"ready: http:healthz":            `"healthz" is not a path such as /healthz`,
		"ready: 'log:'":                  `"log:" is none of auto, notify, tcp, delay:2s, http:/path and log:REGEX`,
		"ready: log:(":                   "error parsing regexp: missing closing ): `(`",
		"stop_signal: 9":                 `"9" is not one of TERM, INT, QUIT, HUP, USR1, USR2 and WINCH`,
		"stop_signal: SIGSIGTERM":        `"SIGSIGTERM" is not one of TERM, INT, QUIT, HUP, USR1, USR2 and WINCH`,
		"watchdog: -1s":                  "-1s is shorter than 100ms; 0 switches it off",
		"listen: ''":                     "at least one address is needed",
		"listen: {address: ':80'}":       "it is a map and should be a list",
		"listen: [{name: web}]":          "the address is missing",
		"listen: [{address: }]":          "address: it has no value",
		"listen: [{address: ':1?a=b'}]":  `address: ":1?a=b" contains more than this member; options are members of their own`,
		"listen: [{reuseport: perhaps}]": `reuseport: "perhaps" is neither true nor false`,
		"listen: [{colour: red}]":        "colour: unknown member; the known ones are name, address, mode, owner, reuseport, ipv6only, nonblock",
		"listen: [{name: a, name: b}]":   `"name" is given twice, first on line 1`,
		"listen: ['a=:1', 'a=:2']":       `listen address "a=:2": the name "a" is given twice`,
		"listen: &a [*a]":                "it is a list and should be one value",
	} {
		t.Run(mistake, func(t *testing.T) {
			key, _, _ := strings.Cut(mistake, ":")
			_, err := load(t, mistake, nil)
			if want == "" {
				want = ". is not a regular file, so a reload could not read it again"
			}
			require.EqualError(t, err, "rota.yaml:1: "+key+": "+want)
		})
	}
}

func TestValuesAreReadAsTheyAreTyped(t *testing.T) {
	for umask, want := range map[string]int{"0022": 0o22, "022": 0o22, "22": 0o22, `"0022"`: 0o22, "0o22": 0o22, "0": 0, "0777": 0o777} {
		s, err := load(t, "umask: "+umask, nil)
		require.NoError(t, err)
		require.Equal(t, want, s.Umask, umask)
	}
	for name, want := range map[string]syscall.Signal{"SIGTERM": 15, "term": 15, "sigInt": 2, "15": 15, "USR2": 12, "WINCH": 28, "1": 1} {
		s, err := load(t, "stop_signal: "+name, nil)
		require.NoError(t, err)
		require.Equal(t, want, s.StopSignal, name)
	}
	for _, ready := range []string{"notify", "tcp", "delay:2s", "http:/", "http:/a?b=c", `log:^listening on :\d+$`} {
		s, err := load(t, "ready: '"+ready+"'", nil)
		require.NoError(t, err)
		require.Equal(t, ready, s.Ready)
	}
	s, err := load(t, "env: {A: yes, B: 0123, C: 1.0, D: '', E: 'null', F: \"{port:web}\", G: a b}\ncommand: [a, 1.0, '', *x]\ndir: &x /srv\n", nil)
	require.EqualError(t, err, "rota.yaml:2: not YAML: unknown anchor 'x' referenced")
	require.Zero(t, s)
	s, err = load(t, "dir: &x /srv\nenv: {A: yes, B: 0123, C: 1.0, D: '', E: 'null', F: \"{port:web}\", G: a b}\ncommand: [a, 1.0, '', *x]\n", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"A=yes", "B=0123", "C=1.0", "D=", "E=null", "F={port:web}", "G=a b"}, s.Env)
	require.Equal(t, []string{"a", "1.0", "", "/srv"}, s.Command)
}

func TestAFileThatIsNotThereOrNotYAML(t *testing.T) {
	_, err := Load(flagsOf(t), nil, "/nowhere/rota.yaml", nil)
	require.EqualError(t, err, "settings file: open /nowhere/rota.yaml: no such file or directory")
	require.ErrorIs(t, err, os.ErrNotExist)
	for content, want := range map[string]string{
		"workers: [":                "rota.yaml:1: not YAML: did not find expected node content",
		"a: b: c":                   "rota.yaml:1: not YAML: mapping values are not allowed in this context",
		"workers: 1\n\tadmin: x":    "rota.yaml:2: not YAML: found a tab character that violates indentation",
		"workers: 1\n# \xff":        "rota.yaml:2: not YAML: a character is not printable UTF-8",
		"workers: 1\n\x00":          "rota.yaml:2: not YAML: a character is not printable UTF-8",
		"- a list\n":                "rota.yaml:1: the file should hold keys with values, such as workers: 4",
		"\nonly text":               "rota.yaml:2: the file should hold keys with values, such as workers: 4",
		"workers: 1\n---\nadmin: x": "rota.yaml:2: a second document begins here, but only one is read",
		"? {a: b}\n: c":             "rota.yaml:1: a key is a list or a map and should be text",
		"<<: {workers: 1}":          "rota.yaml:1: << is not supported; write the keys out",
	} {
		_, err = load(t, content, nil)
		require.EqualError(t, err, want, content)
	}
	for _, nothing := range []string{" ", "# nothing yet\n", "---\n", "{}", "null"} {
		_, err = load(t, nothing, nil)
		require.NoError(t, err, nothing)
	}
}

// A pipe has nothing left for the second time, and could be waited for for ever.
func TestAFileThatNoReloadCouldReadAgainIsRefused(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	_, err := Load(flagsOf(t), nil, fifo, nil)
	require.EqualError(t, err, "settings file: "+fifo+" is not a regular file, so a reload could not read it again")
	_, err = Load(flagsOf(t, "--env-file", fifo), nil, "", nil)
	require.EqualError(t, err, "--env-file: "+fifo+" is not a regular file, so a reload could not read it again")
	large := filepath.Join(t.TempDir(), "large")
	require.NoError(t, os.WriteFile(large, make([]byte, maxFile+1), 0o600))
	_, err = Load(flagsOf(t), nil, large, nil)
	require.EqualError(t, err, "settings file: "+large+" is larger than 1048576 bytes")
}

// FuzzSettingsFile: whatever a file holds, each key is a value or a complaint with a line;
// and what is accepted is shown in a way that is accepted again and means the same.
func FuzzSettingsFile(f *testing.F) {
	for _, seed := range []string{
		"workers: 2\nlisten: [':1']", "a: &a [*a]", "? {x: y}\n: 1", "1: 2\nnull: 3\ntrue: x", "listen: {a: b}\nworkers: null",
		"listen: [{name: web, address: ':1', reuseport: false}]", "env: {A: 'b c', '<<': x, \"{\": y}\numask: 0022", "command: [a, \"b\\nc\", '{slot}', \"\\ud800\", '#']", "group: 1,2\nwatchdog: 0\nstop_signal: term",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		s := fromYAML("rota.yaml", []byte(content))
		values, complaints := s.check()
		if len(values)+len(complaints) < len(s.entries) {
			t.Fatalf("%d keys, %d values, %d complaints", len(s.entries), len(values), len(complaints))
		}
		for _, c := range complaints {
			if !strings.HasPrefix(c.Error(), "rota.yaml:") || strings.HasPrefix(c.Error(), "rota.yaml:0") {
				t.Fatalf("a complaint without a line: %v", c)
			}
		}
		delete(values, "env_file") // which names files of this machine
		if len(complaints) > 0 || len(values) < len(s.entries) {
			return
		}
		shown := requireShownAsLoaded(t, s)
		if again := requireShownAsLoaded(t, fromYAML("shown.yaml", []byte(shown))); withoutComments(again) != withoutComments(shown) {
			t.Fatalf("%s\nis shown again as\n%s", shown, again)
		}
	})
}
