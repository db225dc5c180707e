package listen

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListenersWithoutANameGetOne(t *testing.T) {
	list, problems := ParseListen([]string{":80", "unix:/run/a.sock", "http=[::1]:8000", "127.0.0.1:81", "unix:@abstract", "tcp-3=:82", ":83"})
	require.Empty(t, problems)
	var got []string
	for _, a := range list {
		got = append(got, a.String())
	}
	require.Equal(t, []string{"tcp=:80", "unix=unix:/run/a.sock", "http=[::1]:8000", "tcp-2=127.0.0.1:81", "unix-2=unix:@abstract", "tcp-3=:82", "tcp-4=:83"}, got)
}

func TestBadListenAddressesAreAllNamed(t *testing.T) {
	bad := []string{"", "nonsense", "=:80", "a b=:80", "1=:80", "x=unix:", ":99999", ":", "unix:" + strings.Repeat("p", 200), "a:b=:80", "x=1.2.3.4"}
	list, problems := ParseListen(bad)
	require.Empty(t, list)
	require.Len(t, problems, len(bad))
	for i, p := range problems {
		require.ErrorContains(t, p, `"`+bad[i]+`"`)
	}
	_, problems = ParseListen([]string{"a=:1", "a=:2"})
	require.ErrorContains(t, errors.Join(problems...), "given twice")
}

func TestListenOptions(t *testing.T) {
	list, problems := ParseListen([]string{"a=unix:/run/a?mode=0660&owner=web:adm", "b=[::1]:80?ipv6only=1&reuseport=true", "udp::53", "unixgram:/run/log?owner=:adm", ":53?reuseport=false"})
	require.Empty(t, problems)
	require.Equal(t, []Spec{
		{Name: "a", Network: "unix", Address: "/run/a", Mode: 0o660, Owner: "web:adm"},
		{Name: "b", Network: "tcp", Address: "[::1]:80", IPv6Only: true, ReusePort: true},
		{Name: "udp", Network: "udp", Address: ":53"},
		{Name: "unixgram", Network: "unixgram", Address: "/run/log", Owner: ":adm"},
		{Name: "tcp", Network: "tcp", Address: ":53"},
	}, list)
	for spec, complaint := range map[string]string{
		":80?mode=0660":               "the option mode is for unix and unixgram, not for tcp",
		"unix:/a?reuseport=true":      "the option reuseport is for tcp, not for unix",
		"udp::53?reuseport=true":      "the option reuseport is for tcp, not for udp",
		":80?ipv6only=true":           "needs an IPv6 address",
		"1.2.3.4:80?ipv6only=yes":     "true or false",
		"unix:/a?mode=666666":         "not permission bits in octal",
		"unix:/a?mode=0":              "not permission bits in octal",
		"unix:/a?owner=":              "is not user, user:group or :group",
		"unix:/a?owner=a:b:c":         "is not user, user:group or :group",
		"unix:@a?mode=0600":           "an abstract socket has no file",
		":80?backlog=5":               `there is no option "backlog"`,
		":80?reuseport=1&reuseport=1": "given twice",
		"probe=:80":                   "is kept for the listener",
		"udp:/x":                      "neither host:port",
	} {
		list, problems := ParseListen([]string{spec})
		require.Empty(t, list, spec)
		require.ErrorContains(t, errors.Join(problems...), complaint, spec)
	}
}

func FuzzParseListen(f *testing.F) {
	for _, s := range []string{":80", "a=b=c", "unix:@", "[::1]:http", "x=unix:/a:b", "unix:/a?mode=7&owner=b", "[::]:1?ipv6only=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		list, problems := ParseListen([]string{spec})
		if len(list)+len(problems) != 1 {
			t.Fatalf("%q: %v %v", spec, list, problems)
		}
		if len(list) == 1 {
			again, problems := ParseListen([]string{list[0].String()})
			if len(problems) > 0 || again[0] != list[0] {
				t.Fatalf("%q: %v is read back as %v %v", spec, list[0], again, problems)
			}
		}
	})
}

func TestAPortInUseIsOneClearLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = OpenListeners([]Spec{
		{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"},
		{Name: "tcp-2", Network: "tcp", Address: taken.Addr().String()},
	}, 1, nil, nil)
	require.ErrorContains(t, err, "address already in use")
	require.ErrorContains(t, err, taken.Addr().String())
	require.NotContains(t, err.Error(), "\n")
}

func TestAStaleUnixSocketIsReplacedAndALivingOneIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.sock")
	address := Spec{Name: "unix", Network: "unix", Address: path}
	first, err := OpenSocket(address)
	require.NoError(t, err)
	_, err = OpenSocket(address)
	require.ErrorContains(t, err, "another process serves it")
	require.FileExists(t, path)

	first.Drop() // as when the master is killed: the file stays
	second, err := OpenSocket(address)
	require.NoError(t, err)

	require.NoError(t, os.Rename(path, path+".moved"))
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	second.Close()
	require.FileExists(t, path, "the file of somebody else")

	_, err = OpenSocket(address)
	require.Error(t, err, "a file that is no socket is not replaced")
	require.FileExists(t, path)
}
