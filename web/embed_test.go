package web

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	assetInHTML  = regexp.MustCompile(`(?:src|href)="(assets/[^"]*)"`)
	regionInHTML = regexp.MustCompile(`(?:<section|role="region")[^>]*\saria-label(?:ledby)?="([^"]*)"`)
	importInJS   = regexp.MustCompile(`from '\./([^']+)'`)
	forbidden    = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+="|<script(?:\s+type="module")?>|javascript:`)
	elsewhere    = regexp.MustCompile(`(?i)(?:src|href)="(?:https?:)?//|url\(|@import|from '(?:https?:)?//|import\(`)
	ownText      = regexp.MustCompile(`\.(?:textContent|innerText|nodeValue|title|ariaLabel) = |\.setAttribute\('(?:title|aria-label)'|createTextNode|[( ](?:append|prepend)\(['"\x60]`)
	fromTheRoot  = regexp.MustCompile(`(?i)(?:src|href|action)="/|(?:post|get|fetch|EventSource)\(['"\x60]/`)
	dangerousDOM = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function`)
)

func TestPageRunsUnderTheStrictPolicy(t *testing.T) {
	if found := forbidden.FindString(read(t, "index.html")); found != "" {
		t.Errorf("index.html has %q: script-src and style-src 'self' refuse whatever is inline", found)
	}
}

func TestNothingComesFromElsewhere(t *testing.T) {
	for _, name := range names(t) {
		if found := elsewhere.FindString(read(t, name)); found != "" {
			t.Errorf("%s has %q: the page must work on a machine without a network", name, found)
		}
	}
}

func TestNothingIsAskedForFromTheRoot(t *testing.T) {
	for _, name := range names(t) {
		if found := fromTheRoot.FindString(read(t, name)); found != "" {
			t.Errorf("%s has %q: the page may be below a proxy's path prefix, so its addresses are relative", name, found)
		}
	}
}

func TestDataNeverBecomesMarkup(t *testing.T) {
	for _, name := range names(t) {
		if found := dangerousDOM.FindString(read(t, name)); found != "" {
			t.Errorf("%s uses %q: a worker's output or status text must only ever be text", name, found)
		}
	}
}

// dom.js sees to what workers and clients may have put into a text.
func TestOnlyOneFileWritesTextIntoThePage(t *testing.T) {
	for _, name := range names(t) {
		if found := ownText.FindString(read(t, name)); found != "" && name != "dom.js" {
			t.Errorf("%s has %q: setText, setAttribute and element show a character that would hide or reorder others", name, found)
		}
	}
}

func TestEveryReferencedAssetIsEmbedded(t *testing.T) {
	for _, match := range assetInHTML.FindAllStringSubmatch(read(t, "index.html"), -1) {
		read(t, path.Base(match[1]))
	}
	for _, name := range names(t) {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		for _, match := range importInJS.FindAllStringSubmatch(read(t, name), -1) {
			read(t, match[1])
		}
	}
}

// What the page does not load has no place in the binary: tests, tools and modules that nobody imports any more.
func TestEveryEmbeddedFileIsLoadedByThePage(t *testing.T) {
	loaded := map[string]bool{"index.html": true}
	var load func(name string)
	load = func(name string) {
		if loaded[name] {
			return
		}
		loaded[name] = true
		for _, match := range importInJS.FindAllStringSubmatch(read(t, name), -1) {
			load(match[1])
		}
	}
	for _, match := range assetInHTML.FindAllStringSubmatch(read(t, "index.html"), -1) {
		load(path.Base(match[1]))
	}
	for _, name := range names(t) {
		if !loaded[name] {
			t.Errorf("%s is embedded, but the page does not load it", name)
		}
	}
}

// A screen reader lists the regions of the page by their names.
func TestNoTwoRegionsHaveTheSameName(t *testing.T) {
	seen := map[string]bool{}
	for _, match := range regionInHTML.FindAllStringSubmatch(read(t, "index.html"), -1) {
		if seen[match[1]] {
			t.Errorf("two regions are named by %s", match[1])
		}
		seen[match[1]] = true
	}
	if len(seen) == 0 {
		t.Error("no region was found")
	}
}

func names(t *testing.T) []string {
	t.Helper()
	found, err := fs.Glob(Files, "*")
	if err != nil || len(found) == 0 {
		t.Fatalf("listing the embedded files: %v, %d found", err, len(found))
	}
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := fs.ReadFile(Files, name)
	if err != nil {
		t.Fatalf("reading an embedded file: %v", err)
	}
	return string(content)
}
