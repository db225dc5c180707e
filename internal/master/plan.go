package master

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"rota/internal/launch"
)

// plan is what the workers of one generation are made from. It is made when the reload begins, of what is on
// disk then; a worker that is started days later, after a crash or for a larger pool, is still made from it.
type plan struct {
	Spec
	program   *programFile
	directory *directory // nil: the master's own
	account   *launch.Account
	env       []string // of every worker, without what differs from one to the next
	listeners []listener
	shown     Program
}

// makePlan looks up what the spec names. own is rota's environment; previous may be nil. Listeners come
// later: plans share them.
func makePlan(spec Spec, own []string, previous *plan) (*plan, error) {
	p := &plan{Spec: spec.withDefaults()}
	if err := p.fill(own, previous); err != nil {
		p.drop()
		return nil, err
	}
	p.shown = Program{
		Path:        p.program.path,
		Directory:   p.workingDirectory(),
		Args:        p.Command[1:],
		Environment: namesOf(p.env),
		SHA256:      p.program.sum,
	}
	return p, nil
}

func (p *plan) fill(own []string, previous *plan) (err error) {
	if p.account, err = lookUpAccount(p.User, p.Groups); err != nil {
		return err
	}
	if p.Directory != "" {
		if p.directory, err = openDirectory(p.Directory); err != nil {
			return err
		}
	}
	p.env = p.environment(own)
	var before *programFile
	if previous != nil {
		before = previous.program
	}
	p.program, err = openProgram(p.Command[0], p.workingDirectory(), valueOf(p.env, "PATH"), before)
	return err
}

func (p *plan) workingDirectory() string {
	if p.directory != nil {
		return p.directory.path
	}
	directory, err := os.Getwd()
	if err != nil {
		return ""
	}
	return directory
}

// missing says what of the plan is no longer on the disk as it was, and what that means, a sentence each. The
// caller holds the plan.
func (p *plan) missing() []string {
	var list []string
	if p.directory != nil && deleted(p.directory.fd) {
		list = append(list, fmt.Sprintf("the working directory %s has been deleted", p.directory.path))
	}
	switch {
	case p.program.script && !p.program.inPlace():
		list = append(list, fmt.Sprintf("the script %s is not there any more as it was; rota runs a copy, "+
			"which does not find what stands beside it by its own name", p.program.path))
	case deleted(p.program.fd):
		list = append(list, fmt.Sprintf("the program %s has been deleted; rota still has it", p.program.path))
	}
	return list
}

func deleted(fd int) bool {
	var stat unix.Stat_t
	return unix.Fstat(fd, &stat) == nil && stat.Nlink == 0
}

// hold keeps the descriptors open until drop, even if the loop gives them up meanwhile.
func (p *plan) hold() {
	p.program.hold()
	if p.directory != nil {
		p.directory.hold()
	}
}

func (p *plan) drop() {
	if p.program != nil {
		p.program.drop()
	}
	if p.directory != nil {
		p.directory.drop()
	}
}

// directory is a working directory. It is held open, so that workers run in this one even if its path leads
// to another by then.
type directory struct {
	*sharedFD
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
	return &directory{shareFD(fd), resolved}, nil
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
