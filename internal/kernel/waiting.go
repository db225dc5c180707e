package kernel

import (
	"errors"
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"
)

// Wait is how a family of processes waits for connections at one listening socket.
type Wait struct {
	Open       bool // one of them has a descriptor of it
	Registered bool // it is in an epoll set of theirs, for reading; that alone proves nothing
	Blocked    bool // a thread sleeps in accept, accept4, poll, ppoll, select or pselect6 on it
	Polled     bool // the call is none of the first two
	Epolled    bool // a thread sleeps in epoll_wait on a level-triggered set with it
}

// Accepts reports whether a process is seen to wait for connections and will accept the next one.
func (w Wait) Accepts() bool { return w.Blocked || w.Epolled }

// MayAccept reports whether a process waits for connections, or has registered the socket and so may do so.
func (w Wait) MayAccept() bool { return w.Registered || w.Blocked }

func (w Wait) or(other Wait) Wait {
	return Wait{
		Open:       w.Open || other.Open,
		Registered: w.Registered || other.Registered,
		Blocked:    w.Blocked || other.Blocked,
		Polled:     w.Polled || other.Polled,
		Epolled:    w.Epolled || other.Epolled,
	}
}

// Unseen says in a short text why not everything could be seen of how a family waits; "" if everything was
// seen.
type Unseen string

// The reasons. Each continues a sentence that begins with "the program" or "its processes".
const (
	UnseenRing       Unseen = "uses io_uring, and may accept through that"
	UnseenPermission Unseen = "may not be looked into by rota's user (another user's, setuid, or ptrace is restricted)"
	UnseenHidden     Unseen = "is not shown by /proc (hidepid, or another PID namespace's)"
	UnseenOldABI     Unseen = "makes the system calls of another architecture, as 32-bit programs do"
	UnseenThreads    Unseen = "has threads of which this kernel does not tell what they wait for"
)

// Waiting looks once at how the family waits for connections at the listening sockets with the inodes. unseen
// says why not everything could be seen: the family may wait in more ways than waits shows. It is "" for a
// process that exits meanwhile.
//
// A socket that is in an epoll set counts as registered also when its process has closed its own descriptor
// of it. A thread that accepts on a descriptor which was closed under it blocks on each of the sockets that
// its process has closed. Of a process whose threads do not share their descriptors, the main thread's are
// looked at.
//
// It costs about 0.1 ms for a process, and more for one with many threads or descriptors. It may take as long
// as the processes like: their memory is read, and a process that executes another program or hangs in a file
// system makes whoever looks wait. So it is for a goroutine of its own.
func Waiting(family Family, listeners []uint64) (waits map[uint64]Wait, unseen Unseen) {
	waits = make(map[uint64]Wait, len(listeners))
	if len(family) == 0 {
		unseen = UnseenHidden // who has ended is still a member
	}
	for _, p := range family {
		o := observe(p, listeners)
		if p.gone() { // whatever was seen may be another's
			o = &observation{unseen: p.hidden()}
		}
		o.addTo(waits)
		if unseen == "" {
			unseen = o.unseen
		}
	}
	return waits, unseen
}

// observation is what was seen of one process.
type observation struct {
	process     Process
	directory   string              // of /proc, with its descriptors
	waits       map[uint64]Wait     // of every wanted socket
	descriptors map[uint64]uint64   // the wanted sockets that it has open, by number
	sets, rings []string            // the descriptors of epoll and io_uring that it has open
	levels      map[string][]uint64 // the wanted sockets in each that are not edge-triggered
	stale       bool                // a thread accepts on a descriptor that was closed
	unseen      Unseen
}

func observe(p Process, listeners []uint64) *observation {
	o := &observation{process: p, waits: make(map[uint64]Wait, len(listeners)), descriptors: map[uint64]uint64{}, levels: map[string][]uint64{}}
	for _, inode := range listeners {
		o.waits[inode] = Wait{}
	}
	stat, err := readStat(p.PID)
	if err != nil || !stat.same(p) || stat.Zombie {
		o.fail(err)
		return o
	}
	if o.directory, err = liveDirectory(stat); err == nil {
		err = o.seeDescriptors()
	}
	if err == nil {
		err = o.seeSets()
	}
	if err == nil {
		err = o.seeRings()
	}
	if err == nil {
		err = o.seeThreads()
	}
	o.fail(err)
	return o
}

// fail takes note of why not everything was seen. That a process has ended is no reason.
func (o *observation) fail(err error) {
	switch {
	case unlessGone(err) == nil || o.unseen != "":
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.ENOSYS): // of a sandbox
		if now, err := readStat(o.process.PID); err == nil && !now.Zombie {
			o.unseen = UnseenPermission
		}
	default:
		o.unseen = UnseenThreads
	}
}

// hidden is for one of whom /proc shows nothing: it is there all the same if it can be sent a signal, or that
// is forbidden.
func (p Process) hidden() Unseen {
	if _, err := readStat(p.PID); unlessGone(err) == nil && err != nil && unix.Kill(p.PID, 0) != unix.ESRCH {
		return UnseenHidden
	}
	return ""
}

func (o *observation) addTo(waits map[uint64]Wait) {
	for inode, w := range o.waits {
		if o.stale && !w.Open {
			w.Blocked = true
		}
		waits[inode] = waits[inode].or(w)
	}
}

// change sets what is true of a socket, if it is a wanted one.
func (o *observation) change(inode uint64, set func(*Wait)) {
	if w, wanted := o.waits[inode]; wanted {
		set(&w)
		o.waits[inode] = w
	}
}

// liveDirectory is where /proc shows the descriptors of a process. When its main thread has ended before the
// others, that one has none.
func liveDirectory(stat processStat) (string, error) {
	directory := "/proc/" + strconv.Itoa(stat.PID)
	if !stat.exiting {
		return directory, nil
	}
	threads, err := names(directory + "/task")
	if err != nil {
		return "", err
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread)
		if one, err := readStat(id); err == nil && !one.exiting {
			return directory + "/task/" + thread, nil
		}
	}
	return directory, nil // they have all ended by now
}
