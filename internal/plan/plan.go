// Package plan says what the workers of one generation are made from.
//
// A Spec is what somebody wants: command, directory, user, environment, readiness, listeners. A Plan is what
// a reload made of it: the program and the working directory are looked up on disk once and held open, so
// that a worker that is started days later is still made from what the reload found. Scripts are copied,
// because they can be edited while they run. The environment is rota's own without the variables of its
// supervisor (supervisor_variables.go), and what the Spec adds. Readiness says what makes a worker ready.
// StartDirectory follows the directory that rota was started in when a deploy replaces it.
package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"rota/internal/account"
	"rota/internal/launch"
	"rota/internal/listen"
	"rota/internal/record"
)

// Plan is what the workers of one generation are made from: by the reload, after a crash, or for a larger
// pool.
type Plan struct {
	Spec
	Program     *programFile
	WorkDir     *directory // nil: the master's own
	account     *launch.Account
	Environment []string // of every worker, without what differs from one to the next
	Listeners   []listen.Listener
	summary     record.Program // what readers are told of it
}

// New looks up what the spec names. own is rota's environment; previous may be nil. The caller adds the
// listeners, which plans share.
func New(spec Spec, own []string, previous *Plan) (*Plan, error) {
	p := &Plan{Spec: spec.WithDefaults()}
	if err := p.fill(own, previous); err != nil {
		p.Drop()
		return nil, err
	}
	p.summary = record.Program{
		Path:        p.Program.Path,
		Directory:   p.workingDirectory(),
		Args:        p.Command[1:],
		Environment: namesOf(p.Environment),
		SHA256:      p.Program.sha256,
	}
	return p, nil
}

func (p *Plan) fill(own []string, previous *Plan) (err error) {
	if p.account, err = account.LookUp(p.User, p.Groups); err != nil {
		return err
	}
	if p.Directory != "" {
		if p.WorkDir, err = openDirectory(p.Directory); err != nil {
			return err
		}
	}
	p.Environment = p.environment(own)
	var before *programFile
	if previous != nil {
		before = previous.Program
	}
	p.Program, err = openProgram(p.Command[0], p.workingDirectory(), valueOf(p.Environment, "PATH"), before)
	return err
}

func (p *Plan) workingDirectory() string {
	if p.WorkDir != nil {
		return p.WorkDir.path
	}
	directory, err := os.Getwd()
	if err != nil {
		return ""
	}
	return directory
}

// Missing says what of the plan is no longer on disk as it was, and what that means, in a sentence each. The
// caller holds the plan.
func (p *Plan) Missing() []string {
	var list []string
	if p.WorkDir != nil && deleted(p.WorkDir.FD) {
		list = append(list, fmt.Sprintf("the working directory %s has been deleted", p.WorkDir.path))
	}
	switch {
	case p.Program.script && !p.Program.inPlace():
		list = append(list, fmt.Sprintf("the script %s is not there any more as it was; rota runs a copy, "+
			"which does not find what stands beside it by its own name", p.Program.Path))
	case deleted(p.Program.FD):
		list = append(list, fmt.Sprintf("the program %s has been deleted; rota still has it", p.Program.Path))
	}
	return list
}

func deleted(fd int) bool {
	var stat unix.Stat_t
	return unix.Fstat(fd, &stat) == nil && stat.Nlink == 0
}

// Hold keeps the descriptors open until the Drop that belongs to it.
func (p *Plan) Hold() {
	p.Program.hold()
	if p.WorkDir != nil {
		p.WorkDir.Hold()
	}
}

// Drop closes the descriptors, unless somebody else holds them. It leaves the listeners alone.
func (p *Plan) Drop() {
	if p.Program != nil {
		p.Program.drop()
	}
	if p.WorkDir != nil {
		p.WorkDir.Drop()
	}
}

// directory is a working directory. It is held open, so that workers run in this one even if its path leads
// to another by then.
type directory struct {
	*listen.SharedFD
	path string // resolved: absolute, without symbolic links
}

func openDirectory(path string) (*directory, error) {
	resolved, err := resolve(path)
	if err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	fd, err := unix.Open(resolved, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("working directory: %w", &os.PathError{Op: "open", Path: resolved, Err: err})
	}
	return &directory{listen.ShareFD(fd), resolved}, nil
}

func resolve(path string) (string, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(resolved)
}

// valueOf is the value of a variable in an environment; the last one counts.
func valueOf(env []string, name string) string {
	value := ""
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			value = v
		}
	}
	return value
}
