package master

import (
	"github.com/rs/zerolog"

	"rota/internal/record"
)

// logEvent logs what the world is told.
func logEvent(log zerolog.Logger, e record.Event) {
	l := log.WithLevel(levelOf(e)).Str("event", string(e.Type)).Uint64("seq", e.Seq)
	if e.ReloadID != "" {
		l = l.Str("reload_id", e.ReloadID)
	}
	if e.From != "" {
		l = l.Str("from", e.From)
	}
	if w := e.Worker; w != nil {
		l = l.Str("worker_id", w.ID).Int("slot", w.Slot).Int("generation", w.Generation).
			Int("pid", w.PID).Str("to", string(w.State))
	}
	if r := e.Reload; r != nil {
		l = l.Int("generation", r.Generation).Str("to", string(r.State)).
			Int("replaced", r.Replaced).Int("total", r.Total).Int("draining", r.Draining)
	}
	l.Msg(e.Message)
}

func levelOf(e record.Event) zerolog.Level {
	switch {
	case e.Type == record.EventReloadFailed, e.Type == record.EventReloadCompleted && e.Reload.Failure != nil:
		return zerolog.ErrorLevel
	case e.Type == record.EventReloadAborted, e.Type == record.EventWorkerExited && e.From != string(record.WorkerDraining):
		return zerolog.WarnLevel
	case e.Type == record.EventReloadProgress:
		return zerolog.DebugLevel
	}
	return zerolog.InfoLevel
}
