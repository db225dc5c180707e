package kernel

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// What the threads of a process tell of how it waits: the system call that each sleeps in.

// waitingCall is a kind of system call that may wait for a connection.
type waitingCall int

const (
	callAccept waitingCall = iota + 1 // (descriptor, …)
	callPoll                          // (array, length, …)
	callSelect                        // (descriptors, bits to read from, …)
	callEpoll                         // (set, …)
	callRing                          // (ring, …, …, flags, …)
)

func (o *observation) seeThreads() error {
	path := "/proc/" + strconv.Itoa(o.process.PID) + "/task/"
	threads, err := names(path)
	if err != nil {
		return err
	}
	for _, thread := range threads {
		content, err := readProc(path + thread + "/syscall")
		switch {
		case err == nil:
			o.fail(o.seeCall(path+thread, thread, content))
		case !errors.Is(err, fs.ErrNotExist):
			if unlessGone(err) != nil {
				return err
			}
		case exists(path + thread):
			return errStat // a kernel without this file, or a sandbox that looks like one
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// seeCall looks at what a thread sleeps in.
func (o *observation) seeCall(directory, thread string, content []byte) error {
	c, ok := parseCall(content)
	switch {
	case !ok: // it runs, or sleeps for another reason than a system call
	case c.foreign():
		o.see(UnseenOldABI)
	case waitingCalls[c.number] == callAccept:
		o.seeAccept(directory, c)
	case waitingCalls[c.number] == callPoll:
		return o.seePolled(thread, c)
	case waitingCalls[c.number] == callSelect:
		return o.seeSelected(thread, c)
	case waitingCalls[c.number] == callEpoll:
		for _, inode := range o.levels[strconv.Itoa(int(int32(c.args[0])))] {
			o.change(inode, func(w *Wait) { w.Epolled = true })
		}
	case waitingCalls[c.number] == callRing && c.ringHidden():
		o.see(UnseenRing)
	}
	return nil
}

func (o *observation) see(unseen Unseen) {
	if o.unseen == "" {
		o.unseen = unseen
	}
}

func (o *observation) poll(inode uint64) {
	o.change(inode, func(w *Wait) { w.Blocked, w.Polled = true, true })
}

// seeAccept asks for the descriptor once more, since it may be newer than the list of them. Who sleeps in
// accept goes on with that when another thread closes the descriptor.
func (o *observation) seeAccept(directory string, c call) {
	link, err := readLink(unix.AT_FDCWD, directory+"/fd/"+strconv.Itoa(int(int32(c.args[0]))))
	if inode, ok := socketInode(link); ok {
		o.change(inode, func(w *Wait) { w.Blocked = true })
	}
	if errors.Is(err, fs.ErrNotExist) && exists(directory) {
		o.stale = true
	}
}

func (o *observation) seePolled(thread string, c call) error {
	if len(o.descriptors) == 0 {
		return nil
	}
	return eachPolled(thread, c.args[0], uint64(uint32(c.args[1])), func(descriptor int32, events int16) {
		if inode, ok := o.descriptors[uint64(descriptor)]; ok && events&forReading != 0 {
			o.poll(inode)
		}
	})
}

func (o *observation) seeSelected(thread string, c call) error {
	for descriptor, inode := range o.descriptors {
		if descriptor >= uint64(int32(c.args[0])) {
			continue
		}
		set, err := selected(thread, c.args[1], descriptor)
		if err != nil {
			return err
		}
		if set {
			o.poll(inode)
		}
	}
	return nil
}
