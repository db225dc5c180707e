package kernel

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// OwnPort returns a TCP port on which the family listens with a socket other than those with the inodes; ""
// for none, or if it cannot be seen.
func (f Family) OwnPort(listeners []uint64) string {
	for _, p := range f {
		inodes, err := SocketInodes(p.PID)
		if err != nil {
			continue
		}
		inodes = slices.DeleteFunc(inodes, func(inode uint64) bool { return slices.Contains(listeners, inode) })
		if port := p.portOf(inodes); port != "" && !p.gone() {
			return port
		}
	}
	return ""
}

// portOf reads the socket tables of the process's own network namespace.
func (p Process) portOf(inodes []uint64) string {
	for _, table := range []string{"tcp", "tcp6"} {
		content, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			if port, inode, ok := listeningAt(line); ok && slices.Contains(inodes, inode) {
				return port
			}
		}
	}
	return ""
}

// listeningAt parses a line of /proc/PID/net/tcp. ok is false for a socket that does not listen.
func listeningAt(line string) (port string, inode uint64, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 10 || fields[3] != "0A" { // TCP_LISTEN
		return "", 0, false
	}
	inode, err := strconv.ParseUint(fields[9], 10, 64)
	_, hex, _ := strings.Cut(fields[1], ":")
	number, err2 := strconv.ParseUint(hex, 16, 16)
	return strconv.FormatUint(number, 10), inode, err == nil && err2 == nil
}
