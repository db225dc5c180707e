package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the documents show is run here as a reader would paste it.

// sample is the indented block of a Markdown file that has the text, as it would be copied.
func sample(t *testing.T, file, text string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", file))
	require.NoError(t, err)
	var blocks []string
	inside := false
	for line := range strings.Lines(string(content)) {
		code, indented := strings.CutPrefix(line, "    ")
		switch {
		case indented && inside:
			blocks[len(blocks)-1] += code
		case indented:
			blocks = append(blocks, code)
		}
		inside = indented
	}
	var found []string
	for _, block := range blocks {
		if strings.Contains(block, text) {
			found = append(found, block)
		}
	}
	require.Len(t, found, 1, "the block of %s with %q", file, text)
	return found[0]
}

// adapt puts what is of this machine in the place of what every reader has to replace, or has another of.
func adapt(t *testing.T, sample string, replacements ...string) string {
	t.Helper()
	for i := 0; i < len(replacements); i += 2 {
		require.Contains(t, sample, replacements[i])
		sample = strings.ReplaceAll(sample, replacements[i], replacements[i+1])
	}
	return sample
}

// folderWithRota is one in which bin/rota is the program under test.
func folderWithRota(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "bin"), 0o755))
	require.NoError(t, os.Symlink(binary, filepath.Join(folder, "bin/rota")))
	return folder
}

// paste runs shell commands as at a terminal in the folder, where rota is on PATH.
func paste(t *testing.T, folder, admin, commands string, env ...string) (output string, code int) {
	t.Helper()
	command := exec.Command("/bin/sh", "-c", commands)
	command.Dir = folder
	command.Env = append(os.Environ(), append(env, "ROTA_ADMIN="+strings.TrimPrefix(admin, "http://"),
		"PATH="+filepath.Join(folder, "bin")+":"+os.Getenv("PATH"))...)
	said, _ := command.CombinedOutput()
	t.Logf("%s\n%s", commands, said)
	return string(said), command.ProcessState.ExitCode()
}

// keepsItsQueues sees that no program has made the queue of a listener shorter than the kernel lets it be, of
// those that ask for 4,096.
func (r *rota) keepsItsQueues() {
	r.t.Helper()
	content, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	require.NoError(r.t, err)
	most, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(r.t, err)
	var status struct {
		Listeners []struct{ Backlog int }
	}
	require.Equal(r.t, 200, r.get("/status", &status))
	require.GreaterOrEqual(r.t, status.Listeners[0].Backlog, min(most, 4096), "the queue is as long as it was")
}

func TestSampleDemoOfTheDocuments(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	folder := folderWithRota(t)
	admin := strings.TrimPrefix(r.admin, "http://")
	held := hold(t, "tcp", r.tcp, 1)
	output, code := paste(t, folder, r.admin, "set -e\n"+adapt(t, sample(t, "README.md", "every slot has a new worker"), "127.0.0.1:11112", admin))
	require.Zero(t, code)
	require.Contains(t, output, "generation 2 serves in 2 slots")
	require.NoError(t, say(held[0]), "the worker that holds it still answers")

	output, code = paste(t, folder, r.admin, adapt(t, sample(t, "docs/signals.md", "jq .pid"), "127.0.0.1:11112", admin))
	require.Zero(t, code, output)
	r.eventually("the reload of the signal", func() bool { return r.status().Generation == 3 })
	require.NoError(t, leave(held[0]))
	output, code = paste(t, folder, r.admin, adapt(t, sample(t, "docs/operations.md", "WORKER_ID"), "127.0.0.1:11112", admin, "WORKER_ID", r.workers()[0].ID))
	require.Zero(t, code)
	require.Contains(t, output, `"connections":[]`)
	output, code = paste(t, folder, r.admin, adapt(t, sample(t, "docs/api.md", "curl -sN -X POST"), "127.0.0.1:11112", admin))
	require.Zero(t, code)
	require.Contains(t, output, "reload.completed")
	output, code = paste(t, folder, r.admin, adapt(t, sample(t, "docs/api.md", `-d '{"revision": "v1.4.2"}'`), "127.0.0.1:11112", admin))
	require.Zero(t, code)
	require.Contains(t, output, `"revision":"v1.4.2"`)
}

func TestSampleDeployStepsOfTheDocuments(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2", "--listen", "http=127.0.0.1:0")
	folder := folderWithRota(t)
	step := adapt(t, sample(t, "README.md", "--check http:/healthz"), "30s", "300ms", "/healthz", "/")
	_, code := paste(t, folder, r.admin, step)
	require.Zero(t, code)
	step = sample(t, "docs/commands.md", "--idempotency-key")
	for range 2 { // it may be tried again
		_, code = paste(t, folder, r.admin, step, "TAG=v2", "CI_JOB_ID=4711")
		require.Zero(t, code)
	}
	require.Equal(t, 3, r.status().Generation)
}

func TestSampleSettingsOfTheDocuments(t *testing.T) {
	t.Parallel()
	folder := folderWithRota(t)
	file := filepath.Join(folder, "rota.yaml")
	variables := filepath.Join(folder, "app.env")
	require.NoError(t, os.WriteFile(variables, nil, 0o600))
	settings := adapt(t, sample(t, "docs/configuration.md", "yaml-language-server"), "/etc/app.env", variables)
	require.NoError(t, os.WriteFile(file, []byte(settings), 0o600))
	output, code := paste(t, folder, "127.0.0.1:1", "rota config check rota.yaml")
	require.Zero(t, code, output)
}

// smokeTest asks the address that it gets a hundred times, notes the answers, and wants each to be v2.
const smokeTest = `#!/usr/bin/python3 -IS
import multiprocessing.pool, socket, sys

def ask(_):
    with socket.create_connection((host, int(port)), 60) as c:
        c.sendall(b"ping")
        return c.recv(100).decode().strip()

host, port = sys.argv[1].rsplit(":", 1)
answers = multiprocessing.pool.ThreadPool(4).map(ask, range(100))
with open("smoked", "w") as file:
    file.write(" ".join(sorted(set(answers))))
sys.exit(answers != ["v2"] * 100)
`

// The smoke test of the canary step hears the canary and nobody else, and decides.
func TestSampleCanaryStepOfTheDocuments(t *testing.T) {
	t.Parallel()
	step := sample(t, "docs/commands.md", "--canary 1")
	for name, c := range map[string]struct {
		answers, faults string
		step            string
		code            int
		serves          string
		smoked          string // every answer to the smoke test; "" if there was none
		state           string
	}{
		"a good release":                 {"v2", "", step, 0, "v2", "v2", "completed"},
		"one that answers wrongly":       {"v1.9", "", step, 5, "one", "v1.9", "aborted"},
		"one that does not come up":      {"v2", "--exit-at-once 3", step, 1, "one", "", "failed"},
		"one that does not come up soon": {"v2", "-never-ready", adapt(t, step, "5m", "300ms"), 124, "one", "", "aborted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newStage(t, 4, "", "start_timeout: 5m")
			g.deploy(c.answers, c.faults)
			folder := folderWithRota(t)
			require.NoError(t, os.WriteFile(filepath.Join(folder, "smoke-test"), []byte(smokeTest), 0o755))
			output, code := paste(t, folder, g.admin, c.step, "TAG=v2")
			require.Equal(t, c.code, code)
			var last reloadView
			g.eventually(c.state, func() bool {
				last = g.newestReload()
				return last.State == c.state
			})
			require.Contains(t, output, "reload "+last.ID)
			g.eventually("a worker that was told to stop has", func() bool { return g.status().Pool.Draining == 0 })
			version, err := visit(g.tcp)
			require.NoError(t, err)
			require.Equal(t, c.serves, version)
			smoked, _ := os.ReadFile(filepath.Join(folder, "smoked"))
			require.Equal(t, c.smoked, string(smoked))
		})
	}
}

// Nobody notices a reload of the README's server: neither clients that keep their connection and are never
// idle, nor those that connect anew.
func TestSampleNodeServerOfTheReadmeLosesNobody(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("node")
	require.NoError(t, err, "make check installs it")
	folder := folderWithRota(t)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "server.js"), []byte(sample(t, "README.md", "// server.js")), 0o600))
	line := adapt(t, sample(t, "README.md", "-- node server.js"), ":8000", "tcp=127.0.0.1:0", "bin/rota ", "exec bin/rota run --admin 127.0.0.1:0 --workers 2 ")
	command := exec.Command("/bin/sh", "-c", line)
	command.Dir = folder
	command.Env = append(os.Environ(), "ROTA_SOAK=0")
	r := startCommand(t, command)
	r.keepsItsQueues()

	var kept []*churn
	for range 4 {
		client := &keepAlive{address: r.tcp, strict: true}
		t.Cleanup(client.close)
		kept = append(kept, startChurn(1, client.get))
	}
	news := startChurn(2, func() error {
		client := &keepAlive{address: r.tcp}
		defer client.close()
		return client.get()
	})
	for range 3 {
		reloadUntilLive(r)
	}
	for _, c := range append(kept, news) {
		c.stop(t)
	}
	r.eventually("every reload completed", func() bool { return r.status().Totals.ReloadsCompleted == 3 })
	drainedWell(r)
}
