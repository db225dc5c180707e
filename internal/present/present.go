// Package present makes views of what the master knows: it translates Go structs into the
// API's JSON, and nothing else.
//
// Each file takes one noun: the status, a worker, a reload and its receipt, a connection, an
// event, a line of output. A value that is not known becomes null, an empty list becomes [].
// The short texts of a view come from internal/words. Whoever tells the outside world what
// happens uses this package: internal/admin for its answers and streams.
package present

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
