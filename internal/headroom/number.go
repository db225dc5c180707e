package headroom

import (
	"bytes"
	"strconv"
)

// kilobytes finds "name: 123 kB", in bytes.
func kilobytes(content []byte, name string) uint64 {
	return field(content, name) << 10
}

// field finds the number that follows a name at the beginning of a line; 0 without one.
func field(content []byte, name string) uint64 {
	for line := range bytes.Lines(content) {
		words := bytes.Fields(line)
		if len(words) > 1 && string(words[0]) == name {
			n, _ := strconv.ParseUint(string(words[1]), 10, 64)
			return n
		}
	}
	return 0
}
