package output

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/record"
	"rota/internal/testbuffer"
)

// notebook is a journal under test, and what it has logged.
type notebook struct {
	*Journal
	t   *testing.T
	log *testbuffer.Buffer
}

// withJournalOf runs a test of a journal on a fake clock.
func withJournalOf(t *testing.T, test func(*testing.T, notebook)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := &testbuffer.Buffer{}
		test(t, notebook{NewJournal(zerolog.New(log)), t, log})
	})
}

// says prints lines in one chunk.
func (n notebook) says(from Stream, lines ...string) {
	n.Print(Chunk{from, []byte(strings.Join(lines, "\n") + "\n")})
}

// flood prints so many lines, each its own number.
func (n notebook) flood(from Stream, lines int) {
	list := make([]string, lines)
	for i := range list {
		list[i] = fmt.Sprint("water ", i)
	}
	n.says(from, list...)
}

// wait lets time pass, and serves the journal's timer as its owner does.
func (n notebook) wait(d time.Duration) {
	over := time.After(d + 1) // what is due in the same moment is done first
	for {
		select {
		case <-n.Unmuted():
			n.Settle()
		case <-over:
			return
		}
	}
}

// logged counts the lines of the stream that were logged, and those that were said not to be.
func (n notebook) logged(from Stream) (lines, missing, said int) {
	for line := range strings.Lines(n.log.String()) {
		var entry struct {
			Level, Stream string
			Lines         int
		}
		require.NoError(n.t, json.Unmarshal([]byte(line), &entry))
		switch {
		case entry.Stream != from.String():
		case entry.Level == "warn":
			missing += entry.Lines
			said++
		default:
			lines++
		}
	}
	return lines, missing, said
}

func numbers(lines []LogLine) (list []uint64) {
	for _, l := range lines {
		list = append(list, l.Number)
	}
	return list
}

func TestTheLastLinesAreKeptWithTheirNumbers(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		n.says(Stdout, "one", "two\r")
		time.Sleep(time.Second)
		n.says(stderr, "three \xff")
		log := n.Copy()
		now := time.Now()
		require.Equal(t, []LogLine{
			{1, now.Add(-time.Second), "stdout", "one"},
			{2, now.Add(-time.Second), "stdout", "two"},
			{3, now, "stderr", "three \uFFFD"},
		}, log.Lines)
		require.EqualValues(t, 3, log.Printed)
		n.flood(Stdout, 300)
		log = n.Copy()
		require.Len(t, log.Lines, KeptLines)
		require.EqualValues(t, 303, log.Printed)
		require.EqualValues(t, 303, log.Lines[KeptLines-1].Number)
		require.EqualValues(t, 104, log.Lines[0].Number)
		require.Equal(t, "water 100", log.Lines[0].Text)
	})
}

func TestWhatIsKeptHasABoundInBytes(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		n.says(Stdout, strings.Repeat("é", 3000))
		kept := n.Copy().Lines[0].Text
		require.Equal(t, strings.Repeat("é", keptText/2)+"…", kept)
		require.Contains(t, n.log.String(), strings.Repeat("é", 3000), "it is logged as it is")
		for range 2 * KeptLines {
			n.says(Stdout, strings.Repeat("x", keptText))
		}
		size := 0
		for _, l := range n.Copy().Lines {
			size += len(l.Text)
		}
		require.Equal(t, keptJournal, size)
		require.Equal(t, size, n.size)
	})
}

func TestTheRecordOfAnEndHasTheLastTwentyLines(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		require.Empty(t, n.Last())
		n.flood(stderr, 30)
		n.says(stderr, strings.Repeat("y", 3000))
		last := n.Last()
		require.Len(t, last, 20)
		require.Equal(t, "water 11", last[0])
		require.Equal(t, strings.Repeat("y", 1024)+"…", last[19])
	})
}

func TestAFloodIsLoggedUpToItsBudgetAndTheRestIsCounted(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		n.flood(Stdout, 10_000)
		lines, missing, _ := n.logged(Stdout)
		require.Equal(t, linesAtOnce, lines)
		require.Zero(t, missing, "that is said when it is known how many")
		require.EqualValues(t, 6000, n.Copy().Unlogged)
		n.flood(Stdout, 5)
		n.wait(muteFor)
		lines, missing, said := n.logged(Stdout)
		require.Equal(t, []int{linesAtOnce, 6005, 1}, []int{lines, missing, said})

		for range 10 { // for five seconds, with 2,000 lines a second too many
			n.flood(Stdout, 1500)
			n.wait(muteFor / 2)
		}
		n.Settle()
		lines, missing, said = n.logged(Stdout)
		require.Equal(t, 10_005+15_000, lines+missing)
		require.EqualValues(t, missing, n.Copy().Unlogged)
		require.InDelta(t, linesAtOnce+5*linesPerSecond, lines, linesPerSecond)
		require.LessOrEqual(t, said, 1+6)
	})
}

func TestAWorkerThatPrintsALotButNotTooMuchIsLoggedWhole(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		for range 100 {
			n.flood(Stdout, linesPerSecond/10)
			n.wait(time.Second / 10)
		}
		lines, missing, _ := n.logged(Stdout)
		require.Equal(t, []int{10 * linesPerSecond, 0}, []int{lines, missing})
	})
}

func TestAFloodOfOneStreamLeavesTheOtherReadable(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		n.flood(Stdout, 10_000)
		n.says(stderr, "the reason")
		lines, _, _ := n.logged(stderr)
		require.Equal(t, 1, lines)
		n.wait(muteFor)
		_, missing, _ := n.logged(stderr)
		require.Zero(t, missing)
	})
}

func TestLongLinesCostMore(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		for range linesAtOnce {
			n.says(Stdout, strings.Repeat("z", 10_000))
		}
		lines, _, _ := n.logged(Stdout)
		require.Equal(t, linesAtOnce/10, lines)
	})
}

func TestAFollowerIsToldEveryLineThatIsLogged(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		n.says(Stdout, "before")
		s := n.Follow()
		require.Equal(t, []uint64{1}, numbers(s.Lines))
		n.flood(Stdout, 500)
		n.says(stderr, "after")
		require.Len(t, (<-s.C).Lines, 500)
		require.Equal(t, []uint64{502}, numbers((<-s.C).Lines))
		require.Empty(t, s.C)
		n.Remove(s)
		_, open := <-s.C
		require.False(t, open)
	})
}

func TestAFollowerOfAFloodSeesGapsAndAlwaysTheLastLines(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		s := n.Follow()
		n.flood(Stdout, 10_000)
		late := n.Follow()
		first := <-s.C
		require.EqualValues(t, linesAtOnce, first.Lines[linesAtOnce-1].Number)
		require.Empty(t, s.C)
		n.wait(muteFor)
		second := numbers((<-s.C).Lines)
		require.EqualValues(t, 10_000-KeptLines+1, second[0])
		require.EqualValues(t, 10_000, second[KeptLines-1])
		require.Empty(t, late.C, "it has those already")
		n.flood(Stdout, 5000)
		n.says(Stdout, "the last words")
		n.Finish(record.Exit{Code: 3}) // while it is muted
		for _, s := range []*LogStream{s, late} {
			var text string
			var last LogPart
			for p := range s.C {
				if len(p.Lines) > 0 {
					text = p.Lines[len(p.Lines)-1].Text
				}
				last = p
			}
			require.Equal(t, "the last words", text)
			require.Equal(t, &LogEnd{Printed: n.printed, Unlogged: n.unlogged, Exit: record.Exit{Code: 3}}, last.End)
		}
		lines, missing, _ := n.logged(Stdout)
		require.Equal(t, 15_001, lines+missing, "also what was missing at the end is said")
	})
}

func TestAFollowerWhoIsTooSlowIsCutOff(t *testing.T) {
	withJournalOf(t, func(t *testing.T, n notebook) {
		slow, quick := n.Follow(), n.Follow()
		for range followerBuffer + 1 {
			n.says(Stdout, "a line")
			<-quick.C
		}
		parts := 0
		for p := range slow.C {
			require.Nil(t, p.End)
			parts++
		}
		require.Equal(t, followerBuffer, parts)
		n.Finish(record.Exit{Code: 3})
		require.NotNil(t, (<-quick.C).End)
	})
}
