package settings

import (
	"strings"
	"time"

	"rota/internal/plan"
	"rota/internal/record"
)

// key is one thing that can be set.
type key struct {
	name     string // in a file; the flag and the variable are derived from it
	preset   string // the default, as a user would write it; "": none
	unset    string // what applies when it is not set
	programs string // the default if there is a command; "": the same
	usage    string // the flag's help
	kind
	about    string // for the schema, if a file takes something else than a flag; "": the usage
	examples []any  // for the schema
}

// Two keys are special: the command goes after --, and neither has a variable.
const (
	commandKey = "command"
	envKey     = "env"
)

// adminKey is also read by the commands that talk to a running master.
const adminKey = "admin"

// keys are in the order of the help: listeners, program, privileges, life of a worker, reloads, and the
// master itself.
var keys = []key{
	{
		name: "listen", preset: ":11111", kind: addresses,
		usage:    "listen on `[name=]host:port`, unix:/path, udp:host:port or unixgram:/path; may be repeated; the built-in worker speaks HTTP on one named http",
		about:    "where to listen: [name=]host:port, [name=]unix:/path, udp:host:port or unixgram:/path, or a map of the parts; an empty list leaves only the sockets that rota itself was started with; the built-in worker speaks HTTP on a listener named http",
		examples: []any{[]any{":8080"}, []any{"http=0.0.0.0:80", map[string]any{"name": "app", "address": "unix:/run/app.sock", "mode": "0660"}}},
	},
	{
		name: "workers", preset: "0", kind: wholeNumber(0, record.MaxWorkers),
		usage:    "`number` of workers; 0 means one per core",
		examples: []any{4},
	},
	{
		name: commandKey, unset: "the built-in worker", kind: program,
		about:    "program of the workers and its arguments, in which {fd:NAME}, {port:NAME}, {address:NAME}, {path:NAME} of a listener, {slot} and {worker_id} are replaced",
		examples: []any{[]any{"gunicorn", "app:app"}},
	},
	{
		name: "dir", unset: "where rota was started", kind: path,
		usage:    "working `directory` of the workers; each reload follows its symbolic links again",
		examples: []any{"/srv/app/current"},
	},
	{
		name: envKey, unset: "no more than rota's own", kind: variablesByName,
		usage:    "`NAME=value` in the workers' environment; may be repeated",
		about:    "variables in the workers' environment, by name; placeholders in their values are replaced as in command",
		examples: []any{map[string]any{"PORT": "8080"}},
	},
	{
		name: "env_file", unset: "none", kind: listOf(filled, textSchema),
		usage:    "`file` of NAME=value lines, read again at each reload; may be repeated; --env wins over it",
		about:    "files of NAME=value lines for the workers' environment, read again at each reload; env wins over them, a later file over an earlier one",
		examples: []any{[]any{"/etc/app.env"}},
	},
	{
		name: "user", unset: "rota's own", kind: account,
		usage:    "`user` that the workers become, by name or uid, with its groups; rota has to be root",
		examples: []any{"www-data", 33},
	},
	{
		name: "group", unset: "the user's own", kind: listOf(accountName, accountSchema),
		usage:    "`group` of the workers, by name or gid, in place of the user's own; may be repeated: the first is the primary one",
		about:    "groups of the workers, by name or gid, in place of the user's own; the first is the primary one",
		examples: []any{[]any{"www-data", "ssl-cert"}},
	},
	{
		name: "umask", unset: "as inherited", kind: octal,
		usage:    "`umask` of the workers, in octal",
		examples: []any{"0022"},
	},
	{
		name: "open_files", preset: "0", kind: wholeNumber(0, 1<<30),
		usage:    "`number` of files that a worker may have open; 0 means the limit that rota was started with",
		examples: []any{65536},
	},
	{
		name: "no_new_privileges", preset: "false", kind: yesOrNo,
		usage: "keep workers from gaining privileges, for example through setuid programs",
	},
	{
		name: "ready", preset: "notify", programs: "auto", unset: "auto for programs, notify for the built-in worker", kind: readiness,
		usage:    "`what` says that a worker is ready: auto (it is seen to accept connections), notify, tcp, delay:2s, http:/path or log:REGEX",
		examples: []any{"auto", "notify", "tcp", "delay:2s", "http:/healthz", "log:listening on"},
	},
	{
		name: "start_timeout", preset: plan.DefaultStartTimeout.String(), kind: durationAbove0,
		usage:    "how long a new worker may take to be ready",
		examples: []any{"30s"},
	},
	{
		name: "stop_signal", preset: "SIGTERM", kind: stopSignal,
		usage: "`signal` that tells a worker to finish: TERM, INT, QUIT, HUP, USR1, USR2 or WINCH",
	},
	{
		name: "stop_group", preset: "false", kind: yesOrNo,
		usage: "send the stop signal to the worker's whole process group",
	},
	{
		name: "drain_timeout", preset: plan.DefaultDrainTimeout.String(), kind: durationAbove0,
		usage:    "how long an old worker may take to finish its connections",
		examples: []any{"5m"},
	},
	{
		name: "watchdog", preset: "0", kind: durationOr0(100 * time.Millisecond),
		usage:    "replace a worker that has not sent WATCHDOG=1 for so long; 0 means never",
		examples: []any{"10s"},
	},
	{
		name: "max_draining", preset: "4", kind: wholeNumber(0, 1000),
		usage: "`number` of generations that may drain at a time; if there are more, the oldest is cut; 0 means any number",
	},
	{
		name: "surge", preset: "1", kind: surge,
		usage:    "`number` of workers that a reload replaces at a time, or a percentage; 100% means all new ones first",
		examples: []any{2, "25%"},
	},
	{
		name: "canary", preset: "0", kind: wholeNumber(0, record.MaxWorkers),
		usage:    "`number` of workers that a reload replaces first, before it waits",
		examples: []any{1},
	},
	{
		name: "canary_soak", preset: "0", kind: durationOr0(time.Millisecond),
		usage:    "how long a reload waits after its canary; 0 means until it is promoted",
		examples: []any{"30s"},
	},
	{
		name: "pause_between", preset: "0", kind: durationOr0(time.Millisecond),
		usage:    "how long a reload waits before it replaces the next workers",
		examples: []any{"5s"},
	},
	{
		name: "soak", preset: "0", programs: "2s", unset: "2s for programs, none for the built-in worker", kind: durationOr0(time.Millisecond),
		usage:    "how long the new workers stay on trial once all serve: if one ends or a check fails, the reload is taken back; 0 means no such trial, not given means 2s for programs",
		about:    "how long the new workers stay on trial once all serve: if one ends or a check fails, the reload is taken back; 0 means no such trial",
		examples: []any{"1m", 0},
	},
	{
		name: "check", unset: "none", kind: checks,
		usage:    "`what` the new workers must pass while on trial: tcp, http:/path, http://host:port/path or a command; may be repeated",
		about:    "what the new workers must pass while on trial: tcp, http:/path through the first listener, a URL, or a command for the shell",
		examples: []any{[]any{"http:/healthz", "./smoke-test --fast"}},
	},
	{
		name: "check_timeout", preset: plan.DefaultCheckTimeout.String(), kind: durationAbove0,
		usage: "how long one check may take",
	},
	{
		name: "probe_header", unset: "none", kind: headers,
		usage:    "`header` of the HTTP requests of ready and check, such as \"Host: app.example\"; may be repeated",
		about:    "headers of the HTTP requests of ready and check; requests to other hosts do not get them",
		examples: []any{[]any{"Host: app.example", "X-Forwarded-Proto: https"}},
	},
	{
		name: "probe_interval", preset: "50ms", kind: durationOr0(time.Millisecond),
		usage: "how often rota opens a connection of its own during a reload, to measure it; 0 means never",
	},
	{
		name: adminKey, preset: "127.0.0.1:11112", kind: hostPort,
		usage: "`host:port` of the admin API",
	},
	{
		name: "admin_host", unset: "none", kind: listOf(hostName, hostSchema),
		usage:    "another host `name` that the admin API accepts; may be repeated",
		about:    "other host names that the admin API accepts",
		examples: []any{[]any{"rota.example.org"}},
	},
	{
		name: "event_streams", preset: "256", kind: wholeNumber(1, 10_000),
		usage: "`number` of event streams that the admin API serves at once",
	},
	{
		name: "log_level", preset: "info", kind: oneOf("trace", "debug", "info", "warn", "error"),
		usage: "least important `level` that is logged: trace, debug, info, warn or error",
	},
	{
		name: "log_format", preset: "auto", kind: oneOf("auto", "json", "console"),
		usage: "`format` of the log: json, console, or auto (console on a terminal)",
	},
}

func (k key) flag() bool     { return k.form != words }
func (k key) variable() bool { return k.form != words && k.form != variables }

// description is the text that an editor shows for the key.
func (k key) description() string {
	about := k.about
	if about == "" {
		about = strings.ReplaceAll(k.usage, "`", "")
	}
	if k.unset != "" {
		about += " (not set: " + k.unset + ")"
	}
	return about
}

func find(name string) (key, bool) {
	for _, k := range keys {
		if k.name == name {
			return k, true
		}
	}
	return key{}, false
}

func keyNames() []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return names
}
