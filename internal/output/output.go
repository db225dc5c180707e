// Package output keeps what workers print.
//
// A reader cuts the two streams of a worker into chunks of whole lines (output.go). Its journal numbers the lines, logs
// them up to a budget (budget.go), keeps the last ones and passes them on to followers (followers.go): one that is too
// slow is cut off, and a flood of one worker costs nobody else anything. An inlet tells whether what had arrived at some
// time was passed on, for whoever must not decide before.
package output

import (
	"bytes"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Stream is one of the two that a worker prints to.
type Stream int

// The streams.
const (
	Stdout Stream = iota
	stderr
	streams // how many there are
)

func (s Stream) String() string { return [...]string{"stdout", "stderr"}[s] }

// Chunk is what a worker printed to a stream in about a moment: whole lines, or the pieces of long
// ones. Data is the receiver's until it receives the next chunk of that stream.
type Chunk struct {
	Stream Stream
	Data   []byte
}

const (
	// A line longer than maxLine bytes is cut into several.
	maxLine = 16 << 10
	// ChunkSize is what a pipe holds.
	ChunkSize = 64 << 10
	// readPause lets a busy worker's output gather, so that it costs one read and not a thousand. With
	// chunkSize it bounds how much can be printed in a second, and so what a flood can cost.
	readPause = 2 * time.Millisecond
)

// ReadChunks sends what r gives to chunks, which must be unbuffered: there are two buffers, and the
// one that was sent is used again once the other one was received. The last line is sent also when
// nothing ends it. It returns at the end of r, or when stop is closed.
func ReadChunks(r io.Reader, from Stream, chunks chan<- Chunk, stop <-chan struct{}) {
	buffer, other := make([]byte, ChunkSize), make([]byte, ChunkSize)
	held := 0 // bytes in buffer of a line that has not ended yet
	for {
		n, err := r.Read(buffer[held:])
		data := buffer[:held+n]
		end := whole(data)
		if err != nil {
			end = len(data)
		}
		if end > 0 {
			select {
			case chunks <- Chunk{Stream: from, Data: data[:end]}:
			case <-stop:
				return
			}
			held = copy(other, data[end:])
			buffer, other = other, buffer
		} else {
			held = len(data)
		}
		if err != nil {
			return
		}
		time.Sleep(readPause)
	}
}

// whole is how much of data is whole lines and pieces of full length. Less than maxLine bytes are left.
func whole(data []byte) int {
	end := 0
	for n := run(data); n > 0; n = run(data[end:]) {
		end += n
	}
	return end
}

// run is the length of the whole lines that data begins with, up to maxLine bytes of them; or of the
// first piece of a line that is longer; or 0, if the first line does not end in data and is not longer.
func run(data []byte) int {
	window := data[:min(len(data), maxLine+1)]
	if end := bytes.LastIndexByte(window, '\n'); end >= 0 {
		return end + 1
	}
	return piece(window)
}

// piece is where to cut a line that fills the window, so that no character is cut; 0 if it does not fill it.
func piece(window []byte) int {
	if len(window) <= maxLine {
		return 0
	}
	n := maxLine
	for n > maxLine-utf8.UTFMax && !utf8.RuneStart(window[n]) {
		n--
	}
	return n
}

// CutLine splits off the first line of data, without its end, or the first piece of a longer one.
func CutLine(data []byte) (line, rest []byte) {
	window := data[:min(len(data), maxLine+1)]
	if end := bytes.IndexByte(window, '\n'); end >= 0 {
		return data[:end], data[end+1:]
	}
	if n := piece(window); n > 0 {
		return data[:n], data[n:]
	}
	return data, nil
}

// skipLines leaves the last lines of data, at most so many of them, and tells how many are before
// those. It takes some microseconds for a chunk, however short the lines are.
func skipLines(data []byte, most int) (skipped int, rest []byte) {
	var runs []int // how many lines are in each
	total := 0
	for rest := data; len(rest) > 0; {
		n, lines := measure(rest)
		runs = append(runs, lines)
		total += lines
		rest = rest[n:]
	}
	skipped = max(0, total-most)
	left := skipped
	for _, lines := range runs {
		n, _ := measure(data)
		if lines > left {
			return skipped, lastLines(data, n, lines-left)
		}
		left -= lines
		data = data[n:]
	}
	return skipped, data
}

// measure is the length of the first run of data, and how many lines that is.
func measure(data []byte) (n, lines int) {
	if n = run(data); n == 0 {
		n = len(data)
	}
	return n, max(1, bytes.Count(data[:n], []byte{'\n'}))
}

// lastLines cuts off data what is before the last lines of its first n bytes, which are a run.
func lastLines(data []byte, n, lines int) []byte {
	start := n
	for range lines {
		start = bytes.LastIndexByte(data[:max(0, start-1)], '\n') + 1
	}
	return data[start:]
}

// clean makes valid text of a line: a worker may print any bytes.
func clean(line []byte) string {
	line = Trim(line)
	if utf8.Valid(line) { // which is found out faster than below
		return string(line)
	}
	return strings.ToValidUTF8(string(line), "\uFFFD")
}

// Trim removes the carriage return at the end of a line.
func Trim(line []byte) []byte { return bytes.TrimRight(line, "\r") }
