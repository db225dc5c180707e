package admin

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"time"

	"rota/internal/words"

	"github.com/go-chi/chi/v5"
)

// pagePolicy lets the status page load only what comes from here, and lets nobody frame it: people could be
// tricked into pressing a button in an invisible frame.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed openapi.yaml
var openAPIDocument []byte

// home is the status page for a browser, and a summary in plain text for everybody else.
func (s *Server) home(w http.ResponseWriter, r *http.Request, _ query) error {
	w.Header().Set("Vary", "Accept")
	if s.options.Page != nil && accepts(r, "text/html") {
		return s.file(w, r, "index.html")
	}
	now, err := s.snapshots.since(time.Now())
	if err != nil {
		return err
	}
	writeBody(w, "text/plain; charset=utf-8", http.StatusOK, []byte(words.Status(now.status, now.workers.Workers)))
	return nil
}

func (s *Server) asset(w http.ResponseWriter, r *http.Request, _ query) error {
	name := chi.URLParam(r, "file")
	if s.options.Page == nil || name == "index.html" {
		return noAsset(name)
	}
	return s.file(w, r, name)
}

// mediaTypes are those of the page's files. No other files are served. The machine's own mime.types is not
// used, because it differs between machines.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".png":  "image/png",
}

// file answers with a file of the page, or with 304 if the browser has it.
func (s *Server) file(w http.ResponseWriter, r *http.Request, name string) error {
	content, err := fs.ReadFile(s.options.Page, name)
	mediaType, ok := mediaTypes[path.Ext(name)]
	if err != nil || !ok {
		return noAsset(name)
	}
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache") // keep it, but check whether it has changed
	h.Set("ETag", tag)
	if hasAlready(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeBody(w, mediaType, http.StatusOK, content)
	return nil
}

// hasAlready reports whether the client has the file with the tag. The comparison is weak.
func hasAlready(r *http.Request, tag string) bool {
	tags, anything, _ := readTags(r.Header.Values("If-None-Match"))
	return anything || slices.ContainsFunc(tags, func(t entityTag) bool { return t.quoted && `"`+t.opaque+`"` == tag })
}

func noAsset(name string) error {
	return problemf(http.StatusNotFound, "the status page has no file %.60q", name)
}

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request, _ query) error {
	writeBody(w, "application/yaml", http.StatusOK, openAPIDocument)
	return nil
}
