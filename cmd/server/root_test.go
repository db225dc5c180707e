package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/settings"
)

// loadWith loads the settings as `rota run` with the arguments does.
func loadWith(t *testing.T, args ...string) (settings.Settings, error) {
	t.Helper()
	flags := runCommand().Flags()
	require.NoError(t, flags.Parse(args))
	return load(flags, nil)
}

// fileWith writes a settings file and returns its path.
func fileWith(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rota.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

func TestROTA_CONFIGNamesTheFile(t *testing.T) {
	t.Setenv("ROTA_CONFIG", fileWith(t, "workers: 3"))
	s, err := loadWith(t)
	require.NoError(t, err, "and is no setting itself")
	require.Equal(t, 3, s.Workers)
}

func TestTheFlagConfigWinsOverROTA_CONFIG(t *testing.T) {
	t.Setenv("ROTA_CONFIG", fileWith(t, "workers: 3"))
	s, err := loadWith(t, "--config", fileWith(t, "workers: 5"))
	require.NoError(t, err)
	require.Equal(t, 5, s.Workers)
}

func TestVariablesWinOverTheFileAndFlagsOverBoth(t *testing.T) {
	path := fileWith(t, "workers: 3\nevent_streams: 3\nlog_level: warn")
	t.Setenv("ROTA_WORKERS", "5")
	t.Setenv("ROTA_EVENT_STREAMS", "5")
	s, err := loadWith(t, "--config", path, "--workers", "7")
	require.NoError(t, err)
	require.Equal(t, 7, s.Workers)
	require.Equal(t, 5, s.EventStreams)
	require.Equal(t, "warn", s.LogLevel)
}

func TestAnEmptyPathIsAMistakeAsAFlagAndNothingAsAVariable(t *testing.T) {
	_, err := loadWith(t, "--config", "")
	require.EqualError(t, err, "--config: the path is empty")

	t.Setenv("ROTA_CONFIG", "")
	s, err := loadWith(t)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:11112", s.Admin)

	t.Setenv("ROTA_CONFIG", fileWith(t, "workers: 3"))
	_, err = loadWith(t, "--config", "")
	require.EqualError(t, err, "--config: the path is empty", "ROTA_CONFIG does not fill in")
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	t.Setenv("ROTA_CONFIG", "/nowhere.yaml")
	_, err := loadWith(t)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "/nowhere.yaml")
}
