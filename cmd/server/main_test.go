package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheExitCodeSaysWhoHasToMendIt(t *testing.T) {
	require.Equal(t, 0, exitCode(io.Discard, nil))
	require.Equal(t, 1, exitCode(io.Discard, errors.New("the port is taken")))
	require.Equal(t, 2, exitCode(io.Discard, usageError{errors.New("no such flag")}))
	require.Equal(t, 2, exitCode(io.Discard, errComplained))
	require.Equal(t, 2, exitCode(io.Discard, fmt.Errorf("run: %w", usageError{errors.New("no such flag")})))
}

func TestMistakesInTheCommandLineAreErrorsOfUsage(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0") // so that a mistake nobody notices starts nothing
	require.NoError(t, err)
	defer taken.Close()
	t.Setenv("ROTA_ADMIN", taken.Addr().String())
	t.Setenv("ROTA_LISTEN", "127.0.0.1:0")
	for _, args := range [][]string{
		{"serve"}, {"run", "now"}, {"version", "please"}, {"--wokers", "3"}, {"run", "--workers", "many"}, {"run", "--workers", "-1"},
		{"--"}, {"run", "--"}, {"run", "now", "--", "sleep"}, {"config"}, {"config", "mend"}, {"config", "schema", "x"}, {"config", "check", "a", "b"},
		{"config", "check", "--config", "a", "b"}, {"config", "check", "--"}, {"config", "show", "--config", ""},
	} {
		root := rootCommand()
		root.SetArgs(args)
		require.ErrorAs(t, root.Execute(), new(usageError), "%q", args)
	}
}

// With a program that can't be, or an address that is taken, nothing is started.
func TestTheProgramStandsBehindTheDashes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	t.Setenv("ROTA_ADMIN", taken.Addr().String())
	t.Setenv("ROTA_LISTEN", "127.0.0.1:0")
	execute := func(args ...string) error {
		root := rootCommand()
		root.SetArgs(args)
		return root.Execute()
	}
	for _, args := range [][]string{
		{"--", ""}, {"run", "--", ""}, {"--workers", "3", "--", "", "--workers", "x"}, {"run", "--stop-group", "--workers=3", "--", "", "run", "--", "x"},
	} {
		require.EqualError(t, execute(args...), "command behind --: the name of the program is empty", "%q", args)
	}
	for _, args := range [][]string{{"--", "version"}, {"run", "--", "--help"}} {
		require.ErrorContains(t, execute(args...), "address already in use", "%q is a program, and no verb or flag of rota", args)
	}
}
