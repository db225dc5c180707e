package output

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// read has everything that r gives read by readChunks, and returns copies of the chunks.
func read(r io.Reader) (list [][]byte) {
	chunks := make(chan Chunk)
	go func() {
		ReadChunks(r, stderr, chunks, nil)
		close(chunks)
	}()
	for c := range chunks {
		if c.Stream != stderr {
			panic("another stream's")
		}
		list = append(list, bytes.Clone(c.Data))
	}
	return list
}

func linesOf(chunks ...[]byte) []string {
	list := []string{}
	for _, data := range chunks {
		for len(data) > 0 {
			var line []byte
			line, data = CutLine(data)
			list = append(list, string(line))
		}
	}
	return list
}

// drawOutput makes lines of all lengths that matter, the last perhaps without an end.
func drawOutput(t *rapid.T) string {
	length := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 300), rapid.IntRange(maxLine-2, maxLine+2), rapid.IntRange(0, 5*maxLine))
	ends := rapid.SampledFrom([]string{"\n", "\n", "\n\n", ""})
	var b strings.Builder
	for range rapid.IntRange(0, 12).Draw(t, "lines") {
		b.WriteString(strings.Repeat("x", length.Draw(t, "length")))
		b.WriteString(strings.Repeat("\n", rapid.SampledFrom([]int{0, 1, 300}).Draw(t, "empty lines")))
		b.WriteString(ends.Draw(t, "end"))
	}
	return b.String()
}

// reference is what the lines are, said in another way.
func reference(text string) []string {
	list := []string{}
	for line := range strings.Lines(text) {
		line, _ = strings.CutSuffix(line, "\n")
		for len(line) > maxLine {
			list, line = append(list, line[:maxLine]), line[maxLine:]
		}
		list = append(list, line)
	}
	return list
}

func TestEveryLineIsReadOnceHoweverThePipeGivesThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := drawOutput(rt)
		reader := io.Reader(strings.NewReader(text))
		if rapid.Bool().Draw(rt, "in halves") {
			reader = iotest.HalfReader(reader)
		}
		var chunks [][]byte
		synctest.Test(t, func(*testing.T) { chunks = read(reader) }) // in which the pauses take no time
		require.Equal(rt, text, string(bytes.Join(chunks, nil)))
		require.Equal(rt, reference(text), linesOf(chunks...))
	})
}

func TestTheLastLinesOfAChunkAreFoundAndTheOthersCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, most := drawOutput(t), rapid.IntRange(1, 400).Draw(t, "most")
		all := reference(text)
		skipped, rest := skipLines([]byte(text), most)
		require.Equal(t, max(0, len(all)-most), skipped)
		require.Equal(t, all[skipped:], linesOf(rest))
	})
}

func TestALineIsNotCutWithinACharacter(t *testing.T) {
	text := "x" + strings.Repeat("€", maxLine/2) + "\n"
	synctest.Test(t, func(t *testing.T) {
		lines := linesOf(read(strings.NewReader(text))...)
		require.Equal(t, text, strings.Join(lines, "")+"\n")
		for _, line := range lines {
			require.Equal(t, line, clean([]byte(line)))
			require.LessOrEqual(t, len(line), maxLine)
		}
		require.Len(t, lines, 2)
	})
}

func TestWhatIsNoTextIsMadeOne(t *testing.T) {
	require.Equal(t, "a\uFFFDb", clean([]byte("a\xff\xfeb\r")))
	garbage := bytes.Repeat([]byte{0x80}, 3*maxLine) // continues a character that never began
	synctest.Test(t, func(t *testing.T) {
		lines := linesOf(read(bytes.NewReader(garbage))...)
		require.Equal(t, string(garbage), strings.Join(lines, ""))
	})
}

func TestALineThatEndsLaterIsReadWhole(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		for _, part := range []string{"one\ntw", "o", "\nthree"} {
			_, _ = w.Write([]byte(part))
		}
		w.Close()
	}()
	require.Equal(t, []string{"one", "two", "three"}, linesOf(read(r)...))
}

func TestReadingEndsWhenItIsTold(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	ReadChunks(strings.NewReader("nobody takes this\n"), Stdout, make(chan Chunk), stop)
}

func TestABufferIsNotWrittenWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		for i := range 40_000 {
			text.WriteString(strconv.Itoa(i) + "\n")
		}
		chunks := make(chan Chunk)
		go func() {
			ReadChunks(strings.NewReader(text.String()), Stdout, chunks, nil)
			close(chunks)
		}()
		var lines []string
		for c := range chunks {
			synctest.Wait() // the reader is as far as it gets before this one is taken
			lines = append(lines, linesOf(c.Data)...)
		}
		require.True(t, slices.Equal(reference(text.String()), lines))
	})
}
