package kernel

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// What the descriptors of a process tell of how it waits.

// Where the links of /proc/PID/fd lead that are no sockets.
const (
	linkEpoll = "anon_inode:[eventpoll]"
	linkRing  = "anon_inode:[io_uring]"
)

func (o *observation) seeDescriptors() error {
	return eachLink(o.directory+"/fd", func(descriptor, link string) {
		inode, ok := socketInode(link)
		switch {
		case ok:
			o.change(inode, func(w *Wait) {
				w.Open = true
				if number, err := strconv.ParseUint(descriptor, 10, 64); err == nil {
					o.descriptors[number] = inode
				}
			})
		case link == linkEpoll:
			o.sets = append(o.sets, descriptor)
		case link == linkRing:
			o.rings = append(o.rings, descriptor)
		}
	})
}

// seeRings finds out whether nothing is waited for by io_uring, as by a program that only reads and writes
// files with it.
func (o *observation) seeRings() error {
	for _, ring := range o.rings {
		content, err := readProc(o.directory + "/fdinfo/" + ring)
		if unlessGone(err) != nil {
			return err
		}
		if err == nil && !idleRing(content) {
			o.see(UnseenRing)
		}
	}
	return nil
}

// idleRing is false for a ring that may accept: it has been given files, which need no descriptor then, or
// there are operations that wait for one, of which it is not told for which. While the ring is in use, the
// kernel tells nothing of it.
func idleRing(content []byte) bool {
	files, operations := false, false
	next := false // the line is the first of the list of operations
	for line := range bytes.SplitSeq(content, []byte{'\n'}) {
		if next {
			operations = !bytes.HasPrefix(line, []byte("  op="))
		}
		next = bytes.Equal(line, []byte("PollList:"))
		files = files || bytes.Equal(line, []byte("UserFiles:\t0"))
	}
	return files && operations
}

// seeSets reads what each epoll set waits for. A set within a set has a descriptor like any other.
func (o *observation) seeSets() error {
	for _, set := range o.sets {
		content, err := readProc(o.directory + "/fdinfo/" + set)
		if unlessGone(err) != nil {
			return err
		}
		for line := range bytes.SplitSeq(content, []byte{'\n'}) {
			inode, events, ok := registered(line)
			if !ok {
				continue
			}
			o.change(inode, func(w *Wait) { w.Registered = true })
			if events&unix.EPOLLET == 0 {
				o.levels[set] = append(o.levels[set], inode)
			}
		}
	}
	return nil
}

// forReading are the events that tell of a connection that waits. poll(2) calls them POLLIN and POLLRDNORM.
const forReading = unix.EPOLLIN | unix.EPOLLRDNORM

// registered is the inode of what an epoll set waits for, to read from it, and for what else, by a line such
// as this:
//
//	tfd:        3 events: 8000201d data:     7f6e9c27b  pos:0 ino:1a2b sdev:8
//
// One that was registered for one event only (EPOLLONESHOT) and has had it stays in the set, without events.
func registered(line []byte) (inode, events uint64, ok bool) {
	if !bytes.HasPrefix(line, []byte("tfd:")) {
		return 0, 0, false
	}
	events, ok1 := hexAfter(line, "events:")
	inode, ok2 := hexAfter(line, "ino:")
	return inode, events, ok1 && ok2 && events&forReading != 0
}

func hexAfter(line []byte, name string) (uint64, bool) {
	_, rest, found := bytes.Cut(line, []byte(name))
	if !found {
		return 0, false
	}
	rest = bytes.TrimLeft(rest, " ")
	if end := bytes.IndexByte(rest, ' '); end >= 0 {
		rest = rest[:end]
	}
	number, err := strconv.ParseUint(string(rest), 16, 64)
	return number, err == nil
}
