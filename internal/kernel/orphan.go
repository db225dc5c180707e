package kernel

import (
	"bytes"
	"slices"
	"strconv"
)

// familyOf tells where an orphan comes from by what it still has, the surest first.
func (s *survey) familyOf(orphan Process) *Family {
	environment := readEnvironment(orphan.PID)
	for _, is := range []func(Root) bool{
		func(r Root) bool { return slices.ContainsFunc(r.Known, orphan.same) },
		func(r Root) bool { return r.Mark != "" && environment.has(r.Mark) },
		func(r Root) bool { return r.led(orphan) },
	} {
		for id, root := range s.roots {
			if is(root) {
				return s.families[id]
			}
		}
	}
	return &s.strays
}

// led is true for one in the process group or the session that has the root's pid as its
// number. As long as there is such a group no new process gets the number, so if there is
// another process with it now, the group is that one's.
func (r Root) led(p Process) bool {
	if r.PID == 0 || p.Group != r.PID && p.Session != r.PID || p.Started < r.Started {
		return false
	}
	now, err := FindProcess(r.PID)
	return err != nil || r.mayBe(now)
}

// environment is the one that a program was started with, of which a program that writes a
// title for ps may have overwritten a part.
type environment []byte

// readEnvironment returns an empty one for a process of a user who keeps it to himself.
func readEnvironment(pid int) environment {
	content, err := readProc("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return nil
	}
	return content
}

func (e environment) has(entry string) bool {
	for one := range bytes.SplitSeq(e, []byte{0}) {
		if string(one) == entry {
			return true
		}
	}
	return false
}
