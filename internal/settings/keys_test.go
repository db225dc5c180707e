package settings

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The README's table has a row for every key, and its default.
func TestTheREADMEHasEveryKey(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, k := range keys {
		flag, variable, preset := "`--"+flagName(k.name)+"`", "`"+variableName(k.name)+"`", "[^|]*"
		if !k.flag() {
			flag = "behind `--`"
		}
		if !k.variable() {
			variable = ""
		}
		if k.preset != "" {
			preset = "`?" + regexp.QuoteMeta(k.preset) + "`?"
		}
		if k.programs != "" {
			preset = k.programs + " for programs, else " + preset
		}
		if variable != "" {
			variable += " "
		}
		require.Regexp(t, `(?m)^\| `+flag+" \\| `"+k.name+"` \\| "+variable+`\| `+preset+` ?\| \S`, string(readme), k.name)
	}
}

// Who copies the README's settings file gets one that works.
func TestTheREADMEsSettingsFileIsFine(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(readme), "    # yaml-language-server")
	require.True(t, found)
	example, _, _ := strings.Cut(after, "\n\n")
	content := strings.ReplaceAll("# yaml-language-server"+example, "\n    ", "\n")
	require.NoError(t, compiled(t).Validate(asJSON(t, content)))

	t.Chdir(t.TempDir())
	write(t, "app.env", "")
	s, err := Load(flagsOf(t), nil, write(t, "rota.yaml", strings.ReplaceAll(content, "/etc/app.env", "app.env")), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"./server", "--socket", "{fd:web}", "--local-socket", "{fd:app}", "--health-socket", "{fd:probe}"}, s.Command)
}
