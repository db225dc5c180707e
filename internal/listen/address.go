package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Spec is where a listener is bound, what it is called and how it is made.
type Spec struct {
	Name    string // such as "tcp", "http", "unix-2"; unique in a master
	Network string // "tcp", "udp", "unix" or "unixgram"
	Address string // host:port, or a path; "@name" for an abstract unix socket

	Mode      fs.FileMode // of a unix socket's file; 0: as the umask has it
	Owner     string      // of that file: user, user:group or :group; "": the master's own
	ReusePort bool        // a socket for each slot instead of one for all
	IPv6Only  bool        // no IPv4 clients
	NonBlock  bool        // set O_NONBLOCK, for programs that rely on it; most set it themselves if they want it
}

// String is the address as --listen takes it.
func (a Spec) String() string {
	text := a.Name + "="
	if a.Network != "tcp" {
		text += a.Network + ":"
	}
	text += a.Address
	options := url.Values{}
	if a.Mode != 0 {
		options.Set("mode", fmt.Sprintf("%#o", uint32(a.Mode)))
	}
	if a.Owner != "" {
		options.Set("owner", a.Owner)
	}
	if a.ReusePort {
		options.Set("reuseport", "true")
	}
	if a.IPv6Only {
		options.Set("ipv6only", "true")
	}
	if a.NonBlock {
		options.Set("nonblock", "true")
	}
	if len(options) > 0 {
		text += "?" + options.Encode()
	}
	return text
}

// Stream reports whether connections are made to it.
func (a Spec) Stream() bool { return a.Network == "tcp" || a.Network == "unix" }

// Internet reports whether the address is host:port.
func (a Spec) Internet() bool { return a.Network == "tcp" || a.Network == "udp" }

// IsPath reports whether the address is a file.
func (a Spec) IsPath() bool { return !a.Internet() && a.Address[0] != '@' }

// anyPort reports whether the kernel is to choose the port.
func (a Spec) anyPort() bool { return a.Internet() && strings.HasSuffix(a.Address, ":0") }

// sameSocket reports whether a socket made for a would do for b: they may differ in what can be changed later. If the
// kernel chooses the port, only the name tells one from another.
func (a Spec) sameSocket(b Spec) bool {
	if a.anyPort() && a.Name != b.Name {
		return false
	}
	a.Name, a.Mode, a.Owner = b.Name, b.Mode, b.Owner
	return a == b
}

// ParseListen reads addresses such as [name=]host:port, [name=]unix:/path, [name=]udp:host:port and
// [name=]unixgram:/path, each with options after a question mark. Addresses without a name are called after their
// network; the second one of a network gets -2, and so on. It reports all complaints, each with its address.
func ParseListen(specs []string) ([]Spec, []error) {
	var list []Spec
	var errs []error
	taken, bound := map[string]bool{}, map[string]bool{}
	for _, spec := range specs {
		a, err := parseListen(spec)
		if err == nil && a.Name != "" && taken[a.Name] {
			err = fmt.Errorf("the name %q is given twice", a.Name)
		}
		if err == nil && bound[a.Network+a.Address] && !a.anyPort() {
			err = fmt.Errorf("the address %s is given twice", a.Address)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("listen address %q: %w", spec, err))
			continue
		}
		taken[a.Name], bound[a.Network+a.Address] = true, true
		list = append(list, a)
	}
	nameAll(list, taken)
	return list, errs
}

// nameAll names those that have no name yet.
func nameAll(list []Spec, taken map[string]bool) {
	for i := range list {
		if list[i].Name == "" {
			list[i].Name = freeName(list[i].Network, taken)
			taken[list[i].Name] = true
		}
	}
}

func freeName(kind string, taken map[string]bool) string {
	name := kind
	for n := 2; taken[name]; n++ {
		name = kind + "-" + strconv.Itoa(n)
	}
	return name
}

func parseListen(spec string) (Spec, error) {
	spec, options, _ := strings.Cut(spec, "?")
	name, rest, named := strings.Cut(spec, "=")
	switch {
	case !named:
		name, rest = "", spec
	case !ValidName(name):
		return Spec{}, fmt.Errorf("the name %q is not a letter followed by letters, digits, '.', '_' or '-' (64 at most)", name)
	case name == ProbeName:
		return Spec{}, fmt.Errorf("the name %q is kept for the listener on which a worker's readiness is probed", name)
	}
	a := Spec{Name: name, Network: "tcp", Address: rest}
	for _, network := range []string{"unix", "unixgram", "udp"} {
		if address, ok := strings.CutPrefix(rest, network+":"); ok {
			a.Network, a.Address = network, address
		}
	}
	var err error
	if a.Internet() {
		a.Address, err = parseHostPort(a.Network, a.Address)
	} else {
		err = checkPath(a.Address)
	}
	if err != nil {
		return Spec{}, err
	}
	return a.withOptions(options)
}

func parseHostPort(network, text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("it is neither host:port nor unix:/path: %w", err)
	}
	number, err := net.LookupPort(network, port)
	if err != nil || port == "" {
		return "", fmt.Errorf("the port %q is not a number from 0 to 65535 or a known service", port)
	}
	return net.JoinHostPort(host, strconv.Itoa(number)), nil
}

// ValidName reports whether a listener may have the name: LISTEN_FDNAMES must be able to hold it, where a colon separates
// names. It is no regular expression because every worker would compile it at its start.
func ValidName(name string) bool {
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

func checkPath(path string) error {
	switch {
	case path == "" || path == "@":
		return errors.New("the path of the unix socket is missing")
	case len(path) > maxUnixPath:
		return fmt.Errorf("the path is %d bytes long, a unix socket's may have %d", len(path), maxUnixPath)
	}
	return nil
}

// ProbeName is the name of the probe socket, which only one worker inherits.
const ProbeName = "probe"
