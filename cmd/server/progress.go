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

// progress shows how a reload goes while a command waits for it.
type progress interface {
	tell(e client.Event)
	end() // called before the verdict
}

// newProgress draws a bar on a terminal and prints lines elsewhere.
func newProgress(w io.Writer, id string) progress {
	if onTerminal(w) {
		return &bar{out: w}
	}
	return &lines{out: w, id: id}
}

// lines prints a line for each step. When only the number of connections changes it prints one from time to
// time.
type lines struct {
	out io.Writer
	id  string // printed first; "" afterwards

	last string    // the line before, without time and connections
	left int       // connections in that line
	at   time.Time // time of that line
}

// betweenCounts is the time between two lines that differ only in the number of connections.
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

// bar draws the progress on one line, again and again. It is full when every slot has changed and every old
// worker is gone. It moves the cursor with a carriage return only.
type bar struct {
	out   io.Writer
	drawn *progressbar.ProgressBar // nil until the number of slots is known
}

const (
	barWidth  = 24
	mostAside = 44 // characters beside the bar, so that the line fits into 80 columns: a wrapped line cannot be redrawn
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
	if b.drawn.GetMax() != full { // the pool has another size now
		b.drawn.ChangeMax(full)
	}
	aside := []rune(strings.Join(append([]string{words.ReloadState(r)}, words.Figures(r)...), ", "))
	b.drawn.Describe(string(aside[:min(len(aside), mostAside)]))
	_ = b.drawn.Set(r.Replaced + max(0, r.Replaced-r.Draining)) // an error in drawing does not matter
}

func (b *bar) end() {
	if b.drawn != nil {
		_ = b.drawn.Clear()
	}
}
