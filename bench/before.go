package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// beforeTrials is the last commit whose reloads were neither measured nor on trial.
const beforeTrials = "cb9d6dbb3664010880a9212e948aa75f4d52999a"

// buildBefore builds rota as it was before trials, from the git history. It asks no network: what that
// version is made of is what this one is made of, and so in Go's cache. cleanUp removes it.
func buildBefore(ctx context.Context) (binary string, cleanUp func(), err error) {
	directory, err := os.MkdirTemp("", "rota-before")
	if err != nil {
		return "", nil, err
	}
	cleanUp = func() { os.RemoveAll(directory) }
	source := filepath.Join(directory, "source.tar")
	binary = filepath.Join(directory, "rota")
	for _, step := range [][]string{
		{"git", "archive", "--output", source, beforeTrials},
		{"tar", "-xf", source, "-C", directory},
		{"go", "build", "-C", directory, "-trimpath", "-buildvcs=false", "-o", binary, "./cmd/server"},
	} {
		if err := runStep(ctx, step); err != nil {
			cleanUp()
			return "", nil, fmt.Errorf("not measured without rota as it was before trials, commit %.7s of the git history (or -before): %w", beforeTrials, err)
		}
	}
	return binary, cleanUp, nil
}

func runStep(ctx context.Context, step []string) error {
	cmd := exec.CommandContext(ctx, step[0], step[1:]...)
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=")
	output, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(fmt.Errorf("%s %s: %w", step[0], step[1], err), errors.New(string(output)))
	}
	return nil
}
