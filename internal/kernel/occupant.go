package kernel

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Occupancy says who uses an address.
type Occupancy struct {
	Processes []Process // that hold a socket there and that the caller may inspect, by PID
	Users     []uint32  // owners of the sockets; unknown for unix sockets
}

// Occupants finds out who uses the address, so that nobody else can bind it: a socket that listens there, or
// else any other socket with that port. at is a *net.TCPAddr, *net.UDPAddr or *net.UnixAddr. If there are no
// processes and no error, nobody uses it any more, or a process that the caller may not inspect.
func Occupants(at net.Addr) (Occupancy, error) {
	inodes, users, err := socketsAt(at)
	if err != nil || len(inodes) == 0 {
		return Occupancy{}, err
	}
	processes, err := holdersOf(inodes)
	return Occupancy{Processes: processes, Users: users}, err
}

func socketsAt(at net.Addr) (inodes map[uint64]bool, users []uint32, err error) {
	switch at := at.(type) {
	case *net.TCPAddr:
		for _, states := range []uint32{1 << tcpListen, ^uint32(0)} {
			inodes, users, err = inetSocketsAt(at.AddrPort(), unix.IPPROTO_TCP, states)
			if err != nil || len(inodes) > 0 {
				break
			}
		}
		return inodes, users, err
	case *net.UDPAddr:
		return inetSocketsAt(at.AddrPort(), unix.IPPROTO_UDP, ^uint32(0))
	case *net.UnixAddr:
		sockets, err := dumpUnix(^uint32(0))
		inodes = map[uint64]bool{}
		for _, s := range sockets {
			if s.name == at.Name {
				inodes[uint64(s.inode)] = true
			}
		}
		return inodes, nil, err
	}
	return nil, nil, fmt.Errorf("%w: %T", ErrFamily, at)
}

// inetSocketsAt lists the sockets in one of the states that conflict with another socket at the address.
func inetSocketsAt(at netip.AddrPort, protocol uint8, states uint32) (inodes map[uint64]bool, users []uint32, err error) {
	inodes = map[uint64]bool{}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		request := inetRequest{family: family, protocol: protocol, states: states}
		binary.BigEndian.PutUint16(request.id.localPort[:], at.Port())
		messages, err := dump(encode(request))
		if err != nil {
			return nil, nil, fmt.Errorf("list the sockets at port %d: %w", at.Port(), err)
		}
		for _, message := range messages {
			m, ok := decode[inetMessage](message.Data)
			if !ok || m.inode == 0 || m.localAddress().Port() != at.Port() || !overlap(m.localAddress().Addr(), at.Addr()) {
				continue
			}
			inodes[uint64(m.inode)] = true
			if !slices.Contains(users, m.uid) {
				users = append(users, m.uid)
			}
		}
	}
	return inodes, users, nil
}

// overlap reports whether sockets at both addresses can conflict.
func overlap(a, b netip.Addr) bool {
	a, b = a.Unmap().WithZone(""), b.Unmap().WithZone("")
	return a == b || !a.IsValid() || !b.IsValid() || a.IsUnspecified() || b.IsUnspecified()
}

// holdersOf finds the processes that hold one of the sockets. It leaves out those that the caller may not
// inspect.
func holdersOf(inodes map[uint64]bool) (list []Process, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		held, err := SocketInodes(pid)
		if err != nil || !slices.ContainsFunc(held, func(inode uint64) bool { return inodes[inode] }) {
			continue
		}
		if p, err := FindProcess(pid); err == nil {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b Process) int { return a.PID - b.PID })
	return list, nil
}

// StartedWith reports whether the variable was in the environment that the process's program was started
// with. It is false if the caller may not read that.
func (p Process) StartedWith(variable string) bool {
	return slices.ContainsFunc(p.Environment(), func(kv string) bool { return strings.HasPrefix(kv, variable+"=") })
}

// Environment returns the environment that the process's program was started with, unless the program has
// overwritten it. It is empty if the caller may not read it.
func (p Process) Environment() []string {
	return strings.FieldsFunc(string(readEnvironment(p.PID)), func(c rune) bool { return c == 0 })
}
