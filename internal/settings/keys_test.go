package settings

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/configuration.md has a section for every key, with its flag, its variable and its default.
func TestTheDocumentationHasEveryKey(t *testing.T) {
	for _, k := range keys {
		given, preset := "Flag `--"+flagName(k.name)+"`", "[^\\n]*[^\\n.]"
		if !k.flag() {
			given = "Flag: everything after `--`"
		}
		if k.variable() {
			given += ", variable `" + variableName(k.name) + "`"
		}
		if k.preset != "" {
			preset = "`" + regexp.QuoteMeta(k.preset) + "`"
		}
		if k.programs != "" {
			preset = "`" + k.programs + "` for programs, else " + preset
		}
		require.Regexp(t, "(?m)^### `"+k.name+"`\n\n"+given+`\. Default: `+preset+`\.\n\n\S`, configuration(t), k.name)
	}
}

func configuration(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	return string(content)
}

// Who copies the settings file of docs/configuration.md gets one that works.
func TestTheDocumentedSettingsFileIsFine(t *testing.T) {
	_, after, found := strings.Cut(configuration(t), "    # yaml-language-server")
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
