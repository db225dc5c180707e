package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"rota/internal/client"
	"rota/internal/words"
)

// progress tells somebody who waits how a reload goes.
type progress interface {
	tell(e client.Event)
	end() // the verdict comes next
}

// newProgress draws a bar on a terminal and prints lines elsewhere, as into the log of a build.
func newProgress(w io.Writer, id string) progress {
	if onTerminal(w) {
		return &bar{out: w}
	}
	return &lines{out: w, id: id}
}

// lines is the progress in one line a step. Connections that end one by one are told from time to time.
type lines struct {
	out io.Writer
	id  string // told first; "" once it was

	last string    // the line before, without its time and connections
	left int       // connections that it told of
	at   time.Time // when that was
}

// betweenCounts is the time between two lines that differ in the number of connections alone.
const betweenCounts = 5 * time.Second

func (l *lines) tell(e client.Event) {
	if e.Reload == nil {
		return
	}
	if l.id != "" {
		fmt.Fprintf(l.out, "reload %s\n", l.id)
		l.id = ""
	}
	r := *e.Reload
	line := fmt.Sprint(words.ReloadState(r), r.Replaced, r.Total, r.Draining, r.Paused)
	left := -1
	if r.ConnectionsRemaining != nil {
		left = *r.ConnectionsRemaining
	}
	if line == l.last && (left == l.left || e.Time.Sub(l.at) < betweenCounts) {
		return
	}
	l.last, l.left, l.at = line, left, e.Time.Time
	fmt.Fprintf(l.out, "%s  %s\n", words.Clock(e.Time.Time), strings.TrimSpace(fmt.Sprintf("%-9s  %s", words.ReloadState(r), strings.Join(words.Figures(r), "  "))))
}

func (l *lines) end() {}

// bar is the progress on one line that is drawn over. It is full when every slot is changed and every old worker is
// gone. It moves the cursor by a carriage return alone.
type bar struct {
	out   io.Writer
	drawn *progressbar.ProgressBar // nil until the number of slots is known
}

const (
	barWidth  = 24
	mostAside = 44 // characters beside the bar, so that the line fits 80 columns: one that wraps can't be drawn over
)

func (b *bar) tell(e client.Event) {
	if e.Reload == nil || e.Reload.Total == 0 {
		return
	}
	r := *e.Reload
	full := 2 * r.Total
	if b.drawn == nil {
		b.drawn = progressbar.NewOptions(full,
			progressbar.OptionSetWriter(b.out),
			progressbar.OptionSetWidth(barWidth),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetTheme(progressbar.ThemeASCII),
		)
	}
	if b.drawn.GetMax() != full { // the pool was given another size
		b.drawn.ChangeMax(full)
	}
	aside := []rune(strings.Join(append([]string{words.ReloadState(r)}, words.Figures(r)...), ", "))
	b.drawn.Describe(string(aside[:min(len(aside), mostAside)]))
	_ = b.drawn.Set(r.Replaced + max(0, r.Replaced-r.Draining)) // what can't be drawn does not matter
}

func (b *bar) end() {
	if b.drawn != nil {
		_ = b.drawn.Clear()
	}
}
