package master

import (
	"fmt"
	"net"
	"strings"
)

// ListenAddress is where a listener is bound, and what it is called.
type ListenAddress struct {
	Name    string // such as "tcp", "http", "unix-2"; unique in a master
	Network string // "tcp" or "unix"
	Address string // host:port, or a path; "@name" for an abstract unix socket
}

// String is the address as --listen takes it.
func (a ListenAddress) String() string {
	if a.Network == "unix" {
		return a.Name + "=unix:" + a.Address
	}
	return a.Name + "=" + a.Address
}

// ParseListen reads [name=]host:port and [name=]unix:/path addresses. Those without a
// name are called tcp or unix; the second one of a kind gets -2, and so on. All
// complaints are reported, each with the address that it is about.
func ParseListen(specs []string) ([]ListenAddress, []error) {
	var list []ListenAddress
	var errs []error
	taken, bound := map[string]bool{}, map[string]bool{}
	for _, spec := range specs {
		a, err := parseListen(spec)
		if err == nil && a.Name != "" && taken[a.Name] {
			err = fmt.Errorf("the name %q is given twice", a.Name)
		}
		if err == nil && bound[a.Address] && !a.anyPort() {
			err = fmt.Errorf("the address %s is given twice", a.Address)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("listen address %q: %w", spec, err))
			continue
		}
		taken[a.Name], bound[a.Address] = true, true
		list = append(list, a)
	}
	for i := range list {
		if list[i].Name == "" {
			list[i].Name = freeName(list[i].Network, taken)
			taken[list[i].Name] = true
		}
	}
	return list, errs
}

func parseListen(spec string) (ListenAddress, error) {
	name, rest, named := strings.Cut(spec, "=")
	if !named {
		name, rest = "", spec
	} else if !validName(name) {
		return ListenAddress{}, fmt.Errorf("the name %q is not a letter followed by letters, digits, '.', '_' or '-' (64 at most)", name)
	}
	if path, ok := strings.CutPrefix(rest, "unix:"); ok {
		return parseUnix(name, path)
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		return ListenAddress{}, fmt.Errorf("it is neither host:port nor unix:/path: %w", err)
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil || port == "" {
		return ListenAddress{}, fmt.Errorf("the port %q is not a number from 0 to 65535 or a known service", port)
	}
	return ListenAddress{Name: name, Network: "tcp", Address: net.JoinHostPort(host, itoa(number))}, nil
}

// anyPort reports whether the kernel is to choose the port.
func (a ListenAddress) anyPort() bool {
	return a.Network == "tcp" && strings.HasSuffix(a.Address, ":0")
}

// validName keeps to what LISTEN_FDNAMES can hold, where a colon separates the names. It is
// no regular expression because every worker would pay for compiling it at its start.
func validName(name string) bool {
	for i, c := range name {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789_.-", c)) {
			return false
		}
	}
	return 0 < len(name) && len(name) <= 64
}

// maxUnixPath is what fits into sun_path with its final zero.
const maxUnixPath = 107

func parseUnix(name, path string) (ListenAddress, error) {
	switch {
	case path == "" || path == "@":
		return ListenAddress{}, fmt.Errorf("the path of the unix socket is missing")
	case len(path) > maxUnixPath:
		return ListenAddress{}, fmt.Errorf("the path is %d bytes long, a unix socket's may have %d", len(path), maxUnixPath)
	}
	return ListenAddress{Name: name, Network: "unix", Address: path}, nil
}

func freeName(kind string, taken map[string]bool) string {
	name := kind
	for n := 2; taken[name]; n++ {
		name = kind + "-" + itoa(n)
	}
	return name
}
