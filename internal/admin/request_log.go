package admin

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/rs/zerolog"
)

// watch logs every request. A panic of a handler does not end the master.
func (s *Server) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			cut := s.rescue(answer, r, recover())
			s.logRequest(r, answer.Status(), time.Since(began))
			if cut {
				panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

// rescue answers for a handler that panicked. It reports whether to cut the connection, because an
// answer that has begun cannot be taken back.
func (s *Server) rescue(w middleware.WrapResponseWriter, r *http.Request, panicked any) (cut bool) {
	if panicked == nil {
		return false
	}
	s.log.Error().Str("panic", fmt.Sprint(panicked)).Str("method", r.Method).Str("path", r.URL.Path).
		Bytes("stack", debug.Stack()).Msg("an API request panicked")
	if w.Status() != 0 {
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
