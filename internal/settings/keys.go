package settings

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"rota/internal/master"
)

// key is one thing that can be set.
type key struct {
	name   string // in a file; the flag and the variable are derived from it
	preset any
	usage  string
	parse  func(raw any) (any, error)
}

var keys = []key{
	{"listen", []string{":11111"}, "listen on `[name=]host:port` or [name=]unix:/path; may be repeated; a listener named http speaks HTTP", parseAddresses},
	{"workers", 0, "`number` of workers; 0 means one per core", wholeNumber(0, master.MaxWorkers)},
	{"admin", "127.0.0.1:11112", "`host:port` of the admin API", parseHostPort},
	{"admin_host", []string{}, "another host `name` by which the admin API may be asked for; may be repeated", parseHosts},
	{"event_streams", 256, "`number` of event streams that the admin API serves at once", wholeNumber(1, 10_000)},
	{"start_timeout", master.DefaultStartTimeout, "how long a new worker may take to be ready", parseDuration},
	{"drain_timeout", master.DefaultDrainTimeout, "how long an old worker may take to finish what it has", parseDuration},
	{"log_level", "info", "least important `level` that is logged: trace, debug, info, warn or error", oneOf("trace", "debug", "info", "warn", "error")},
	{"log_format", "auto", "`format` of the log: json, console, or auto (console on a terminal)", oneOf("auto", "json", "console")},
}

// Register adds a flag for every key.
func Register(flags *pflag.FlagSet) {
	for _, k := range keys {
		switch preset := k.preset.(type) {
		case []string:
			flags.StringArray(flagName(k.name), preset, k.usage)
		case int:
			flags.Var(&number{text: strconv.Itoa(preset)}, flagName(k.name), k.usage)
		case time.Duration:
			flags.Duration(flagName(k.name), preset, k.usage)
		case string:
			flags.String(flagName(k.name), preset, k.usage)
		}
	}
}

// number is a flag that is checked together with the other sources, so that a mistake reads
// the same wherever it is made.
type number struct{ text string }

func (n *number) String() string        { return n.text }
func (n *number) Set(text string) error { n.text = text; return nil }
func (n *number) Type() string          { return "number" }

func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

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
