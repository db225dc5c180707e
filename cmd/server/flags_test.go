package main

import (
	"net"
	"slices"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// Whatever it is, a flag that is given without a value starts nothing and asks for nothing.
func TestEveryFlagThatIsEmptyIsAMistake(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0") // so that a mistake nobody notices starts nothing
	require.NoError(t, err)
	defer taken.Close()
	t.Setenv("ROTA_ADMIN", taken.Addr().String())
	t.Setenv("ROTA_LISTEN", "127.0.0.1:0")
	arguments := map[string][]string{"scale": {"3"}, "rotate": {"slot:0"}, "evict": {"slot:0"}, "doctor": {"--", "true"}}
	tried := 0
	var walk func(*cobra.Command, []string)
	walk = func(command *cobra.Command, path []string) {
		for _, child := range command.Commands() {
			if !child.Hidden {
				walk(child, append(slices.Clip(path), child.Name()))
			}
		}
		command.Flags().VisitAll(func(f *pflag.Flag) {
			tried++
			args := append(append(slices.Clip(path), "--"+f.Name+"="), arguments[command.Name()]...)
			_, stderr, code := runRota(args...)
			require.Equal(t, 2, code, "%q: %s", args, stderr)
			require.Contains(t, stderr, f.Name, "%q", args)
		})
	}
	walk(rootCommand(), nil)
	require.Greater(t, tried, 100)
}

func TestOneEmptyValueOfManyIsAMistake(t *testing.T) {
	f := newFakeAPI(t)
	for _, args := range [][]string{{"reload", "--check", "tcp", "--check", ""}, {"reload", "--follow", ""}, {"reload", "--follow", " "}, {"reload", "--reason", "\t\n"}, {"reload", "--reason", "", "--revision", ""}} {
		_, stderr, code := f.run(args...)
		require.Equal(t, 2, code)
		require.Contains(t, stderr, args[len(args)-2]+" is empty: is a variable not set?")
	}
	require.Empty(t, f.asked)
	_, stderr, code := runRota("config", "check", "--listen", "127.0.0.1:1", "--listen", "")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "--listen is empty")
}

func TestAnEmptyArgumentIsAMistake(t *testing.T) {
	f := newFakeAPI(t)
	for _, command := range []string{"abort", "pause", "resume", "promote", "canary-address", "history", "workers", "rotate", "evict", "logs", "scale"} {
		for _, argument := range []string{"", " "} {
			_, stderr, code := f.run(command, argument)
			require.Equal(t, 2, code, command)
			require.Contains(t, stderr, "an argument is empty")
		}
	}
	require.Empty(t, f.asked)
}
