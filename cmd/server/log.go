package main

import (
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/diode"
)

// logBuffer is how many lines may wait for a slow stderr before the oldest are dropped.
const logBuffer = 8192

// openLog makes the log on stderr. Writing never waits: a terminal that stands still, or a
// worker that floods, must not stop the master. What was dropped for that is said. close
// writes what is left, as far as somebody reads it.
func openLog(level, format string) (log zerolog.Logger, closeLog func()) {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	stderr := struct{ io.Writer }{os.Stderr} // without its Close, which the queue would call
	var out io.Writer = stderr
	if format == "console" || format == "auto" && isatty.IsTerminal(os.Stderr.Fd()) {
		out = zerolog.ConsoleWriter{Out: stderr, TimeFormat: "15:04:05.000"}
	}
	queue := diode.NewWriter(out, logBuffer, 0, func(missed int) {
		lost := zerolog.New(out).With().Timestamp().Logger()
		lost.Warn().Int("lines", missed).Msg("log lines were dropped because stderr is slow")
	})
	parsed, err := zerolog.ParseLevel(level)
	if err != nil {
		parsed = zerolog.InfoLevel // settings has checked it
	}
	log = zerolog.New(queue).Level(parsed).With().Timestamp().Logger()
	return log, func() { closeWithin(closeGrace, queue) }
}

// closeGrace is how long a stderr that nobody reads may hold up the end.
const closeGrace = time.Second

func closeWithin(grace time.Duration, c io.Closer) {
	closed := make(chan struct{})
	go func() {
		_ = c.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(grace):
	}
}
