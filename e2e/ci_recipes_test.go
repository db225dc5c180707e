package e2e

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is deployed is a program that says its version, and has the flaw that is written beside it.
const deployedServer = `#!/usr/bin/python3 -IS
import os, signal, socket, socketserver, threading, time

def read(name):
    with open(name) as file:
        return file.read()

VERSION, FLAW, GATE = read("version"), read("flaw"), read("gate")

class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1:2]
        while self.rfile.readline().strip():
            pass
        status = b"500 Broken" if FLAW == "500" and path == [b"/healthz"] else b"200 OK"
        self.wfile.write(b"HTTP/1.0 " + status + b"\r\n\r\n" + VERSION.encode())

def die():
    print("lost the database", flush=True)
    os._exit(4)

while GATE and not os.path.exists(GATE):
    time.sleep(0.02)
server = socketserver.ThreadingTCPServer(("", 0), Answer, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=3)
server.socket.setblocking(False)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
if FLAW == "dies" and os.environ["ROTA_SLOT"] == "1":
    threading.Timer(0.1, die).start()
server.serve_forever(0.05)
server.server_close()
`

// production is a server to which pipelines deploy.
type production struct {
	*rota
	ci       ciRecipe
	root     string // with the releases
	settings string // the file
	stubs    string
	cut      string // a file; see sshStandIn
	address  string
	runs     int
}

// release is what a pipeline deploys, and how.
type release struct {
	version   string
	program   string // in place of deployedServer
	flaw      string
	gate      string            // its workers wait for this file
	variables map[string]string // in place of the recipe's
}

func newProduction(t *testing.T, ci ciRecipe) *production {
	dir := t.TempDir()
	p := &production{ci: ci, root: filepath.Join(dir, "app"), settings: filepath.Join(dir, "rota.yaml"),
		stubs: filepath.Join(dir, "stubs"), cut: filepath.Join(dir, "cut")}
	require.NoError(t, os.CopyFS(dir, os.DirFS("../recipes/ci/server")))
	writeRelease(t, filepath.Join(p.root, "releases", "first"), release{version: "first"})
	require.NoError(t, os.Symlink("releases/first", filepath.Join(p.root, "current")))
	p.rota = start(t, "--config", p.settings, "--dir", filepath.Join(p.root, "current"), "--listen", "web=127.0.0.1:0", "--start-timeout", "2m")
	p.address = p.status().Listeners[0].Address
	require.NoError(t, os.Mkdir(p.stubs, 0o755))
	ssh := sshStandIn(p.cut, strings.TrimPrefix(p.admin, "http://"))
	require.NoError(t, os.WriteFile(filepath.Join(p.stubs, "ssh"), []byte(ssh), 0o755))
	return p
}

func writeRelease(t *testing.T, dir string, r release) {
	t.Helper()
	if r.program == "" {
		r.program = deployedServer
	}
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, content := range map[string]string{"server": r.program, "version": r.version, "flaw": r.flaw, "gate": r.gate} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755))
	}
}

// pipeline is a new run, for the release.
func (p *production) pipeline(t *testing.T, r release) pipeline {
	t.Helper()
	p.runs++
	run := pipeline{run: p.runs, workspace: t.TempDir(), stubs: p.stubs, variables: map[string]string{"DEPLOY_ROOT": p.root, "SOAK": "0s"}}
	maps.Copy(run.variables, r.variables)
	writeRelease(t, filepath.Join(run.workspace, "app"), r)
	makefile := "dist:\n\trm -rf dist && cp -r app dist\n"
	require.NoError(t, os.WriteFile(filepath.Join(run.workspace, "Makefile"), []byte(makefile), 0o644))
	for _, folder := range []string{"../recipes/ci", "../recipes/ci/" + p.ci.folder} {
		scripts, err := filepath.Glob(folder + "/*.sh")
		require.NoError(t, err)
		for _, script := range scripts {
			content, err := os.ReadFile(script)
			require.NoError(t, err)
			require.NoError(t, os.MkdirAll(filepath.Join(run.workspace, "deploy"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(run.workspace, "deploy", filepath.Base(script)), content, 0o755))
		}
	}
	return run
}

// deploy runs it, and returns what it printed and left.
func (p *production) deploy(t *testing.T, run pipeline) (said string, code int) {
	t.Helper()
	said, code, err := runSteps(p.ci.steps(t, run))
	require.NoError(t, err)
	require.NotContains(t, said, deployKey)
	return said + p.left(t, run), code
}

func (p *production) left(t *testing.T, run pipeline) string {
	t.Helper()
	all := ""
	for _, name := range p.ci.leaves {
		content, err := os.ReadFile(filepath.Join(run.workspace, name))
		require.NoError(t, err)
		all += string(content)
	}
	return all
}

// serves says that it is this version which clients reach, which is to start after a crash of the machine, and
// which rota calls its generation.
func (p *production) serves(t *testing.T, version string, generation int) {
	t.Helper()
	for range 20 {
		answer, err := http.Get("http://" + p.address + "/")
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, version, string(body))
	}
	content, err := os.ReadFile(filepath.Join(p.root, "current", "version"))
	require.NoError(t, err)
	require.Equal(t, version, string(content))
	require.Equal(t, generation, p.status().Generation)
}

func TestEveryCIRecipeIsProven(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("../recipes/ci/*/deploy.sh")
	require.NoError(t, err)
	var there, proven []string
	for _, script := range scripts {
		there = append(there, filepath.Base(filepath.Dir(script)))
	}
	for _, ci := range ciRecipes {
		proven = append(proven, ci.folder)
	}
	require.ElementsMatch(t, there, proven)
}

// Each recipe's own steps, against a real rota.
func TestDeploysFromCI(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"jq", "curl", "flock", "make", "/usr/bin/python3"} {
		recipe{needs: program}.installed(t)
	}
	for _, ci := range ciRecipes {
		t.Run(ci.folder, func(t *testing.T) {
			t.Parallel()
			for name, test := range map[string]func(*testing.T, *production){
				"a good one":              aGoodDeploy,
				"broken ones":             brokenDeploys,
				"two at the same time":    twoDeploys,
				"a connection breaks":     aBrokenConnection,
				"a job is cancelled":      aCancelledDeploy,
				"the time is up":          aDeployOutOfTime,
				"connections were lost":   aLossyDeploy,
				"the server is not there": aDeployToNobody,
			} {
				t.Run(name, func(t *testing.T) { test(t, newProduction(t, ci)) })
			}
		})
	}
}

func aGoodDeploy(t *testing.T, p *production) {
	run, said := p.deployWell(t, release{version: "second"})
	require.Contains(t, said, p.ci.lossless)
	generation := p.status().Generation
	p.serves(t, "second", generation)
	said, code := p.deploy(t, run)
	require.Zero(t, code, said)
	require.Contains(t, said, p.ci.lossless)
	p.serves(t, "second", generation) // a run that is tried again asks for the same reload
	p.deployWell(t, release{version: "third"})
	p.serves(t, "third", p.status().Generation)
}

// deployWell deploys, and requires that nothing was lost.
func (p *production) deployWell(t *testing.T, r release) (run pipeline, said string) {
	t.Helper()
	run = p.pipeline(t, r)
	said, code := p.deploy(t, run)
	require.Zero(t, code, said)
	return run, said
}

func brokenDeploys(t *testing.T, p *production) {
	var again pipeline
	for _, broken := range []struct {
		release
		why string
	}{
		{release{program: "#!/nowhere/python\n"}, "no such file or directory"},
		{release{program: "#!/bin/sh\necho no database\nexit 3\n"}, "no database"},
		{release{flaw: "dies"}, "lost the database|was not answered"}, // a check may meet its end
		{release{flaw: "500"}, "500 Broken"},
	} {
		broken.version = "broken"
		broken.variables = map[string]string{"SOAK": "1h"}
		run := p.pipeline(t, broken.release)
		said, code := p.deploy(t, run)
		require.Equal(t, 1, code, said)
		require.Regexp(t, broken.why, said)
		p.serves(t, "first", 1)
		again = run
	}
	said, code := p.deploy(t, again)
	require.Equal(t, 1, code, "what has failed is not tried again under the same key: %s", said)
	p.serves(t, "first", 1)
	require.Equal(t, 4, p.status().Totals.ReloadsFailed)
	p.deployWell(t, release{version: "second"})
	p.serves(t, "second", p.status().Generation)
}

// Both have seen the first generation before the one that comes first can end: so the other one is refused.
func twoDeploys(t *testing.T, p *production) {
	gate := filepath.Join(t.TempDir(), "open")
	var runs []pipeline
	var said [2]string
	var codes [2]int
	var errs [2]error
	var both sync.WaitGroup
	versions := [2]string{"second", "other"}
	for i, version := range versions {
		runs = append(runs, p.pipeline(t, release{version: version, gate: gate}))
		steps := p.ci.steps(t, runs[i])
		both.Go(func() { said[i], codes[i], errs[i] = runSteps(steps) })
	}
	p.eventually("both have seen the generation", func() bool {
		files, err := filepath.Glob(p.root + "/releases/*")
		return err == nil && len(files) == 3
	})
	require.NoError(t, os.WriteFile(gate, nil, 0o644))
	both.Wait()
	require.Equal(t, [2]error{}, errs)
	winner, loser := 0, 1
	if codes[0] == 1 {
		winner, loser = 1, 0
	}
	require.Zero(t, codes[winner], said)
	p.serves(t, versions[winner], 2)
	require.Equal(t, 1, codes[loser], said)
	require.Contains(t, said[loser], "generation")
}

func aBrokenConnection(t *testing.T, p *production) {
	for i, r := range []release{{version: "second"}, {version: "broken", flaw: "500"}} {
		require.NoError(t, os.WriteFile(p.cut, nil, 0o644))
		said, code := p.deploy(t, p.pipeline(t, r))
		require.Equal(t, i == 0, code == 0, said)
		require.Contains(t, said, "the connection broke")
		require.NoFileExists(t, p.cut)
		p.serves(t, "second", 2)
	}
	var history struct{ Reloads []reloadView }
	p.get("/reloads", &history)
	require.Len(t, history.Reloads, 2)
}

// The workers are still on their way when nobody is left who could put the link right, but the server.
func aCancelledDeploy(t *testing.T, p *production) {
	for _, r := range []release{{version: "second"}, {version: "broken", flaw: "500"}} {
		r.gate = filepath.Join(t.TempDir(), "open")
		require.NoError(t, os.WriteFile(p.cut, []byte("cancel"), 0o644))
		said, code, err := runSteps(p.ci.steps(t, p.pipeline(t, r)))
		require.NoError(t, err)
		require.Equal(t, -1, code, said)
		require.NoError(t, os.WriteFile(r.gate, nil, 0o644))
		lock, err := os.Open(filepath.Join(p.root, ".deploy", "lock"))
		require.NoError(t, err)
		p.eventually("the deploy ends", func() bool { return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil })
		require.NoError(t, lock.Close())
		p.eventually("whoever was told to leave has left", func() bool {
			var answer struct{ Workers []workerView }
			p.get("/workers", &answer)
			return !slices.ContainsFunc(answer.Workers, func(w workerView) bool { return w.State == "draining" })
		})
		p.serves(t, "second", 2)
	}
	totals := p.status().Totals
	require.Equal(t, 1, totals.ReloadsCompleted)
	require.Equal(t, 1, totals.ReloadsFailed)
}

// The release is on trial when its time is up, and so can be taken back.
func aDeployOutOfTime(t *testing.T, p *production) {
	run := p.pipeline(t, release{version: "slow", variables: map[string]string{"SOAK": "1h", "DEPLOY_TIMEOUT": "3s"}})
	said, code := p.deploy(t, run)
	require.Equal(t, 124, code, said)
	p.serves(t, "first", 1)
}

func aLossyDeploy(t *testing.T, p *production) {
	content, err := os.ReadFile(p.settings)
	require.NoError(t, err)
	impatient := strings.Replace(string(content), "drain_timeout: 30s", "drain_timeout: 1s", 1)
	require.NotEqual(t, impatient, string(content))
	require.NoError(t, os.WriteFile(p.settings, []byte(impatient), 0o644))
	held, err := net.Dial("tcp", p.address)
	require.NoError(t, err)
	defer held.Close()
	_, err = fmt.Fprint(held, "GET / HTTP/1.0\r\n")
	require.NoError(t, err)
	p.eventually("a worker has it", func() bool { w := p.workers(); return w[0].Connections+w[1].Connections == 1 })

	said, code := p.deploy(t, p.pipeline(t, release{version: "second"}))
	require.Equal(t, 4, code, said)
	require.Contains(t, said, "1 connection was cut")
	p.serves(t, "second", 2)
}

func aDeployToNobody(t *testing.T, p *production) {
	run := p.pipeline(t, release{version: "second"})
	ssh := filepath.Join(p.stubs, "ssh")
	require.NoError(t, os.WriteFile(ssh, []byte(sshStandIn(p.cut, freeAddress(t))), 0o755))
	said, code := p.deploy(t, run)
	require.Equal(t, 3, code, said)
	p.serves(t, "first", 1)
}
