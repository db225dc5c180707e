package main

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/master"
)

// lookUpWithin bounds the question for a host name's other addresses.
const lookUpWithin = 2 * time.Second

// lookUpHost is replaced by tests.
var lookUpHost = net.DefaultResolver.LookupHost

// warnOfHostNames says which of the addresses are names of hosts that have several: a socket has only one of them,
// and clients may try another first. It asks in the background, since an answer may take a while.
func warnOfHostNames(log zerolog.Logger, addresses ...string) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), lookUpWithin)
		defer cancel()
		for _, address := range addresses {
			if others := addressesBehind(ctx, address); len(others) > 1 {
				log.Warn().Str("listen", address).Strs("addresses", others).
					Msg("this name stands for several addresses, and rota listens on one of them, an IPv4 address if there is one; " +
						"to have all, name each address")
			}
		}
	}()
}

// addressesBehind are those of the host in host:port; none if it is an address itself.
func addressesBehind(ctx context.Context, address string) []string {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" || net.ParseIP(strings.Split(host, "%")[0]) != nil {
		return nil
	}
	found, err := lookUpHost(ctx, host)
	if err != nil {
		return nil // who binds it says so
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// hostNames are the addresses of a spec that may have host names in them.
func hostNames(list []master.ListenAddress) (texts []string) {
	for _, a := range list {
		if a.Network == "tcp" || a.Network == "udp" {
			texts = append(texts, a.Address)
		}
	}
	return texts
}
