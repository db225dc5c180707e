package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFieldNamesAreQuotedOnce(t *testing.T) {
	for range 100 { // the order in which a map is gone through is another one each time
		entry := map[string]any{"a b": 1, "c=d": 2, "e\tf": 3, "plain": 4}
		require.NoError(t, quoteNames(entry))
		require.Equal(t, map[string]any{`"a b"`: 1, `"c=d"`: 2, `"e\tf"`: 3, "plain": 4}, entry)
	}
}
