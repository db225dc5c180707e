package main

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"rota/internal/settings"
)

// load merges flags, environment, file and the program after --. Every reload calls it again.
func load(flags *pflag.FlagSet, program []string) (settings.Settings, error) {
	environ, file, err := findFile(flags)
	if err != nil {
		return settings.Settings{}, err
	}
	return settings.Load(flags, environ, file, program)
}

// findFile returns the path of the settings file, and the environment without it: it is no setting itself.
func findFile(flags *pflag.FlagSet) (environ []string, file string, err error) {
	if file, err = flags.GetString("config"); err != nil {
		return nil, "", err
	}
	for _, kv := range os.Environ() {
		if value, ok := strings.CutPrefix(kv, "ROTA_CONFIG="); ok {
			if !flags.Changed("config") {
				file = value
			}
			continue
		}
		environ = append(environ, kv)
	}
	if file == "" && flags.Changed("config") {
		return nil, "", errors.New("--config: the path is empty")
	}
	return environ, file, nil
}
