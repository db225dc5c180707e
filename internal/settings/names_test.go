package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnApplicationsVariableMayBeginLikeOneOfTheContract(t *testing.T) {
	s, err := load(t, "env: {LISTEN_ADDR: a, WATCHDOG_INTERVAL: b, EINHORN_VERBOSE: c, SERVER_STARTER_LOG: d}", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"EINHORN_VERBOSE=c", "LISTEN_ADDR=a", "SERVER_STARTER_LOG=d", "WATCHDOG_INTERVAL=b"}, s.Env)
	_, err = load(t, "env: {EINHORN_FD_3: a, WATCHDOG_PID: b}", nil)
	require.ErrorContains(t, err, "EINHORN_FD_3: rota sets this variable for each worker")
	require.ErrorContains(t, err, "WATCHDOG_PID: rota sets this variable for each worker")
}

func TestAnEnvFileMayBeginWithAByteOrderMark(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "bom.env", "\uFEFFA=1\nB=2\n")
	s, err := Load(flagsOf(t, "--env-file", "bom.env"), nil, "", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"A=1", "B=2"}, s.Env)

	write(t, "utf16.env", "\xff\xfeA\x00=\x001\x00")
	_, err = Load(flagsOf(t, "--env-file", "utf16.env"), nil, "", nil)
	require.ErrorContains(t, err, "it is UTF-16; save it as UTF-8")
}

func TestASettingsFileMayBeginWithAByteOrderMark(t *testing.T) {
	s, err := load(t, "\uFEFFworkers: 3\n", nil)
	require.NoError(t, err)
	require.Equal(t, 3, s.Workers)
}
