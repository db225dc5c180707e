package printable

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// shown is what becomes of text that would do something, or might be taken for that.
var shown = map[string]string{
	"":                          "",
	"plain, schön, 世界, 😀":       "plain, schön, 世界, 😀",
	"a\tb":                      "a\tb",
	`C:\new "x" \u202e`:         `C:\new "x" \u202e`,
	"\x1b[2J\x1b]0;title\a":     `\x1b[2J\x1b]0;title\x07`,
	"one\ntwo\r\x00\x7f\b":      `one\x0atwo\x0d\x00\x7f\x08`,
	"\u009b31m":                 `\u009b31m`,
	"\u202egnp.exe\u2066\u200f": `\u202egnp.exe\u2066\u200f`,
	"a\u2028b\u2029c\ufeff":     `a\u2028b\u2029c\ufeff`,
	"\U000e0041":                `\U000e0041`,
}

func TestWhatWouldDoSomethingIsShown(t *testing.T) {
	for text, want := range shown {
		require.Equal(t, want, Text(text))
	}
	require.Equal(t, `\x9b31m \xff`, Text("\x9b31m \xff"), "a terminal may not want UTF-8")
	require.Equal(t, "one\ntwo\\x1b", Lines("one\ntwo\x1b"))
}

func TestADocumentKeepsItsMeaning(t *testing.T) {
	for text := range shown {
		document, err := json.Marshal(map[string]any{text + "name": []any{text, map[string]any{"x": text}}})
		require.NoError(t, err)
		require.JSONEq(t, string(document), string(JSON(document)))
		require.Equal(t, -1, strings.IndexFunc(string(JSON(document)), odd), "%q", JSON(document))
	}
	pretty := "{\n  \"a\": 1\r\n}\n"
	require.Equal(t, pretty, string(JSON([]byte(pretty))))
	require.Equal(t, `"\ufffd"`, string(JSON([]byte("\"\x9b\""))), "which is what a reader takes it for")
}

func TestEveryStringOfADocumentIsShown(t *testing.T) {
	for text, want := range shown {
		document, err := json.Marshal(map[string]any{text + "name": []any{text, map[string]any{"x": text}}, "n": 1.50})
		require.NoError(t, err)
		wanted, err := json.Marshal(map[string]any{want + "name": []any{want, map[string]any{"x": want}}, "n": 1.50})
		require.NoError(t, err)
		require.JSONEq(t, string(wanted), string(Strings(document)))
	}
	for document, want := range map[string]string{
		`"\u001b\u202E\ud83d\ude00\udb40\udc41"`: `"\\x1b\\u202e\ud83d\ude00\\U000e0041"`,
		`"\\u001b\/\"\t"`:                        `"\\u001b\/\"\t"`,
		`"\ud83d \u0041"`:                        `"\ud83d \u0041"`,
		"{\n \"a\":\"\\n\"}":                     "{\n \"a\":\"\\\\x0a\"}",
	} {
		require.Equal(t, want, string(Strings([]byte(document))))
	}
}

func FuzzJSON(f *testing.F) {
	for text := range shown {
		f.Add(text)
	}
	f.Add("\"\\\\\\u001b\\ud83d\\ude00\\ud83d\"")
	f.Fuzz(func(t *testing.T, text string) {
		require.True(t, utf8.ValidString(Text(text)))
		require.Equal(t, -1, strings.IndexFunc(Text(text), odd))
		require.Equal(t, Text(text), Text(Text(text)))
		var value, same, safe any
		if json.Unmarshal([]byte(text), &value) != nil {
			Strings([]byte(text)) // garbage in, garbage out, but no panic
			return
		}
		require.NoError(t, json.Unmarshal(JSON([]byte(text)), &same))
		require.Equal(t, value, same)
		require.NoError(t, json.Unmarshal(Strings([]byte(text)), &safe))
		if s, ok := value.(string); ok {
			require.Equal(t, Text(s), safe)
		}
	})
}
