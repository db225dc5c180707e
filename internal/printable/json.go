package printable

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON returns a document of the same meaning without odd characters in its strings and names.
func JSON(document []byte) []byte {
	if bytes.IndexFunc(document, oddInJSON) < 0 && utf8.Valid(document) {
		return document
	}
	out := make([]byte, 0, len(document)+64)
	for len(document) > 0 {
		r, size := utf8.DecodeRune(document)
		if oddInJSON(r) || r == utf8.RuneError && size == 1 {
			for _, half := range utf16.AppendRune(nil, r) {
				out = fmt.Appendf(out, `\u%04x`, half)
			}
		} else {
			out = append(out, document[:size]...)
		}
		document = document[size:]
	}
	return out
}

// oddInJSON leaves out what JSON allows only between its strings.
func oddInJSON(r rune) bool { return r != '\n' && r != '\r' && odd(r) }

// Strings returns the document with Text done to every string and name in it. It has to be valid:
// then every backslash, and everything that is not ASCII, is part of a string.
func Strings(document []byte) []byte {
	if !bytes.ContainsRune(document, '\\') && bytes.IndexFunc(document, oddInJSON) < 0 {
		return document
	}
	out := make([]byte, 0, len(document)+64)
	for len(document) > 0 {
		r, size := character(document)
		switch {
		case oddInJSON(r) || size > 1 && document[0] == '\\' && odd(r):
			out = append(append(out, '\\'), escaped(r)...)
		default:
			out = append(out, document[:size]...)
		}
		document = document[size:]
	}
	return out
}

// character is the first one of a JSON text, and how many bytes it takes there.
func character(text []byte) (r rune, size int) {
	if len(text) < 2 || text[0] != '\\' {
		return utf8.DecodeRune(text)
	}
	switch text[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r := unit(text)
		if low := utf16.DecodeRune(r, unit(text[min(6, len(text)):])); low != utf8.RuneError {
			return low, 12
		}
		return r, min(6, len(text))
	}
	return rune(text[1]), 2
}

// unit is the UTF-16 code unit that the text begins with as \uXXXX; -1 if it does not.
func unit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}
