package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandsThatPrintAndEnd(t *testing.T) {
	t.Parallel()
	for args, says := range map[string]string{
		"version":         "rota v0.1.0-test go",
		"--version":       "rota version v0.1.0-test\n",
		"completion bash": "__start_rota",
		"--help":          "--drain-timeout",
		"run --help":      "--config",
	} {
		t.Run(args, func(t *testing.T) {
			command := exec.Command(binary, strings.Fields(args)...)
			var stderr strings.Builder
			command.Stderr = &stderr
			stdout, err := command.Output()
			require.NoError(t, err, stderr.String())
			require.Empty(t, stderr.String())
			require.Contains(t, string(stdout), says)
		})
	}
}

func TestTheAPIHasTheVersionThatTheCommandsPrint(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	var status struct {
		Version string `json:"version"`
	}
	require.Equal(t, http.StatusOK, r.get("/status", &status))
	require.Equal(t, "v0.1.0-test", status.Version)
}

func TestABadVariableIsNamed(t *testing.T) {
	t.Parallel()
	command := exec.Command(binary)
	command.Env = append(os.Environ(), "ROTA_LOG_LEVEL=loud")
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 2, exit.ExitCode(), "%s", output)
	require.Contains(t, string(output), "ROTA_LOG_LEVEL")
	require.Contains(t, string(output), `"loud"`)
}

func TestTheLogIsInTheFormatAskedFor(t *testing.T) {
	t.Parallel()
	for format, isJSON := range map[string]bool{"console": false, "json": true, "auto": true} {
		t.Run(format, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			file, err := os.Create(path)
			require.NoError(t, err)
			r := startInto(t, file, "--workers", "1", "--log-format", format)
			r.signal(syscall.SIGTERM)
			require.Zero(t, r.exitCode())
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			lines := strings.Split(strings.TrimSpace(string(content)), "\n")
			for _, line := range lines {
				require.Equal(t, isJSON, json.Valid([]byte(line)), line)
			}
			require.Contains(t, lines[0], "rota starts")
			require.Contains(t, lines[len(lines)-1], "rota has stopped")
		})
	}
}

func TestRotaCannotStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"port taken":       {[]string{"--listen", taken.Addr().String(), "--admin", "127.0.0.1:0"}, 1, "address already in use"},
		"admin port taken": {[]string{"--listen", "127.0.0.1:0", "--admin", taken.Addr().String()}, 1, "--admin"},
		"bad address":      {[]string{"--listen", "256.0.0.1:80", "--admin", "127.0.0.1:0"}, 1, "256.0.0.1:80"},
		"bad flag":         {[]string{"--wokers", "3"}, 2, "wokers"},
		"bad value":        {[]string{"--workers", "-3"}, 2, "--workers"},
		"bad command":      {[]string{"serve"}, 2, `"serve"`},
		"no such file":     {[]string{"--config", "/nowhere.yaml"}, 2, "/nowhere.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := exec.Command(binary, c.args...).CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Equal(t, c.code, exit.ExitCode(), "%s", output)
			require.Contains(t, string(output), c.says)
			require.NotContains(t, string(output), "worker started")
		})
	}
}
