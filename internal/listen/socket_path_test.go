package listen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSparesOfAKilledMasterAreRemoved(t *testing.T) {
	a := unixListener(t)
	require.NoError(t, os.Mkdir(filepath.Dir(a.Address), 0o700))
	killed, err := OpenSocket(a)
	require.NoError(t, err)
	old := killed.Path.spare
	killed.Drop()
	require.FileExists(t, old)
	next, err := OpenSocket(a)
	require.NoError(t, err)
	defer next.Close()
	if next.Path.spare != old {
		require.NoFileExists(t, old)
	}
	require.FileExists(t, next.Path.spare)
	require.True(t, strings.HasPrefix(filepath.Base(next.Path.spare), ".app.sock.rota-"))
}

// In a directory that others may write to, the spare's name can be taken.
func TestAFileThatStandsInTheSparesPlaceIsLeftAloneWhenTheListenerIsGivenUp(t *testing.T) {
	a := unixListener(t)
	require.NoError(t, os.Mkdir(filepath.Dir(a.Address), 0o700))
	s, err := OpenSocket(a)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, os.Remove(s.Path.spare))
	require.NoError(t, os.WriteFile(s.Path.spare, []byte("mine"), 0o600))
	s.Path.hide()
	require.NoFileExists(t, a.Address)
	text, err := os.ReadFile(s.Path.spare)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
	s.Path.show()
	s.Path.Look()
	require.True(t, s.Path.Gone, "it can be opened anew")
}
