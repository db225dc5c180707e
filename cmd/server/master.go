package main

import (
	"os"
	"slices"

	"github.com/rs/zerolog"

	"rota/internal/check"
	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/plan"
	"rota/internal/probe"
	"rota/internal/settings"
)

func newMaster(s settings.Settings, reread func() (settings.Settings, error), log zerolog.Logger) (*master.Master, error) {
	given, err := listen.InheritSockets(os.Getenv)
	if err != nil {
		return nil, err
	}
	spec, err := specOf(s, len(given) > 0)
	if err != nil {
		return nil, usageError{err}
	}
	warnOfHostNames(log, hostNames(spec.Listen)...)
	return master.New(master.Options{
		Spec: spec,
		Reread: func() (plan.Spec, error) {
			now, err := reread()
			if err != nil {
				return plan.Spec{}, err
			}
			warnOfFixed(s, now, log)
			next, err := specOf(now, len(given) > 0)
			warnOfHostNames(log, hostNames(next.Listen)...)
			return next, err
		},
		Inherited: given,
		Probe:     probe.HTTP,
		Check:     check.Run,
		Log:       log,
	})
}

// warnOfFixed warns of changed settings that only a restart applies.
func warnOfFixed(was, now settings.Settings, log zerolog.Logger) {
	for key, changed := range map[string]bool{
		"admin":         was.Admin != now.Admin,
		"admin_host":    !slices.Equal(was.AdminHost, now.AdminHost),
		"event_streams": was.EventStreams != now.EventStreams,
		"log_level":     was.LogLevel != now.LogLevel,
		"log_format":    was.LogFormat != now.LogFormat,
	} {
		if changed {
			log.Warn().Str("key", key).Msg("this setting has changed and takes effect when rota is restarted")
		}
	}
}
