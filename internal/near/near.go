// Package near finds what somebody meant who mistyped a word.
package near

import "strings"

// Word is the candidate that somebody probably meant by a word; "" if there is none.
func Word(word string, candidates []string) string {
	word = plain(word)
	best, found := 3, ""
	for _, c := range candidates {
		if d := distance(word, plain(c)); d < best && (d == 0 || 2*d < len(word)) {
			best, found = d, c
		}
	}
	return found
}

// plain is a word without what people confuse.
func plain(word string) string { return strings.ReplaceAll(strings.ToLower(word), "-", "_") }

// distance counts the letters that have to be added, left out, changed, or swapped with
// their neighbour.
func distance(a, b string) int {
	if len(a) > 2*len(b)+2 { // a long word is near to none
		return len(a)
	}
	var before []int
	last, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, make([]int, len(b)+1)
	}
	return last[len(b)]
}
