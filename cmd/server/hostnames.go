package main

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/listen"
)

// lookUpWithin bounds the look-up of a host name.
const lookUpWithin = 2 * time.Second

// lookUpHost is replaced by tests.
var lookUpHost = net.DefaultResolver.LookupHost

// warnOfHostNames warns of host names that have several addresses: a socket listens on only one of them, and
// clients may try another first. It looks them up in the background, because that may take a while.
func warnOfHostNames(log zerolog.Logger, addresses ...string) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), lookUpWithin)
		defer cancel()
		for _, address := range addresses {
			if others := addressesBehind(ctx, address); len(others) > 1 {
				log.Warn().Str("listen", address).Strs("addresses", others).
					Msg("this name has several addresses, and rota listens on only one of them, an IPv4 address if there is one; " +
						"to listen on all, configure each address")
			}
		}
	}()
}

// addressesBehind returns the addresses of the host in host:port; none if the host is an address itself.
func addressesBehind(ctx context.Context, address string) []string {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" || net.ParseIP(strings.Split(host, "%")[0]) != nil {
		return nil
	}
	found, err := lookUpHost(ctx, host)
	if err != nil {
		return nil // whoever binds it reports the error
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// hostNames are the addresses of a spec that may contain host names.
func hostNames(list []listen.Spec) (texts []string) {
	for _, a := range list {
		if a.Network == "tcp" || a.Network == "udp" {
			texts = append(texts, a.Address)
		}
	}
	return texts
}
