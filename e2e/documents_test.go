package e2e

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// documents are the Markdown files of the repository, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "bin" || name == "node_modules" || name != ".." && strings.HasPrefix(name, ".")):
			return filepath.SkipDir
		case filepath.Ext(name) == ".md":
			content, err := os.ReadFile(path)
			found[filepath.Clean(strings.TrimPrefix(path, "../"))] = string(content)
			return err
		}
		return nil
	}))
	require.Contains(t, found, "README.md")
	return found
}

// A line that does not fit on half a screen is not read.
func TestDocumentsAreWrapped(t *testing.T) {
	t.Parallel()
	for path, content := range documents(t) {
		for line := range strings.Lines(content) {
			limit := 100
			switch {
			case path == "README.md":
				limit = 80
			case strings.HasPrefix(line, "|"), strings.HasPrefix(line, "    "): // tables and samples
				limit = 120
			}
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), limit, "%s: %s", path, line)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	unsaid  = regexp.MustCompile(`[^\p{L}\p{N} _-]`) // what GitHub leaves out of a heading's anchor
)

func anchors(content string) []string {
	var found []string
	for _, h := range heading.FindAllStringSubmatch(content, -1) {
		found = append(found, strings.ReplaceAll(unsaid.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return found
}

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := documents(t)
	for path, content := range all {
		for _, l := range link.FindAllStringSubmatch(content, -1) {
			to, err := url.Parse(l[1])
			require.NoError(t, err, "%s: %s", path, l[1])
			if to.IsAbs() {
				continue
			}
			target := path
			if to.Path != "" {
				target = filepath.Join(filepath.Dir(path), to.Path)
				_, err = os.Stat(filepath.Join("..", target))
				require.NoError(t, err, "%s: %s", path, l[1])
			}
			if to.Fragment != "" {
				require.Contains(t, anchors(all[target]), to.Fragment, "%s: %s", path, l[1])
			}
		}
	}
}

// A file that the documents name by its path is there.
func TestFilesThatTheDocumentsNameAreThere(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile("`((?:bench|cmd|docs|e2e|internal|packaging|recipes|tools|web)/[^` ]+)`")
	for path, content := range documents(t) {
		for _, file := range named.FindAllStringSubmatch(content, -1) {
			_, err := os.Stat(filepath.Join("..", file[1]))
			require.NoError(t, err, path)
		}
	}
}

func TestEveryPackageHasALineInTheList(t *testing.T) {
	t.Parallel()
	_, list, found := strings.Cut(documents(t)["CONTRIBUTING.md"], "## Where things are")
	require.True(t, found)
	list, _, _ = strings.Cut(list, "\n## ")
	packages, err := filepath.Glob("../internal/*")
	require.NoError(t, err)
	require.NotEmpty(t, packages)
	for _, p := range packages {
		require.Regexp(t, `(?m)^    .*\b`+filepath.Base(p)+`\b`, list)
	}
}
