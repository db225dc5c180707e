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

// InheritedSocket is a socket that rota itself was started with, by systemd or another rota.
type InheritedSocket struct {
	Spec
	fd     int
	kernel kernel.Listener
}

// socket is another hold of it. The inherited descriptor itself stays open for later generations.
func (i InheritedSocket) socket() *Socket {
	s := &Socket{SharedFD: ShareFD(i.fd), Asked: i.Spec, Kernel: i.kernel, inherited: true}
	if i.IsPath() {
		s.Path = inheritedPath(i.Address)
	}
	s.Hold()
	return s
}

// InheritSockets takes over the sockets that LISTEN_FDS announces, if LISTEN_PID says that they are meant for this
// process. LISTEN_FDNAMES has their names. A socket without a name, or with one that is taken or invalid, is called
// after its network. The error says which socket is of no use.
func InheritSockets(getenv func(string) string) ([]InheritedSocket, error) {
	if pid, err := strconv.Atoi(getenv("LISTEN_PID")); err != nil || pid != os.Getpid() {
		return nil, nil
	}
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || count < 0 {
		return nil, fmt.Errorf("LISTEN_FDS is %q, which is no number of sockets", getenv("LISTEN_FDS"))
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	var list []InheritedSocket
	var addresses []Spec
	taken := map[string]bool{ProbeName: true}
	for i := range count {
		name := ""
		if i < len(names) && ValidName(names[i]) && !taken[names[i]] {
			name = names[i]
			taken[name] = true
		}
		inherited, err := Inherit(name, FirstInherited+i)
		if err != nil {
			return nil, fmt.Errorf("a socket that rota was started with: %w", err)
		}
		list = append(list, inherited)
		addresses = append(addresses, inherited.Spec)
	}
	nameAll(addresses, taken)
	for i := range list {
		list[i].Spec = addresses[i]
	}
	return list, nil
}

// FirstInherited is the descriptor at which inherited sockets begin.
const FirstInherited = 3

// Inherit takes over one socket. The descriptor stays the caller's and must stay open longer than the master runs. It
// is not passed on to programs that nobody meant it for. Whether it blocks is the caller's choice.
func Inherit(name string, fd int) (InheritedSocket, error) {
	described, err := kernel.Describe(name, fd)
	if err != nil {
		return InheritedSocket{}, err
	}
	unix.CloseOnExec(fd)
	return InheritedSocket{
		Spec:   Spec{Name: name, Network: described.Network(), Address: described.Address()},
		fd:     fd,
		kernel: described,
	}, nil
}

// withInherited puts the inherited sockets in place of the addresses of the same name, and the others behind.
func withInherited(wanted []Spec, inherited []InheritedSocket) []Spec {
	list := slices.Clone(wanted)
	for _, s := range inherited {
		i := slices.IndexFunc(list, func(a Spec) bool { return a.Name == s.Name })
		if i < 0 {
			list = append(list, s.Spec)
		} else {
			list[i] = s.Spec
		}
	}
	return list
}
