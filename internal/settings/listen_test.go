package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"rota/internal/listen"
)

func TestAMapOfAnAddressIsTurnedIntoItsText(t *testing.T) {
	for given, want := range map[string]string{
		`{address: ":8080"}`:                                          ":8080",
		`{name: web, address: ":8080", reuseport: true}`:              "web=:8080?reuseport=true",
		`{reuseport: false, ipv6only: false, address: "[::]:80"}`:     "[::]:80",
		`{address: "[::]:80", ipv6only: true, reuseport: yes}`:        "",
		`{ipv6only: true, reuseport: True, address: "[::]:80"}`:       "[::]:80?reuseport=true&ipv6only=true",
		`{owner: "www-data:web", mode: 0660, address: "unix:/run/x"}`: "unix:/run/x?mode=0660&owner=www-data:web",
		`{name: log, address: "unixgram:/run/log", mode: "0600"}`:     "log=unixgram:/run/log?mode=0600",
		`{address: "udp:127.0.0.1:53", name: dns}`:                    "dns=udp:127.0.0.1:53",
	} {
		var document yaml.Node
		require.NoError(t, yaml.Unmarshal([]byte(given), &document))
		got, complaints := listenText(document.Content[0])
		require.Equal(t, want, got, given)
		require.Equal(t, want == "", len(complaints) > 0, given)
	}
}

func TestAComplaintAboutAnAddressHasItsLine(t *testing.T) {
	_, err := load(t, `listen:
  - a=:1
  - {name: b, address: ":2"}
  - a=:3
  - name: b
    address: ":4"
  - name: c
    addresses: ":5"
    mode:
`, nil)
	requireComplaints(t, err,
		`rota.yaml:4: listen: listen address "a=:3": the name "a" is given twice`,
		`rota.yaml:5: listen: listen address "b=:4": the name "b" is given twice`,
		"rota.yaml:8: listen: addresses: unknown member; did you mean address?",
		"rota.yaml:9: listen: mode: it has no value",
	)

	_, err = load(t, `listen:
  - ":1"
  - {address: ":2", mode: 0660}
  - {address: ":3", ipv6only: true}
  - {address: "unix:/run/x", mode: 888}
`, nil)
	requireComplaints(t, err,
		`rota.yaml:3: listen: listen address ":2?mode=0660": the option mode is for unix and unixgram, not for tcp`,
		`rota.yaml:4: listen: listen address ":3?ipv6only=true": the option ipv6only needs an IPv6 address such as [::]:80`,
		`rota.yaml:5: listen: listen address "unix:/run/x?mode=888": the mode "888" is not permission bits in octal, such as 0660`,
	)
}

func TestEveryMapIsReadByTheMaster(t *testing.T) {
	s, err := load(t, `listen:
  - {name: web, address: ":8080", reuseport: true}
  - {name: six, address: "[::1]:8081", ipv6only: true}
  - {name: app, address: "unix:/run/x.sock", mode: 0660, owner: "www-data:a+b"}
  - {name: dns, address: "udp:127.0.0.1:53"}
  - {name: log, address: "unixgram:/run/log", mode: "0o600"}
`, nil)
	require.NoError(t, err)
	addresses, problems := listen.ParseListen(s.Listen)
	require.Empty(t, problems)
	require.Equal(t, []listen.Spec{
		{Name: "web", Network: "tcp", Address: ":8080", ReusePort: true},
		{Name: "six", Network: "tcp", Address: "[::1]:8081", IPv6Only: true},
		{Name: "app", Network: "unix", Address: "/run/x.sock", Mode: 0o660, Owner: "www-data:a+b"},
		{Name: "dns", Network: "udp", Address: "127.0.0.1:53"},
		{Name: "log", Network: "unixgram", Address: "/run/log", Mode: 0o600},
	}, addresses)
}

func TestAnEmptyListLeavesTheSocketsThatRotaWasStartedWith(t *testing.T) {
	s, err := load(t, "listen: []", nil)
	require.NoError(t, err)
	require.Empty(t, s.Listen)
	_, err = load(t, "", nil, "--listen", "")
	require.EqualError(t, err, "--listen: at least one address is needed", "that is more likely a variable which is not set")
}
