package kernel

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// destroy has the kernel abort a TCP connection, for which nobody needs its descriptor: the
// peer is reset, and the process that holds it is told ECONNABORTED. The error is ErrClosed if
// there is no such connection any more; it wraps ErrNoDestroy where that is impossible, and
// EPERM without CAP_NET_ADMIN.
func destroy(c Connection) error {
	if c.TCP == nil {
		return ErrNoDestroy
	}
	local, err := netip.ParseAddrPort(c.Local)
	if err != nil {
		return fmt.Errorf("SOCK_DESTROY: %w", err)
	}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		m, found, err := tcpPort{family, local.Port()}.find(c.Cookie)
		if err != nil {
			return err
		}
		if found {
			return m.destroy()
		}
	}
	return ErrClosed
}

// find looks a connection up as the kernel itself names it, interface and all.
func (p tcpPort) find(wanted uint64) (inetMessage, bool, error) {
	messages, err := p.dump(tcpConnected, 0)
	if err != nil {
		return inetMessage{}, false, err
	}
	for _, message := range messages {
		if m, ok := decode[inetMessage](message.Data); ok && cookie(m.id.cookie) == wanted {
			return m, true, nil
		}
	}
	return inetMessage{}, false, nil
}

func (m inetMessage) destroy() error {
	request := inetRequest{family: m.family, protocol: unix.IPPROTO_TCP, states: tcpConnected, id: m.id}
	_, err := execute(sockDestroy, netlink.Acknowledge, encode(request))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOENT):
		return ErrClosed
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL): // the latter before Linux 4.5
		return fmt.Errorf("%w: SOCK_DESTROY: %w", ErrNoDestroy, err)
	}
	return fmt.Errorf("SOCK_DESTROY: %w", err)
}
