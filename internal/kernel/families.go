package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Root is the process that a worker began as, and what identifies its descendants.
type Root struct {
	PID     int
	Started uint64 // Process.Started; 0: trust the PID, until the process has been waited for
	Mark    string // an entry of the environment that no other worker has: "ID=4711"; "" for none
	Known   Family // the family that an earlier call found: its members stay members
	Aside   bool   // only keep it apart from the others; do not look for its descendants
}

// Families finds all processes below the caller and returns them by the worker that they belong to. Each
// process is in at most one family: that of the root that it is or descends from. An orphan that became the
// caller's child (PR_SET_CHILD_SUBREAPER) belongs, with its descendants, to the root whose family it was
// Known in, or whose Mark is in its environment, or in whose process group or session it is. That works even
// when the root itself is long gone. Every id in roots gets a family, which may be empty, except those that
// are Aside.
//
// Strays are the other children of the caller, with their descendants: orphans without any of these signs,
// and children whose root was not given, such as one that was just forked.
//
// A process that exits meanwhile is left out, and so is one that /proc hides from this user.
func Families(roots map[string]Root) (families map[string]Family, strays Family, err error) {
	children, err := listChildren()
	if err != nil {
		return nil, nil, fmt.Errorf("list processes: %w", err)
	}
	return familiesBy(children, roots)
}

func familiesBy(children childLister, roots map[string]Root) (map[string]Family, Family, error) {
	s := survey{children: children, roots: roots, families: make(map[string]*Family), seen: make(map[int]bool)}
	s.visitRoots()
	// Orphans come last: a process that is orphaned meanwhile is then found twice, not missed.
	for range adoptions {
		more, err := s.visitOrphans()
		if err != nil {
			return nil, nil, fmt.Errorf("list own children: %w", err)
		}
		if !more {
			break
		}
	}
	families := make(map[string]Family, len(roots))
	for id, root := range roots {
		if !root.Aside {
			families[id] = *s.families[id]
		}
	}
	return families, s.strays, nil
}

// adoptions bounds how often the caller's children are read, in case a program forks without end.
const adoptions = 3

// survey is one walk through the processes.
type survey struct {
	children childLister
	roots    map[string]Root
	families map[string]*Family
	strays   Family
	seen     map[int]bool // pids that have been visited
}

func (s *survey) visitRoots() {
	found := make(map[string]processStat, len(s.roots))
	for id, root := range s.roots {
		s.families[id] = new(Family)
		stat, err := readStat(root.PID)
		if err == nil && root.mayBe(stat.Process) && !s.seen[root.PID] {
			s.seen[root.PID] = true // before descend reaches it
			if !root.Aside {
				found[id] = stat
			}
		}
	}
	for id, stat := range found {
		s.descend(stat, s.families[id])
	}
}

// First returns the process that the worker began as, with nothing but its identity.
func (r Root) First() Process { return Process{PID: r.PID, Started: r.Started} }

func (r Root) mayBe(p Process) bool {
	return r.PID == p.PID && (r.Started == 0 || r.Started == p.Started)
}

// visitOrphans visits the children of the caller. more means that some of them were new.
func (s *survey) visitOrphans() (more bool, err error) {
	ourselves, err := readStat(os.Getpid())
	if errors.Is(err, fs.ErrNotExist) {
		return false, ErrNoProc
	}
	if err != nil {
		return false, err
	}
	children, err := s.children(ourselves)
	if err != nil {
		return false, err
	}
	for _, pid := range children {
		if s.seen[pid] {
			continue
		}
		more = true
		s.seen[pid] = true
		if stat, err := readStat(pid); err == nil {
			s.descend(stat, s.familyOf(stat.Process))
		}
	}
	return more, nil
}

// descend adds a process, which is already marked as seen, and all its descendants.
func (s *survey) descend(top processStat, family *Family) {
	for next := []processStat{top}; len(next) > 0; next = next[1:] {
		parent := next[0]
		*family = append(*family, parent.Process)
		children, err := s.children(parent)
		if err != nil {
			continue // it changed its user, or exited
		}
		for _, pid := range children {
			if s.seen[pid] {
				continue
			}
			s.seen[pid] = true
			if stat, err := readStat(pid); err == nil {
				next = append(next, stat)
			}
		}
	}
}
