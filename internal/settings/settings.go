// Package settings merges settings from four sources: defaults, a YAML file, ROTA_* environment
// variables, and flags with the command after them. A later source wins.
//
// The table in keys.go describes every key once. The flags, the variables, the keys of the file,
// its JSON Schema and the complaints all come from it. Each source is checked before anything is
// merged, so that a complaint can name the source, the line and the key, and all complaints are
// reported at once. Values are kept as YAML nodes, whatever the source, because nodes know their
// line.
package settings

import (
	"errors"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

// Settings is everything that can be set for `rota run`.
type Settings struct {
	Listen  []string `koanf:"listen"`  // as master.ParseListen takes them; none: only the sockets that rota was started with
	Workers int      `koanf:"workers"` // 0: one per core

	ListenByDefault bool `koanf:"-"` // Listen is the default

	Command         []string `koanf:"command"`    // program and arguments; none: the built-in worker
	Dir             string   `koanf:"dir"`        // "": where rota was started
	Env             []string `koanf:"-"`          // NAME=value, sorted by name, from the env files and env
	EnvFile         []string `koanf:"env_file"`   // the env files, as given
	User            string   `koanf:"user"`       // name or uid; "": rota's own
	Group           []string `koanf:"group"`      // names or gids, the primary one first; none: the user's own
	Umask           int      `koanf:"umask"`      // -1: rota's own
	OpenFiles       int      `koanf:"open_files"` // 0: the limit that rota was started with
	NoNewPrivileges bool     `koanf:"no_new_privileges"`

	Ready        string         `koanf:"ready"` // "": by kind of worker
	StartTimeout time.Duration  `koanf:"start_timeout"`
	StopSignal   syscall.Signal `koanf:"stop_signal"`
	StopGroup    bool           `koanf:"stop_group"` // to the whole process group
	DrainTimeout time.Duration  `koanf:"drain_timeout"`
	Watchdog     time.Duration  `koanf:"watchdog"` // 0: off

	MaxDraining   int           `koanf:"max_draining"` // 0: any number
	Surge         string        `koanf:"surge"`        // as master.ParseSurge takes it
	Canary        int           `koanf:"canary"`
	CanarySoak    time.Duration `koanf:"canary_soak"` // 0: until promoted
	PauseBetween  time.Duration `koanf:"pause_between"`
	Soak          time.Duration `koanf:"soak"` // in effect, also by default
	Check         []string      `koanf:"check"`
	CheckTimeout  time.Duration `koanf:"check_timeout"`
	ProbeHeader   []string      `koanf:"probe_header"`   // lines: "Host: app.example"
	ProbeInterval time.Duration `koanf:"probe_interval"` // 0: no probes

	Admin        string   `koanf:"admin"`
	AdminHost    []string `koanf:"admin_host"`
	EventStreams int      `koanf:"event_streams"`

	LogLevel  string `koanf:"log_level"`
	LogFormat string `koanf:"log_format"`
}

// Load merges the sources. flags are the parsed flags of Register; environ is from os.Environ; file is the
// path of a YAML file, or ""; command is what comes after --, if anything. The error joins all complaints,
// one a line, each with its source and key. Load only reads, so it can be called again when the files may
// have changed.
func Load(flags *pflag.FlagSet, environ []string, file string, command []string) (Settings, error) {
	m, variables, err := settle(sources(flags, environ, file, command)...)
	if err != nil {
		return Settings{}, err
	}
	s := Settings{Umask: -1}
	if err := m.values.Unmarshal("", &s); err != nil {
		return Settings{}, err
	}
	s.ListenByDefault = m.from["listen"].place() == byDefault
	for _, v := range variables {
		s.Env = append(s.Env, v.name+"="+v.value)
	}
	return s, nil
}

// settle merges the sources, reads the env files, and checks values that must fit together.
func settle(sources ...source) (merged, []variable, error) {
	m, complaints := merge(sources...)
	m.presetForPrograms()
	variables, problems := m.variables()
	complaints = append(complaints, problems...)
	if err := m.fits(); err != nil {
		complaints = append(complaints, err)
	}
	return m, variables, errors.Join(complaints...)
}

func sources(flags *pflag.FlagSet, environ []string, file string, command []string) []source {
	list := []source{fromDefaults()}
	if file != "" {
		list = append(list, fromFile(file))
	}
	return append(list, fromEnvironment(environ), fromFlags(flags), fromCommandLine(command))
}
