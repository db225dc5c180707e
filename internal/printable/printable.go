// Package printable shows text that somebody else wrote without letting it do anything to its
// reader: a character that would move a terminal's cursor, begin a new line, or hide or reorder
// what is around it is shown as an escape, such as \x1b or \u202e.
//
// Text does that to one text. Strings does it to everything in a JSON document, for a program that
// prints what it reads there. JSON leaves a document's meaning alone, and only writes those
// characters as JSON's own escapes, for a document that somebody may look at as it is.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// odd says whether a character is one that does something. Tabs stay.
func odd(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' && r != '\t' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Text shows what is odd in a text, line ends and bytes that are no UTF-8 among it.
func Text(text string) string {
	if utf8.ValidString(text) && strings.IndexFunc(text, odd) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case odd(r):
			b.WriteString(escaped(r))
		default:
			b.WriteString(text[:size])
		}
		text = text[size:]
	}
	return b.String()
}

// Lines is Text for a text that may have several lines.
func Lines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Text(line)
	}
	return strings.Join(lines, "\n")
}

func escaped(r rune) string {
	switch {
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
