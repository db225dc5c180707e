package output

import (
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/relog"
)

// How much is kept of what a worker printed: lines, bytes of each, and bytes of all of them.
const (
	KeptLines = 200 // per worker

	keptText    = 4 << 10
	keptJournal = 256 << 10
)

// How many lines the record of an end has, and how many bytes of each: every exit in the event log
// has them.
const (
	RecordLines = 20
	RecordText  = 1 << 10
)

// Journal is what one worker prints: it is logged again as far as the budget reaches, told to those
// who follow it, counted, and the last of it is kept. One goroutine owns it: the worker's minder, and later the loop.
type Journal struct {
	log       zerolog.Logger // has the worker's identity
	kept      []LogLine      // oldest first; moves along within array
	array     []LogLine
	size      int    // bytes of their text
	printed   uint64 // lines
	unlogged  uint64 // how many of those were not logged
	budgets   [streams]budget
	Unmute    *time.Timer // runs while a stream is muted
	waiting   bool        // so it does
	followers map[*LogStream]bool
	end       *LogEnd // nil while the worker lives
}

func NewJournal(log zerolog.Logger) *Journal {
	j := &Journal{log: log, array: make([]LogLine, 2*KeptLines), Unmute: never(), followers: map[*LogStream]bool{}}
	for i := range j.budgets {
		j.budgets[i] = newBudget()
	}
	return j
}

// Print takes what was printed. Of what is over the budget only the last lines are looked at, for
// nobody sees more of it.
func (j *Journal) Print(c Chunk) {
	now := time.Now()
	b := &j.budgets[c.Stream]
	rest := c.Data
	var fresh []LogLine
	for len(rest) > 0 {
		line, more := CutLine(rest)
		if !b.spend(now, line) {
			break
		}
		rest = more
		text := Clean(line)
		relog.Line(j.log, c.Stream.String(), text)
		fresh = append(fresh, j.keep(LogLine{Time: now, Stream: c.Stream.String(), Text: text}))
	}
	j.publish(fresh)
	if len(rest) > 0 {
		j.skip(b, c.Stream, now, rest)
		if !j.waiting {
			j.waiting = true
			j.Unmute.Reset(muteFor)
		}
	}
}

// skip counts lines that are not logged, and keeps the last of them.
func (j *Journal) skip(b *budget, from Stream, now time.Time, data []byte) {
	before := j.printed
	skipped, rest := SkipLines(data, KeptLines)
	j.printed += uint64(skipped)
	for len(rest) > 0 {
		var line []byte
		line, rest = CutLine(rest)
		j.keep(LogLine{Time: now, Stream: from.String(), Text: Clean(line)})
	}
	j.unlogged += j.printed - before
	b.unlogged += j.printed - before
}

// keep numbers a line and keeps it, in place of the oldest where there are too many.
func (j *Journal) keep(l LogLine) LogLine {
	j.printed++
	l.Number, l.Text = j.printed, Clip(l.Text, keptText)
	j.size += len(l.Text)
	for len(j.kept) == KeptLines || j.size > keptJournal {
		j.size -= len(j.kept[0].Text)
		j.kept[0] = LogLine{} // lets go of the text
		j.kept = j.kept[1:]
	}
	if len(j.kept) == cap(j.kept) {
		old := j.kept
		j.kept = j.array[:copy(j.array, old)]
		clear(old)
	}
	j.kept = append(j.kept, l)
	return l
}

// Clip shortens a text, and copies it then, so that it does not hold on to the whole.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// Settle tells how many lines were not logged, and lets the streams speak again.
func (j *Journal) Settle() {
	j.Unmute.Stop()
	j.waiting = false
	for i := range j.budgets {
		b := &j.budgets[i]
		if b.unlogged > 0 {
			j.log.Warn().Stringer("stream", Stream(i)).Uint64("lines", b.unlogged).
				Msg("lines were not logged because the worker prints too many")
		}
		b.muted, b.unlogged = false, 0
	}
	j.publish(j.kept)
}

// Last is the end of the output, for the record.
func (j *Journal) Last() []string {
	var list []string
	for _, l := range j.kept[max(0, len(j.kept)-RecordLines):] {
		list = append(list, Clip(l.Text, RecordText))
	}
	return list
}

func (j *Journal) Copy() WorkerLog {
	return WorkerLog{Lines: slices.Clone(j.kept), Printed: j.printed, Unlogged: j.unlogged}
}

// never is a timer that fires only once it is reset.
func never() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}
