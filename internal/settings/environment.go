package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"rota/internal/near"
)

// prefix begins the names of the environment variables.
const prefix = "ROTA_"

// ofWorkers are the variables that a master sets for its workers. A worker may be another rota, which must
// not take them for settings.
var ofWorkers = []string{"ROTA_WORKER_ID", "ROTA_SLOT", "ROTA_GENERATION", "ROTA_REVISION"}

// Variables returns the names of the variables that are settings, and of the one that names the settings
// file.
func Variables() []string {
	names := []string{prefix + "CONFIG"}
	for _, k := range keys {
		if k.variable() {
			names = append(names, variableName(k.name))
		}
	}
	return names
}

// notForUs reports whether a variable is not a setting: a master sets it for its workers, or Kubernetes for a
// service named rota.
func notForUs(name string) bool {
	return slices.Contains(ofWorkers, name) || name == "ROTA_PORT" ||
		strings.HasPrefix(name, "ROTA_PORT_") || strings.HasPrefix(name, "ROTA_SERVICE_")
}

func fromEnvironment(environ []string) source {
	s := source{
		place:   func(name string, _ int) string { return variableName(name) },
		unknown: unknownVariable,
	}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, prefix) || notForUs(name) {
			continue
		}
		for _, k := range keys {
			if k.variable() && name == variableName(k.name) {
				name = k.name
				break
			}
		}
		s.entries = append(s.entries, entry{name: name, node: text(value)})
	}
	slices.SortStableFunc(s.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return s
}

// variableName is the variable of a key. An unknown name stays as it is.
func variableName(key string) string {
	if strings.HasPrefix(key, prefix) {
		return key
	}
	return prefix + strings.ToUpper(key)
}

func unknownVariable(name string) error {
	switch name {
	case variableName(envKey):
		return errors.New("there is no such variable; --env and --env-file set the workers' environment")
	case variableName(commandKey):
		return errors.New("there is no such variable; the command goes after -- or into the settings file")
	}
	var known []string
	for _, k := range keys {
		if k.variable() {
			known = append(known, k.name)
		}
	}
	word := strings.TrimPrefix(name, prefix)
	if meant := near.Word(word, known); meant != "" {
		return fmt.Errorf("unknown variable; did you mean %s?", variableName(meant))
	}
	for i := range known {
		known[i] = variableName(known[i])
	}
	return errors.New("unknown variable; the known ones are " + strings.Join(known, ", "))
}
