package doctor

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
)

// at is of the named program, which has the address in its own configuration, too.
func at(name, network, address string) order {
	s := spec(name)
	s.Command = append(s.Command, address)
	s.Listen = []listen.Spec{{Name: "web", Network: network, Address: address}}
	return order{Spec: s, MayUse: true}
}

// serve is somebody who serves at a unix path.
func serve(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "served")
			c.Close()
		}
	}()
	return l
}

func requireServed(t *testing.T, path string) {
	t.Helper()
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer c.Close()
	said, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, "served", string(said))
}

// What serves at the path of the settings goes on, whatever the program does to it.
func TestTheSocketThatServesIsPutBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"unlinks-its-own-path", "puts-its-own-in-the-place"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "s")
			serve(t, path)
			before, err := os.Lstat(path)
			require.NoError(t, err)
			r := examine(t, at(name, "unix", path))
			require.Equal(t, names(keepsFile), r.failed())
			require.Contains(t, r.result(t, keepsFile).Detail, path)
			after, err := os.Lstat(path)
			require.NoError(t, err)
			require.True(t, os.SameFile(before, after))
			requireServed(t, path)
			requireAlone(t, path)
		})
	}
}

// requireAlone sees that nothing of the doctor's lies beside the path.
func requireAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	for _, e := range entries {
		require.Equal(t, filepath.Base(path), e.Name())
	}
}

func TestAFileThatIsRemovedWhereNobodyServesIsSeenToo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	r := examine(t, at("unlinks-its-own-path", "unix", path))
	require.Equal(t, names(keepsFile), r.failed())
	require.NoFileExists(t, path)
	requireAlone(t, path)
}

func TestAGoodProgramTouchesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	serve(t, path)
	require.Empty(t, examine(t, at("good", "unix", path)).failed())
	requireServed(t, path)
	requireAlone(t, path)
}

func TestAProgramThatTakesNoOtherAddressIsExaminedAtIts(t *testing.T) {
	t.Parallel()
	all := map[string]string{"tcp": "15 passed, 0 failed, 1 skipped", "unix": "16 passed, 0 failed, 0 skipped"}
	for network, address := range map[string]string{"tcp": freeAddress(t), "unix": filepath.Join(t.TempDir(), "s")} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			r := examine(t, at("takes-no-other-address", network, address))
			require.Equal(t, all[network], r.String())
			require.Equal(t, "only at its own address, "+address+", where it is examined", r.result(t, takesSocket).Detail)
			if network == "unix" {
				require.NoFileExists(t, address)
			}
		})
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// Where somebody else serves at its address nothing can be said, neither well nor ill.
func TestAProgramWhoseAddressIsTakenIsNotJudged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	serve(t, path)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	for network, address := range map[string]string{"tcp": l.Addr().String(), "unix": path} {
		f := find(t, at("takes-no-other-address", network, address))
		require.Empty(t, f.Report.failed())
		require.Contains(t, f.Error, "not examined: the program does not work with a socket at another address, and it can't be tried with one at "+address)
		require.Contains(t, f.Error, "address already in use")
		require.Contains(t, f.Told[0].Detail, `(it last printed "no socket of mine was inherited")`)
	}
	requireServed(t, path)
	requireAlone(t, path)
}

// What is wrong with a program at any address is told as it was seen at first.
func TestABrokenProgramIsNoBetterAtItsOwnAddress(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]check{"exits-at-once": saysReady, "binds-its-own": takesSocket} {
		o := at(name, "tcp", freeAddress(t))
		o.Spec.StartTimeout = time.Second
		o.Spec.Ready = plan.Readiness{}
		require.Equal(t, names(want), examine(t, o).failed())
	}
}
