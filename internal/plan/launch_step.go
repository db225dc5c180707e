package plan

import (
	"os"

	"rota/internal/launch"
)

// LaunchStep is what a worker of the plan does between the fork and its program.
func (p *Plan) LaunchStep() launch.Step {
	step := launch.Step{
		Path:          p.Program.Path,
		Parent:        os.Getpid(),
		DeathNote:     p.StopSignal,
		User:          p.account,
		Umask:         p.Umask,
		OpenFiles:     uint64(p.OpenFiles),
		NoNewPrivs:    p.NoNewPrivs,
		WatchdogArmed: p.Watchdog > 0,
	}
	if p.WorkDir != nil {
		step.Directory = p.WorkDir.path
	}
	if p.Program.script && p.Program.inPlace() {
		step.AtPath, step.Path = true, p.Program.invocationPath
	}
	return step
}
