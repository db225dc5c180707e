// Package settings merges what the user says in four places into one struct: defaults,
// then a YAML file, then ROTA_* environment variables, then flags and the command behind
// them; the later wins.
//
// Every key is described once, in the table of keys.go. From it come the flags, the names
// of the variables, the keys of the file, the file's JSON Schema and the complaints. Each
// source is checked by itself before anything is merged, so that a complaint can name the
// source, the line and the key, and all complaints are reported at once.
//
// What a source says is kept as YAML nodes, also where it was no YAML: they know their line.
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

	ListenByDefault bool `koanf:"-"` // nobody set Listen

	Command         []string `koanf:"command"`    // program and arguments; none: the built-in worker
	Dir             string   `koanf:"dir"`        // "": where rota was started
	Env             []string `koanf:"-"`          // NAME=value, sorted by name, of the env files and env
	EnvFile         []string `koanf:"env_file"`   // what Env was read from, as given
	User            string   `koanf:"user"`       // name or uid; "": rota's own
	Group           []string `koanf:"group"`      // names or gids, the primary one first; none: the user's own
	Umask           int      `koanf:"umask"`      // -1: as rota's own
	OpenFiles       int      `koanf:"open_files"` // 0: as rota was started
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
	Soak          time.Duration `koanf:"soak"` // in effect, also where nobody set it
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

// Load merges the sources. flags are those that Register made, parsed; environ is as
// os.Environ gives it; file is the path of a YAML file, or ""; command is what stands behind
// `--`, or nothing. The error joins every complaint, one a line, each naming its source and
// key. Load only reads, so it can be called again whenever the files may have changed.
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

// settle merges the sources, reads the env files, and looks at what has to fit together.
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
