package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Root is the process that a worker began as, and how to know those that came from it.
type Root struct {
	PID     int
	Started uint64 // Process.Started; 0 trusts the PID, which is right until the process has been waited for
	Mark    string // an entry of the environment that no other worker has: "ID=4711"; "" for none
	Known   Family // as found by an earlier call: whoever was a member stays one
	Aside   bool   // it is only told apart from the others: what came from it is not looked for, which spares a lot
}

// Families tells whose every process below the caller is. Each is in one family at most:
// that of the root it is or descends from. A process that was orphaned, and so became the
// caller's child (PR_SET_CHILD_SUBREAPER), belongs with its descendants to the root in
// whose family it was Known, or whose Mark its program was started with, or in whose
// process group or session it is. That holds when the root itself is long gone. Every
// id of a root has its family, if only an empty one, except for those that are Aside.
//
// Strays are the other children of the caller, with their descendants: an orphan that
// has shed all of this, or a child whose root was not given, as when it has just been forked.
//
// Whoever ends meanwhile is left out. So is a process that /proc hides from this user.
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
	// The orphans come after: a process that is orphaned meanwhile is then found twice, not missed.
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

// adoptions bounds how often the own children are read, for a program that forks without end.
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
			s.seen[root.PID] = true // before any descends to it
			if !root.Aside {
				found[id] = stat
			}
		}
	}
	for id, stat := range found {
		s.descend(stat, s.families[id])
	}
}

// First is the process that the worker began as, by what identifies it alone.
func (r Root) First() Process { return Process{PID: r.PID, Started: r.Started} }

func (r Root) mayBe(p Process) bool {
	return r.PID == p.PID && (r.Started == 0 || r.Started == p.Started)
}

// visitOrphans is true when there were any that it has not seen before.
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

// descend adds a process, which has been marked as seen, and all that came from it.
func (s *survey) descend(top processStat, family *Family) {
	for next := []processStat{top}; len(next) > 0; next = next[1:] {
		parent := next[0]
		*family = append(*family, parent.Process)
		children, err := s.children(parent)
		if err != nil {
			continue // it changed its user, or ended
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
