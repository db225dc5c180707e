package e2e

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// doctor runs `rota doctor` and returns its lines and its exit code.
func doctor(t *testing.T, args ...string) (lines []string, stderr string, code int) {
	t.Helper()
	command := exec.Command(binary, append([]string{"doctor"}, args...)...)
	var errors bytes.Buffer
	command.Stderr = &errors
	output, _ := command.Output()
	t.Logf("%s%s", output, &errors)
	return strings.Split(strings.TrimSpace(string(output)), "\n"), errors.String(), command.ProcessState.ExitCode()
}

// starting returns the line that starts so.
func starting(t *testing.T, lines []string, start string) string {
	t.Helper()
	for _, line := range lines {
		if strings.HasPrefix(line, start) {
			return line
		}
	}
	require.FailNow(t, "no line starts so", "%s\n%s", start, strings.Join(lines, "\n"))
	return ""
}

func TestTheBuiltInWorkerPassesTheDoctor(t *testing.T) {
	t.Parallel()
	for listen, counts := range map[string]string{
		":80":                 "12 passed, 0 failed, 4 skipped",
		"http=:80":            "15 passed, 0 failed, 1 skipped",
		"http=unix:/run/sock": "16 passed, 0 failed, 0 skipped",
	} {
		t.Run(listen, func(t *testing.T) {
			lines, stderr, code := doctor(t, "--listen", listen, "--drain-timeout", "1m", "--", binary, "worker") // the machine may be busy
			require.Equal(t, 0, code)
			require.Empty(t, stderr)
			require.Equal(t, counts, lines[len(lines)-1])
			require.Len(t, lines, 17)
		})
	}
}

// The program is a shell that heeds neither its sockets nor the signal.
func TestTheDoctorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "doctor.xml")
	lines, stderr, code := doctor(t, "--ready", "delay:100ms", "--start-timeout", "2s", "--drain-timeout", "1s", "--junit", file,
		"--", "/bin/sh", "-c", `trap "" TERM; while :; do sleep 0.1; done`)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "rota: /bin/sh does not pass\n")
	require.Contains(t, starting(t, lines, "fail  takes the socket"), "a connection was not accepted within 2s")
	require.Contains(t, starting(t, lines, "fail  exits within the drain timeout"), "still there after 1s")
	require.Equal(t, "4 passed, 2 failed, 10 skipped", lines[len(lines)-1])

	var junit struct {
		Suite struct {
			Name     string `xml:"name,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(content, &junit))
	require.Equal(t, "rota doctor", junit.Suite.Name)
	require.Equal(t, 2, junit.Suite.Failures)
	require.Len(t, junit.Suite.Cases, 16)
	require.Equal(t, "takes the socket", junit.Suite.Cases[0].Name)
	require.Contains(t, lines[0], junit.Suite.Cases[0].Failure.Message)
}

func TestTheDoctorTakesTheSettingsOfAWorker(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	settings := filepath.Join(directory, "rota.yaml")
	require.NoError(t, os.WriteFile(filepath.Join(directory, "run"), []byte("#!/bin/sh\n[ \"$ROLE\" = web ] && exec '"+binary+"' worker\n"), 0o755))
	require.NoError(t, os.WriteFile(settings, []byte("command: [./run]\ndir: "+directory+"\nenv: {ROLE: web}\nready: notify\nlisten: ['http=:80']\n"), 0o600))
	lines, _, code := doctor(t, "--config", settings)
	require.Equal(t, 0, code)
	require.Equal(t, "15 passed, 0 failed, 1 skipped", lines[len(lines)-1])
}

func TestMistakesOfWhoCallsTheDoctor(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no program":           {},
		"nothing behind --":    {"--"},
		"no such program":      {"--", "/nowhere"},
		"no such flag":         {"--wokers", "1", "--", "true"},
		"bad readiness":        {"--ready", "soon", "--", "true"},
		"bad path":             {"--path", "healthz", "--", "true"},
		"bad host":             {"--host", "http://example.com", "--", "true"},
		"bad request":          {"--request", `\q`, "--", "true"},
		"path and request":     {"--path", "/", "--request", "PING", "--", "true"},
		"no place for junit":   {"--junit", "/no/where/doctor.xml", "--", "true"},
		"program without a --": {"true"},
	} {
		t.Run(name, func(t *testing.T) {
			lines, stderr, code := doctor(t, args...)
			require.Equal(t, 2, code)
			require.Equal(t, []string{""}, lines)
			require.Contains(t, stderr, "rota: ")
		})
	}
}

func TestCtrlCEndsTheDoctorAndTheProgram(t *testing.T) {
	t.Parallel()
	note := filepath.Join(t.TempDir(), "pid")
	command := exec.Command(binary, "doctor", "--start-timeout", "1h", "--ready", "notify",
		"--", "/bin/sh", "-c", `trap "" TERM INT; echo $$ >"$0.new"; mv "$0.new" "$0"; while :; do sleep 0.1; done`, note)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { _ = command.Process.Kill() })

	var pid int
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(note)
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return err == nil
	}, patience, 5*time.Millisecond)
	program := findProcess(pid)
	require.True(t, program.lives())
	require.NoError(t, command.Process.Signal(syscall.SIGINT))
	select {
	case <-ended:
	case <-time.After(patience):
		require.FailNow(t, "the doctor does not end")
	}
	require.Equal(t, 1, command.ProcessState.ExitCode(), stderr.String())
	require.Contains(t, stderr.String(), "interrupted; the program is gone")
	require.False(t, program.lives())
}
