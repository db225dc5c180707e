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
	recordText  = 1 << 10
)

// Journal takes what one worker prints. It logs lines as far as the budget reaches, tells them to its followers, counts
// them, and keeps the last. One goroutine owns it: the worker's minder, and later the loop.
type Journal struct {
	log       zerolog.Logger // has the worker's identity
	kept      []LogLine      // oldest first; moves along within array
	array     []LogLine
	size      int    // bytes of their text
	printed   uint64 // lines
	unlogged  uint64 // how many of those were not logged
	budgets   [streams]budget
	unmute    *time.Timer // runs while a stream is muted
	waiting   bool        // so it does
	followers map[*LogStream]bool
	end       *LogEnd // nil while the worker lives
}

// NewJournal makes an empty journal, which logs to log.
func NewJournal(log zerolog.Logger) *Journal {
	j := &Journal{log: log, array: make([]LogLine, 2*KeptLines), unmute: never(), followers: map[*LogStream]bool{}}
	for i := range j.budgets {
		j.budgets[i] = newBudget()
	}
	return j
}

// Print takes what was printed. If that exceeds the budget it looks only at the last lines, since nobody sees more.
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
		text := clean(line)
		relog.Line(j.log, c.Stream.String(), text)
		fresh = append(fresh, j.keep(LogLine{Time: now, Stream: c.Stream.String(), Text: text}))
	}
	j.publish(fresh)
	if len(rest) > 0 {
		j.skip(b, c.Stream, now, rest)
		if !j.waiting {
			j.waiting = true
			j.unmute.Reset(muteFor)
		}
	}
}

// skip counts lines that are not logged, and keeps the last of them.
func (j *Journal) skip(b *budget, from Stream, now time.Time, data []byte) {
	before := j.printed
	skipped, rest := skipLines(data, KeptLines)
	j.printed += uint64(skipped)
	for len(rest) > 0 {
		var line []byte
		line, rest = CutLine(rest)
		j.keep(LogLine{Time: now, Stream: from.String(), Text: clean(line)})
	}
	j.unlogged += j.printed - before
	b.unlogged += j.printed - before
}

// keep numbers a line and keeps it, in place of the oldest if there are too many.
func (j *Journal) keep(l LogLine) LogLine {
	j.printed++
	l.Number, l.Text = j.printed, clip(l.Text, keptText)
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

// clip shortens a long text. It copies it, so that the rest can be freed.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// Unmuted receives when it is time to call Settle.
func (j *Journal) Unmuted() <-chan time.Time { return j.unmute.C }

// Settle logs how many lines were not logged, and ends the muting.
func (j *Journal) Settle() {
	j.unmute.Stop()
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
		list = append(list, clip(l.Text, recordText))
	}
	return list
}

// Copy is what is known up to now.
func (j *Journal) Copy() WorkerLog {
	return WorkerLog{Lines: slices.Clone(j.kept), Printed: j.printed, Unlogged: j.unlogged}
}

// never is a timer that fires only once it is reset.
func never() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}
