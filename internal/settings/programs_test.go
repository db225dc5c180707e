package settings

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Not set and 0 are different, wherever it is set.
func TestTheSoakOfProgramsIsNotThatOfTheBuiltInWorker(t *testing.T) {
	t.Chdir(t.TempDir())
	none, some := write(t, "none.yaml", "soak: 0\n"), write(t, "command.yaml", "command: [cat]\n")
	program := []string{"cat"}
	for name, c := range map[string]struct {
		flags   []string
		environ []string
		file    string
		command []string
		soak    time.Duration
		shown   string
	}{
		"the built-in worker":     {soak: 0, shown: "soak: 0s  # default"},
		"a program":               {command: program, soak: 2 * time.Second, shown: "soak: 2s  # default for programs"},
		"a program in the file":   {file: some, soak: 2 * time.Second, shown: "soak: 2s  # default for programs"},
		"none in the file":        {file: none, command: program, soak: 0, shown: "soak: 0s  # none.yaml:1"},
		"none in the environment": {environ: []string{"ROTA_SOAK=0"}, command: program, soak: 0, shown: "soak: 0s  # ROTA_SOAK"},
		"none by flag":            {flags: []string{"--soak", "0s"}, command: program, soak: 0, shown: "soak: 0s  # --soak"},
		"a minute":                {flags: []string{"--soak", "1m"}, soak: time.Minute, shown: "soak: 1m0s  # --soak"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Load(flagsOf(t, c.flags...), c.environ, c.file, c.command)
			require.NoError(t, err)
			require.Equal(t, c.soak, s.Soak)
			effective, err := Explain(flagsOf(t, c.flags...), c.environ, c.file, c.command)
			require.NoError(t, err)
			var out strings.Builder
			require.NoError(t, WriteYAML(&out, effective))
			require.Contains(t, out.String(), c.shown+"\n")
		})
	}
}
