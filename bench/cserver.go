package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed c/server.c
var serverSource []byte

// errNoCompiler says that a measurement was left out, because there is nothing to hold it against.
var errNoCompiler = errors.New("not measured without gcc, which builds the C server to hold rota against")

// server is what both rota and the C server are to a measurement: an address, and the processes that serve
// it.
type server struct {
	addr string
	pids []int
	stop func()
}

// buildC builds the C server. cleanUp removes it.
func buildC(ctx context.Context) (binary string, cleanUp func(), err error) {
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		return "", nil, errNoCompiler
	}
	directory, err := os.MkdirTemp("", "rota-bench-c")
	if err != nil {
		return "", nil, err
	}
	cleanUp = func() { os.RemoveAll(directory) }
	source := filepath.Join(directory, "server.c")
	binary = filepath.Join(directory, "server")
	err = os.WriteFile(source, serverSource, 0o600)
	if err == nil {
		output, failed := exec.CommandContext(ctx, compiler, "-O2", "-Wall", "-o", binary, source).CombinedOutput()
		if failed != nil {
			err = fmt.Errorf("build the C server: %w: %s", failed, output)
		}
	}
	if err != nil {
		cleanUp()
		return "", nil, err
	}
	return binary, cleanUp, nil
}

// startC starts so many processes, each of which goes to the end of the line after so many connections; 0:
// never.
func startC(ctx context.Context, binary string, workers, accepts int) (server, error) {
	p, line, err := startPart(exec.CommandContext(ctx, binary, strconv.Itoa(workers), strconv.Itoa(accepts)))
	if err != nil {
		return server{}, err
	}
	words := strings.Fields(line)
	s := server{addr: words[0], stop: p.stop}
	for _, word := range words[1:] {
		pid, err := strconv.Atoi(word)
		if err != nil {
			p.stop()
			return server{}, fmt.Errorf("the C server: %w", err)
		}
		s.pids = append(s.pids, pid)
	}
	return s, nil
}
