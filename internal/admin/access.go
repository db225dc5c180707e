package admin

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"
)

// recorder remembers the status of an answer. It hides nothing: by Unwrap,
// http.ResponseController reaches the connection's Flush and deadlines.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the answer has begun
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// watch logs every request and keeps a handler's panic from ending the master.
func (s *Server) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &recorder{ResponseWriter: w}
		defer func() {
			cut := s.rescue(rec, r, recover())
			s.logRequest(r, rec.status, time.Since(began))
			if cut {
				panic(http.ErrAbortHandler) // net/http closes the connection and says nothing
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// rescue answers for a handler that panicked, and reports whether the connection is to be
// cut, because an answer that has begun can't be taken back.
func (s *Server) rescue(w *recorder, r *http.Request, panicked any) (cut bool) {
	if panicked == nil {
		return false
	}
	s.log.Error().Str("panic", fmt.Sprint(panicked)).Str("method", r.Method).Str("path", r.URL.Path).
		Bytes("stack", debug.Stack()).Msg("an API request panicked")
	if w.status != 0 {
		return true
	}
	s.fail(w, r, problemf(http.StatusInternalServerError, "the request met a bug in rota; the log has the details"))
	return false
}

func (s *Server) logRequest(r *http.Request, status int, took time.Duration) {
	level := zerolog.InfoLevel
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		level = zerolog.DebugLevel
	}
	s.log.WithLevel(level).Str("method", r.Method).Str("path", r.URL.Path).Int("status", status).
		Float64("took_ms", float64(took.Microseconds())/1000).Str("remote", r.RemoteAddr).Msg("API request")
}
