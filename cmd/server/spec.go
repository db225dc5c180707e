package main

import (
	"errors"
	"fmt"
	"syscall"

	"rota/internal/check"
	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
	"rota/internal/settings"
)

// specOf makes a spec from the settings. If rota was activated, with sockets from its parent, it does not
// open the default address.
func specOf(s settings.Settings, activated bool) (plan.Spec, error) {
	if activated && s.ListenByDefault {
		s.Listen = nil
	}
	addresses, problems := listen.ParseListen(s.Listen)
	ready, err := plan.ParseReadiness(s.Ready)
	ready.Headers = s.ProbeHeader
	checks, err2 := checksOf(s)
	if err := errors.Join(append(problems, err, err2)...); err != nil {
		return plan.Spec{}, err
	}
	spec := planOf(s)
	spec.Listen, spec.Ready, spec.Checks = addresses, ready, checks
	if spec.Strategy.Surge, err = record.ParseSurge(s.Surge); err != nil {
		return plan.Spec{}, fmt.Errorf("surge: %w", err)
	}
	if s.Umask >= 0 {
		spec.Umask = &s.Umask
	}
	if len(s.Command) == 0 {
		spec.Command = builtInWorker(s)
		if s.StopSignal != 0 && s.StopSignal != syscall.SIGTERM {
			return plan.Spec{}, fmt.Errorf("stop_signal: the built-in worker drains on SIGTERM, not on %s; leave this out, or set a command", s.StopSignal)
		}
	}
	return spec, nil
}

// planOf copies the settings that need no parsing.
func planOf(s settings.Settings) plan.Spec {
	return plan.Spec{
		Command:      s.Command,
		Workers:      s.Workers,
		StartTimeout: s.StartTimeout,
		DrainTimeout: s.DrainTimeout,
		Directory:    s.Dir,
		Env:          s.Env,
		Withhold:     settings.Variables(),
		User:         s.User,
		Groups:       s.Group,
		OpenFiles:    s.OpenFiles,
		NoNewPrivs:   s.NoNewPrivileges,
		StopSignal:   s.StopSignal,
		StopGroup:    s.StopGroup,
		Watchdog:     s.Watchdog,

		CheckHeaders:  s.ProbeHeader,
		CheckTimeout:  s.CheckTimeout,
		MaxDraining:   s.MaxDraining,
		ProbeInterval: s.ProbeInterval,
		Strategy: record.Strategy{
			Canary:       s.Canary,
			CanarySoak:   s.CanarySoak,
			PauseBetween: s.PauseBetween,
			Soak:         s.Soak,
		},
	}
}

func checksOf(s settings.Settings) (list []record.Check, err error) {
	for _, text := range s.Check {
		c, bad := check.Parse(text)
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("check: %w", bad))
		}
		list = append(list, c)
	}
	return list, err
}
