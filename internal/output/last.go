package output

import "io"

// ReadLast reads to the end and returns the last lines. It never holds more than about a chunk.
func ReadLast(r io.Reader) []string {
	chunks := make(chan Chunk)
	go func() {
		ReadChunks(r, Stdout, chunks, nil) // nothing stops it: r ends
		close(chunks)
	}()
	var held []byte
	for c := range chunks {
		held = append(held, c.Data...)
		if extra := len(held) - ChunkSize; extra > 0 {
			held = append(held[:0], held[extra:]...)
		}
	}
	_, rest := skipLines(held, RecordLines)
	var lines []string
	for len(rest) > 0 {
		var line []byte
		line, rest = CutLine(rest)
		lines = append(lines, clip(clean(line), recordText))
	}
	return lines
}
