package kernel

import (
	"bytes"
	"io/fs"
	"strconv"
)

// ListenCounters returns how many connections all TCP listeners of the network namespace have turned away
// since it exists. overflows are those that found the accept queue full. drops are all that were lost on the
// way to it, including the overflows. It reads one file, which takes about 100 µs.
func ListenCounters() (overflows, drops uint64, err error) {
	counters, err := tcpCounters("ListenOverflows", "ListenDrops")
	if err != nil {
		return 0, 0, err
	}
	return counters[0], counters[1], nil
}

// tcpCounters reads counters of the network namespace.
func tcpCounters(names ...string) ([]uint64, error) {
	const path = "/proc/net/netstat"
	content, err := readProc(path)
	if err != nil {
		return nil, err
	}
	counters := make([]uint64, len(names))
	for i, name := range names {
		n, ok := tcpExtension(content, name)
		if !ok {
			return nil, &fs.PathError{Op: "parse", Path: path, Err: errStat}
		}
		counters[i] = n
	}
	return counters, nil
}

// tcpExtension finds a counter by name. Which counters exist, and where, differs between kernels. A line of
// names comes before a line of numbers, with the same prefix.
func tcpExtension(netstat []byte, name string) (uint64, bool) {
	const prefix = "TcpExt:"
	column := -1
	for line := range bytes.Lines(netstat) {
		rest, found := bytes.CutPrefix(line, []byte(prefix))
		if !found {
			continue
		}
		i := 0
		for field := range bytes.FieldsSeq(rest) {
			if column < 0 && string(field) == name {
				column = i
				break
			}
			if column == i {
				n, err := strconv.ParseUint(string(field), 10, 64)
				return n, err == nil
			}
			i++
		}
	}
	return 0, false
}
