package master

import (
	"os"

	"rota/internal/launch"
)

// step is what a worker of the plan does between the fork and its program.
func (p *plan) step() launch.Step {
	step := launch.Step{
		Path:          p.program.path,
		Parent:        os.Getpid(),
		DeathNote:     p.StopSignal,
		User:          p.account,
		Umask:         p.Umask,
		OpenFiles:     uint64(p.OpenFiles),
		NoNewPrivs:    p.NoNewPrivs,
		WatchdogArmed: p.Watchdog > 0,
	}
	if p.directory != nil {
		step.Directory = p.directory.path
	}
	if p.program.script && p.program.inPlace() {
		step.AtPath, step.Path = true, p.program.beside
	}
	return step
}
