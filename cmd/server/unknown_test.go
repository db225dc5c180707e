package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatACommandDoesNotKnowIsAMistake(t *testing.T) {
	code := func(line string) int {
		root := rootCommand()
		root.SetArgs(strings.Fields(line))
		root.SetOut(io.Discard)
		return exitCode(io.Discard, root.Execute())
	}
	for _, line := range []string{"help nope", "help status nope", "help config nope", "completion tcsh", "completion bash extra", "completion nope extra", "config nope", "nope"} {
		require.Equal(t, 2, code(line), line)
	}
	for _, line := range []string{"help", "help status", "help help", "help completion bash", "completion", "completion bash", "completion zsh --no-descriptions", "config --help"} {
		require.Equal(t, 0, code(line), line)
	}
}
