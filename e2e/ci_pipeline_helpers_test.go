package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// How the CI systems of ../recipes/ci run a pipeline, as far as the recipes need it: the steps are those of the
// recipe's own file, in a clean environment with the variables that the system sets. What is not real is ssh.

// pipeline is one run of a recipe.
type pipeline struct {
	run       int // its number; a run that is tried again keeps it
	workspace string
	stubs     string // a directory with ssh
	variables map[string]string
}

// ciRecipe is a folder of ../recipes/ci.
type ciRecipe struct {
	folder   string
	steps    func(t *testing.T, p pipeline) []*exec.Cmd
	leaves   []string // files in the workspace that say how it went
	lossless string   // how it says so of a reload
}

var ciRecipes = []ciRecipe{
	{folder: "github-actions", steps: githubSteps, leaves: []string{"summary.md"}, lossless: "| lossless | true |"},
	{folder: "gitlab", steps: gitlabSteps, leaves: []string{"reload.env"}, lossless: "RELOAD_LOSSLESS=true\n"},
	{folder: "ssh-curl", steps: curlSteps, lossless: "lossless: true"},
}

const (
	deployKey  = "-----BEGIN a private key-----"
	knownHosts = "app.example.com ssh-ed25519 AAAA"
)

// githubSteps are the workflow's that have a run.
func githubSteps(t *testing.T, p pipeline) (list []*exec.Cmd) {
	var workflow struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []struct {
				Uses, Run string
				Env       map[string]string
			}
		}
	}
	readYAML(t, "../recipes/ci/github-actions/deploy.yml", &workflow)
	require.Len(t, workflow.Jobs, 1)
	job := workflow.Jobs["deploy"]
	own := map[string]string{
		"CI": "true", "GITHUB_SHA": "8f4b3c2d1e0f8f4b3c2d1e0f8f4b3c2d1e0f8f4b", "GITHUB_RUN_ID": strconv.Itoa(p.run), "GITHUB_RUN_ATTEMPT": "1",
		"GITHUB_STEP_SUMMARY": filepath.Join(p.workspace, "summary.md"),
	}
	secrets := strings.NewReplacer("${{ secrets.DEPLOY_KEY }}", deployKey, "${{ secrets.DEPLOY_KNOWN_HOSTS }}", knownHosts)
	for _, step := range job.Steps {
		if step.Run == "" {
			require.Equal(t, "actions/checkout@v4", step.Uses, "the workspace is there")
			continue
		}
		require.NotContains(t, step.Run, "${{", "what is pasted into a script is run")
		for name, value := range step.Env {
			step.Env[name] = secrets.Replace(value)
			require.NotContains(t, step.Env[name], "${{")
		}
		list = append(list, p.command([]string{"bash", "-e", "-c", step.Run}, job.Env, step.Env, own))
	}
	return list
}

// gitlabSteps are the jobs', of which each is one script.
func gitlabSteps(t *testing.T, p pipeline) (list []*exec.Cmd) {
	type job struct {
		Variables    map[string]string
		BeforeScript []string `yaml:"before_script"`
		Script       []string
	}
	var file struct{ Build, Deploy job }
	readYAML(t, "../recipes/ci/gitlab/gitlab-ci.yml", &file)
	own := map[string]string{"CI": "true", "CI_COMMIT_SHA": "8f4b3c2d1e0f8f4b3c2d1e0f8f4b3c2d1e0f8f4b", "CI_COMMIT_SHORT_SHA": "8f4b3c2d",
		"CI_JOB_ID": strconv.Itoa(p.run)}
	for name, content := range map[string]string{"DEPLOY_KEY": deployKey, "DEPLOY_KNOWN_HOSTS": knownHosts} {
		own[name] = filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(own[name], []byte(content), 0o644))
	}
	for _, j := range []job{file.Build, file.Deploy} {
		require.NotEmpty(t, j.Script)
		script := strings.Join(append(j.BeforeScript, j.Script...), "\n")
		list = append(list, p.command([]string{"sh", "-e", "-c", script}, j.Variables, own))
	}
	return list
}

func curlSteps(_ *testing.T, p pipeline) []*exec.Cmd {
	own := map[string]string{"DEPLOY_HOST": "deploy@app.example.com", "DEPLOY_ROOT": "/srv/app"}
	return []*exec.Cmd{
		p.command([]string{"make", "dist"}),
		p.command([]string{"deploy/deploy.sh", "dist", fmt.Sprintf("v1.%d", p.run)}, own),
	}
}

// command has the variables of the maps, of which a later one wins, and of the pipeline, which wins over all.
func (p pipeline) command(args []string, variables ...map[string]string) *exec.Cmd {
	command := exec.Command(args[0], args[1:]...)
	command.Dir = p.workspace
	command.Env = []string{"HOME=" + p.workspace, "PATH=" + p.stubs + ":/usr/bin:/bin"}
	for _, each := range append(variables, p.variables) {
		for name, value := range each {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	return command
}

// runSteps runs them in turn, as long as all goes well. The code is -1 of one that was killed.
func runSteps(steps []*exec.Cmd) (said string, code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	var output bytes.Buffer
	for _, step := range steps {
		step.Stdout, step.Stderr = &output, &output
		step.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a job that is cancelled takes nobody with it
		if err := step.Start(); err != nil {
			return output.String(), 0, err
		}
		stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-step.Process.Pid, syscall.SIGKILL) })
		err := step.Wait()
		stop()
		if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
			return output.String(), 0, err
		}
		if code := step.ProcessState.ExitCode(); code != 0 {
			return output.String(), code, nil
		}
	}
	return output.String(), 0, nil
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, into))
}

// sshStandIn runs on this machine what is to be run on the server, with the server's environment and not the
// job's. If there is a file named cut, it has the connection break once, at the first line of the activation,
// which goes on; if that file says cancel, the job is killed at the same moment.
func sshStandIn(cut, admin string) string {
	return `#!/bin/sh
while getopts o:i: option; do :; done
shift $((OPTIND - 1))
[ "$1" = deploy@app.example.com ] || exit 255
shift
server() { exec setsid --wait env -i PATH='` + filepath.Dir(binary) + `':/usr/bin:/bin ROTA_ADMIN=` + admin + ` sh -c "$*"; }
case "$*" in *"
activate "/*)
    if why=$(cat '` + cut + `' 2>/dev/null); then
        rm '` + cut + `'
        { server "$@" <&3 & } 3<&0 2>&1 | head -n 1
        [ "$why" != cancel ] || kill -KILL 0
        exit 255
    fi ;;
esac
server "$@"
`
}
