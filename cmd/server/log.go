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

// openLog makes the log on stderr. Writing never blocks, because a stuck terminal must not stop the master.
// Lines that do not fit are dropped and counted. closeLog writes what is left, if somebody reads it.
func openLog(level, format string) (log zerolog.Logger, closeLog func()) {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	out := logWriter(unstopped{os.Stderr}, format == "console" || format == "auto" && isatty.IsTerminal(os.Stderr.Fd()))
	queue := diode.NewWriter(out, logBuffer, 0, func(missed int) {
		lost := zerolog.New(out).With().Timestamp().Logger()
		lost.Warn().Int("lines", missed).Msg("log lines were dropped because stderr is slow")
	})
	parsed, err := zerolog.ParseLevel(level)
	if err != nil {
		parsed = zerolog.InfoLevel // cannot happen: settings has checked it
	}
	log = zerolog.New(queue).Level(parsed).With().Timestamp().Logger()
	return log, func() { closeWithin(closeGrace, queue) }
}

// logWriter writes entries for people or as JSON. Text from workers and clients must not control a terminal,
// nor look like an entry or a field of its own.
func logWriter(w io.Writer, console bool) io.Writer {
	if !console {
		return filter{w, printable.JSON}
	}
	return filter{zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05.000", FormatPrepare: quoteNames}, printable.Strings}
}

// filter changes what is written. It has no Close method, because the queue would call it.
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

// quoteNames quotes field names as the console writer quotes values.
func quoteNames(entry map[string]any) error {
	for _, name := range slices.Collect(maps.Keys(entry)) { // a copy, because the loop adds names
		if strings.ContainsAny(name, "\t =\"") {
			value := entry[name]
			delete(entry, name)
			entry[strconv.Quote(name)] = value
		}
	}
	return nil
}

// closeGrace is how long a stderr that nobody reads may delay the exit.
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
