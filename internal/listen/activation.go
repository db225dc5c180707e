package listen

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// Given is a socket that rota itself was started with, by systemd or another rota.
type Given struct {
	ListenAddress
	fd     int
	kernel kernel.Listener
}

// socket is another hold of it; the given descriptor itself stays for later generations.
func (g Given) socket() *Socket {
	s := &Socket{SharedFD: ShareFD(g.fd), Asked: g.ListenAddress, Kernel: g.kernel, given: true}
	if g.IsPath() {
		s.Path = givenPath(g.Address)
	}
	s.Hold()
	return s
}

// TakeGiven takes over the sockets that LISTEN_FDS tells of, if LISTEN_PID says that they are meant for
// this process. They are named by LISTEN_FDNAMES; those without a name, or with one that is
// taken or can't be one, are called after their network. The error says which of them is
// of no use.
func TakeGiven(getenv func(string) string) ([]Given, error) {
	if pid, err := strconv.Atoi(getenv("LISTEN_PID")); err != nil || pid != os.Getpid() {
		return nil, nil
	}
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || count < 0 {
		return nil, fmt.Errorf("LISTEN_FDS is %q, which is no number of sockets", getenv("LISTEN_FDS"))
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	var list []Given
	var addresses []ListenAddress
	taken := map[string]bool{ProbeName: true}
	for i := range count {
		name := ""
		if i < len(names) && ValidName(names[i]) && !taken[names[i]] {
			name = names[i]
			taken[name] = true
		}
		g, err := Take(FirstInherited+i, name)
		if err != nil {
			return nil, fmt.Errorf("a socket that rota was started with: %w", err)
		}
		list = append(list, g)
		addresses = append(addresses, g.ListenAddress)
	}
	nameAll(addresses, taken)
	for i := range list {
		list[i].ListenAddress = addresses[i]
	}
	return list, nil
}

// GiveSocket is for a caller that has opened the socket itself and keeps it: whatever becomes of the
// master, the descriptor stays the caller's, and so stays open. It must outlive the master.
func GiveSocket(name string, fd int) (Given, error) { return Take(fd, name) }

// FirstInherited is the descriptor at which inherited sockets begin.
const FirstInherited = 3

// Take makes a descriptor fit to be passed on, but not to programs that nobody meant it for. Whether
// it blocks is its giver's choice.
func Take(fd int, name string) (Given, error) {
	described, err := kernel.Describe(name, fd)
	if err != nil {
		return Given{}, err
	}
	unix.CloseOnExec(fd)
	return Given{
		ListenAddress: ListenAddress{Name: name, Network: described.Network(), Address: described.Address()},
		fd:            fd,
		kernel:        described,
	}, nil
}

// adopt puts the given sockets in the place of the addresses that have their names, and the
// others behind.
func adopt(wanted []ListenAddress, given []Given) []ListenAddress {
	list := slices.Clone(wanted)
	for _, g := range given {
		i := slices.IndexFunc(list, func(a ListenAddress) bool { return a.Name == g.Name })
		if i < 0 {
			list = append(list, g.ListenAddress)
		} else {
			list[i] = g.ListenAddress
		}
	}
	return list
}
