// Package procfile reads numbers from the files of /proc and of cgroups that have a name and a number in each line.
package procfile

import (
	"bytes"
	"strconv"
)

// Kilobytes finds "name: 123 kB", in bytes.
func Kilobytes(content []byte, name string) uint64 {
	return Field(content, name) << 10
}

// Field finds the number that follows a name at the beginning of a line; 0 without one.
func Field(content []byte, name string) uint64 {
	for line := range bytes.Lines(content) {
		words := bytes.Fields(line)
		if len(words) > 1 && string(words[0]) == name {
			n, _ := strconv.ParseUint(string(words[1]), 10, 64)
			return n
		}
	}
	return 0
}
