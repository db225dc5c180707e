package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"rota/internal/kernel"
	"rota/internal/plan"
	"rota/internal/probe"
)

// A doctor takes every process below its own for the program's, so each examination of a test has a process
// to itself. That is what lets them run side by side: most of their time they wait.

// examineVerb is the first argument of such a process.
const examineVerb = "__examine"

// order is what it is told: Options without what is no data.
type order struct {
	Spec                    plan.Spec
	Path, Request, SlowPath string
	Host                    string
	TLS, MayUse             bool
	InterruptAfter          time.Duration // 0: never
}

func (o order) options() Options {
	return Options{
		Spec: o.Spec, Path: o.Path, Request: o.Request, SlowPath: o.SlowPath, Host: o.Host, TLS: o.TLS, MayUse: o.MayUse,
		Probe: probe.HTTP, Log: zerolog.New(os.Stderr).Level(zerolog.WarnLevel),
	}
}

// finding is what comes back.
type finding struct {
	Report                    Report
	Told                      []Result
	Error                     string
	Usage, NotExist, Canceled bool          // what the error is
	Left                      kernel.Family // processes that are still there
	Leaked                    string        // goroutines that are
}

// runExamine is the process.
func runExamine() error {
	var told order
	if err := json.NewDecoder(os.Stdin).Decode(&told); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if told.InterruptAfter > 0 {
		time.AfterFunc(told.InterruptAfter, cancel)
	}
	var f finding
	o := told.options()
	o.Tell = func(r Result) { f.Told = append(f.Told, r) }
	var err error
	if f.Report, err = Examine(ctx, o); err != nil {
		f.Error = err.Error()
		f.Usage, f.NotExist, f.Canceled = errors.Is(err, ErrUsage), errors.Is(err, os.ErrNotExist), errors.Is(err, context.Canceled)
	}
	f.Left = family()
	cancel()
	if err := goleak.Find(); err != nil {
		f.Leaked = err.Error()
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

// find examines in a process of its own.
func find(t *testing.T, o order) (f finding) {
	t.Helper()
	told, err := json.Marshal(o)
	require.NoError(t, err)
	command := exec.Command(os.Args[0], examineVerb)
	command.Stdin = bytes.NewReader(told)
	var log bytes.Buffer
	command.Stderr = &log
	answer, err := command.Output()
	if text := strings.TrimSpace(log.String()); text != "" {
		t.Log(text)
	}
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(answer, &f))
	for _, result := range f.Told {
		t.Log(result)
	}
	require.Empty(t, f.Left, "nothing is left behind")
	require.Empty(t, f.Leaked)
	return f
}

func examine(t *testing.T, o order) Report {
	t.Helper()
	f := find(t, o)
	require.Empty(t, f.Error)
	require.Equal(t, f.Report.Results, f.Told)
	return f.Report
}

func mainOfExamine() {
	if err := runExamine(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
