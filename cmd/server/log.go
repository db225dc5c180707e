package main

import (
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/diode"

	"rota/internal/printable"
)

// logBuffer is how many lines may wait for a slow stderr before the oldest are dropped.
const logBuffer = 8192

// openLog makes the log on stderr. Writing never waits: a terminal that stands still, or a
// worker that floods, must not stop the master. What was dropped for that is said. close
// writes what is left, as far as somebody reads it.
func openLog(level, format string) (log zerolog.Logger, closeLog func()) {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	out := logWriter(unstopped{os.Stderr}, format == "console" || format == "auto" && isatty.IsTerminal(os.Stderr.Fd()))
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

// logWriter writes entries for people or as JSON. Workers and clients have put into them what they
// like: it must not steer a terminal, nor pass for an entry or a field of its own.
func logWriter(w io.Writer, console bool) io.Writer {
	if !console {
		return filter{w, printable.JSON}
	}
	return filter{zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05.000", FormatPrepare: quoteNames}, printable.Strings}
}

// filter changes what is written. It has no Close, which the queue would call.
type filter struct {
	w      io.Writer
	change func([]byte) []byte
}

func (f filter) Write(p []byte) (int, error) {
	if _, err := f.w.Write(f.change(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// quoteNames sees to field names as the console's writer sees to values.
func quoteNames(entry map[string]any) error {
	for _, name := range slices.Collect(maps.Keys(entry)) { // what is put in meanwhile might come round again
		if strings.ContainsAny(name, "\t =\"") {
			value := entry[name]
			delete(entry, name)
			entry[strconv.Quote(name)] = value
		}
	}
	return nil
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
