package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"syscall"
)

// Family is a worker's processes: the one it began as, if it lives, and all that came from it.
type Family []Process

// SocketInodes returns the inodes of all sockets that the family holds open, sorted, each
// once. One member that the caller may not inspect makes it an error for which
// errors.Is(err, fs.ErrPermission) is true; one that is gone holds nothing.
func (f Family) SocketInodes() ([]uint64, error) {
	var all []uint64
	for _, p := range f {
		inodes, err := SocketInodes(p.PID)
		stat, gone := readStat(p.PID)
		if unlessGone(gone) == nil && (gone != nil || !stat.same(p)) {
			continue // whatever was read may be another's
		}
		if stat.exiting {
			inodes, err = stat.othersInodes()
		}
		if err != nil {
			return nil, fmt.Errorf("sockets of process %d: %w", p.PID, err)
		}
		all = append(all, inodes...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// othersInodes are those of a process whose main thread has ended, or is about to. It has let go of the files
// then, and others have them as long as they run.
func (s processStat) othersInodes() (inodes []uint64, err error) {
	for range adoptions { // a thread may end meanwhile, too
		var directory string
		if directory, err = liveDirectory(s); err == nil {
			inodes, err = readSocketInodes(directory + "/fd")
		}
		if unlessGone(err) != nil || err == nil {
			break
		}
	}
	return inodes, unlessGone(err)
}

// Usage adds up what the family uses. Memory that several members share, as after a fork,
// counts once for each. Processor time includes that of members which have ended and
// were waited for by another, so it does not fall when a program changes its own workers.
func (f Family) Usage() (Usage, error) {
	var sum Usage
	for _, p := range f {
		stat, err := readStat(p.PID)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !stat.same(p) {
			continue
		}
		if err != nil {
			return Usage{}, err
		}
		sum.RSSBytes += stat.usage().RSSBytes
		sum.CPUSeconds += float64(stat.cpu+stat.cpuWaited) / userHZ
	}
	return sum, nil
}

// Ended is true when no member runs any more. Each is gone, or a zombie, or about to be: from then on what it
// holds open becomes less, one by one, and tells nothing.
func (f Family) Ended() bool {
	for _, p := range f {
		if p.runs() {
			return false
		}
	}
	return true
}

// runs looks at every thread: the main one may have ended before the others.
func (p Process) runs() bool {
	stat, err := readStat(p.PID)
	if err != nil || !stat.same(p) {
		return err != nil && unlessGone(err) != nil // what can't be read may run
	}
	if !stat.exiting {
		return true
	}
	threads, err := names("/proc/" + strconv.Itoa(p.PID) + "/task")
	if err != nil {
		return unlessGone(err) != nil
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread)
		if one, err := readStat(id); err == nil && !one.exiting {
			return true
		}
	}
	return false
}

// Signal sends sig to every member that has not ended. A program that forks meanwhile
// gets away with it: who wants them all gone asks Families again until none is left.
func (f Family) Signal(sig syscall.Signal) error {
	var failed []error
	for _, p := range f {
		if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
