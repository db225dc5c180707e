package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// withOptions reads what follows the question mark.
func (a Spec) withOptions(text string) (Spec, error) {
	options, err := url.ParseQuery(text)
	if err != nil {
		return a, fmt.Errorf("the options %q can't be read: %w", text, err)
	}
	for name, values := range options {
		if len(values) > 1 {
			return a, fmt.Errorf("the option %s is given twice", name)
		}
		if a, err = a.withOption(name, values[0]); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (a Spec) withOption(name, value string) (Spec, error) {
	only := func(networks ...string) error {
		if slices.Contains(networks, a.Network) {
			return nil
		}
		return fmt.Errorf("the option %s is for %s, not for %s", name, strings.Join(networks, " and "), a.Network)
	}
	var err error
	switch name {
	case "mode":
		a.Mode, err = parseMode(value)
		err = errors.Join(only("unix", "unixgram"), err)
	case "owner":
		a.Owner = value
		err = errors.Join(only("unix", "unixgram"), checkOwner(value))
	case "reuseport":
		a.ReusePort, err = parseBool(name, value)
		err = errors.Join(only("tcp"), err)
	case "ipv6only":
		a.IPv6Only, err = parseBool(name, value)
		err = errors.Join(only("tcp", "udp"), err)
		if err == nil && a.IPv6Only && !isIPv6(a.Address) {
			err = fmt.Errorf("the option ipv6only needs an IPv6 address such as [::]:80")
		}
	case "nonblock":
		a.NonBlock, err = parseBool(name, value)
	default:
		err = fmt.Errorf("there is no option %q; there are mode, owner, reuseport, ipv6only and nonblock", name)
	}
	if err == nil && !a.Internet() && !a.IsPath() && (a.Mode != 0 || a.Owner != "") {
		err = fmt.Errorf("an abstract socket has no file, so it has no %s", name)
	}
	return a, err
}

func parseBool(name, value string) (bool, error) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("the option %s is true or false, not %q", name, value)
	}
	return b, nil
}

func parseMode(value string) (fs.FileMode, error) {
	n, err := strconv.ParseUint(value, 8, 32)
	if err != nil || n == 0 || n > 0o777 {
		return 0, fmt.Errorf("the mode %q is not permission bits in octal, such as 0660", value)
	}
	return fs.FileMode(n), nil
}

func checkOwner(owner string) error {
	user, group, _ := strings.Cut(owner, ":")
	if user == "" && group == "" || strings.Contains(group, ":") {
		return fmt.Errorf("the owner %q is not user, user:group or :group", owner)
	}
	return nil
}

func isIPv6(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Is6()
}
