package admin

import "time"

// What is not known is null on the wire, never a zero that could be taken for a fact.

// instant is a time as the API writes it: RFC 3339 in UTC with milliseconds, always of the
// same width, so that they sort as text. The zero time is null.
type instant time.Time

// MarshalJSON writes the time.
func (t instant) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return time.Time(t).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z07:00"`), nil
}

// known is nil, which becomes null, for a value that says "none" by being zero.
func known[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}

// knownIf is nil for a number that nobody knows.
func knownIf(known bool, n int) *int {
	if !known {
		return nil
	}
	return &n
}

// listOf is never nil, so that an empty list is [] and not null.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
