// Package settings merges what the user says in four places into one struct: defaults,
// then a YAML file, then ROTA_* environment variables, then flags; the later wins.
//
// Every key is described once, in the table of keys.go. From it come the flags, the names
// of the variables, the keys of the file and the complaints: each source is checked by
// itself before anything is merged, so that a complaint can name the source and the key,
// and all complaints are reported at once.
package settings

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Settings is everything that can be set for `rota run`.
type Settings struct {
	Listen       []string      `koanf:"listen"`
	Workers      int           `koanf:"workers"`
	Admin        string        `koanf:"admin"`
	AdminHost    []string      `koanf:"admin_host"`
	EventStreams int           `koanf:"event_streams"`
	StartTimeout time.Duration `koanf:"start_timeout"`
	DrainTimeout time.Duration `koanf:"drain_timeout"`
	LogLevel     string        `koanf:"log_level"`
	LogFormat    string        `koanf:"log_format"`
}

// Prefix is what the names of the environment variables begin with.
const Prefix = "ROTA_"

// ofWorkers are set by a master for its workers. One of these may be another rota, and
// must not take them for settings.
var ofWorkers = []string{"ROTA_WORKER_ID", "ROTA_SLOT", "ROTA_GENERATION", "ROTA_REVISION"}

// notForUs reports whether somebody else means something else by a variable: a master, who
// tells its workers, or Kubernetes, which tells every container of a service named rota.
func notForUs(name string) bool {
	return slices.Contains(ofWorkers, name) || name == "ROTA_PORT" ||
		strings.HasPrefix(name, "ROTA_PORT_") || strings.HasPrefix(name, "ROTA_SERVICE_")
}

// Load merges the sources. flags are those that Register made, parsed; environ is as
// os.Environ gives it; file is the path of a YAML file, or "". The error joins every
// complaint, each naming its source and key.
func Load(flags *pflag.FlagSet, environ []string, file string) (Settings, error) {
	var complaints []error
	merged := koanf.New(".")
	merge := func(s source, err error) {
		values, problems := s.check()
		complaints = append(complaints, problems...)
		if err == nil {
			err = merged.Load(confmap.Provider(values, "."), nil)
		}
		if err != nil {
			complaints = append(complaints, err)
		}
	}
	merge(fromDefaults(), nil)
	if file != "" {
		merge(fromFile(file))
	}
	merge(fromEnvironment(environ))
	merge(fromFlags(flags))

	var s Settings
	if len(complaints) == 0 {
		if err := merged.Unmarshal("", &s); err != nil {
			complaints = append(complaints, err)
		}
	}
	return s, errors.Join(complaints...)
}

// source is what one place says, by key.
type source struct {
	raw  map[string]any
	name func(key string) string // how a complaint calls a key of this source
}

func fromDefaults() source {
	raw := map[string]any{}
	for _, k := range keys {
		raw[k.name] = k.preset
	}
	return source{raw: raw, name: func(key string) string { return "default of " + key }}
}

func fromFile(path string) (source, error) {
	s := source{name: func(key string) string { return path + ": " + key }}
	content, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("settings file: %w", err)
	}
	s.raw, err = parseFile(content)
	if err != nil {
		return s, fmt.Errorf("settings file %s: %w", path, err)
	}
	return s, nil
}

func parseFile(content []byte) (map[string]any, error) {
	k := koanf.New("\x00") // a key with a dot is an unknown key, not a path
	if err := k.Load(rawbytes.Provider(content), yaml.Parser()); err != nil {
		return nil, err
	}
	return k.Raw(), nil
}

func fromEnvironment(environ []string) (source, error) {
	s := source{name: func(key string) string { return Prefix + strings.ToUpper(key) }}
	k := koanf.New("\x00")
	err := k.Load(env.Provider("\x00", env.Opt{
		Prefix:      Prefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			if notForUs(name) {
				return "", nil
			}
			return strings.ToLower(strings.TrimPrefix(name, Prefix)), value
		},
	}), nil)
	s.raw = k.Raw()
	return s, err
}

func fromFlags(flags *pflag.FlagSet) (source, error) {
	s := source{name: func(key string) string { return "--" + flagName(key) }}
	k := koanf.New("\x00")
	err := k.Load(posflag.ProviderWithFlag(flags, "\x00", k, func(f *pflag.Flag) (string, any) {
		key := strings.ReplaceAll(f.Name, "-", "_")
		if _, known := find(key); !known || !f.Changed {
			return "", nil
		}
		return key, posflag.FlagVal(flags, f)
	}), nil)
	s.raw = k.Raw()
	return s, err
}

// check turns the raw values into the keys' own types.
func (s source) check() (values map[string]any, complaints []error) {
	values = map[string]any{}
	names := make([]string, 0, len(s.raw))
	for name := range s.raw {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		k, known := find(name)
		if !known {
			complaints = append(complaints, fmt.Errorf("%s: unknown key; the known ones are %s", s.name(name), strings.Join(keyNames(), ", ")))
			continue
		}
		value, err := k.parse(s.raw[name])
		if err != nil {
			complaints = append(complaints, fmt.Errorf("%s: %w", s.name(name), err))
			continue
		}
		values[name] = value
	}
	return values, complaints
}
