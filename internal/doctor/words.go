package doctor

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rota/internal/record"
)

// What a runtime prints around the line that says why it crashed: stack frames, carets, the state of the
// process.
var (
	noise = regexp.MustCompile(`^\s*(at |\.{3}|\^|~|[\]})]+,?;?$|File "|from |goroutine \d|created by |Node\.js v\d|exit status|\[signal |` +
		`#\d+ |stack backtrace|note: run with|Crash dump|code: '|errno: |syscall: '|requireStack|Traceback|Stack trace|throw |node:internal|[\w./-]+\.[\w.*()]+\([^ ]*\)$)|^\s+\S+:\d+( \+0x[0-9a-f]+)?$`)
	reason = regexp.MustCompile(`(?i)error|exception|panic|fatal|fail|cannot|can't|could not|unable|refused|denied|not found|no such|missing|invalid|in use|undefined|terminat`)
)

// wordsShown is how many lines of a crash are shown at most, and wordsLong how long each may be.
const (
	wordsShown = 3
	wordsLong  = 300
)

// lastWords quotes those of the program's last lines that help.
func lastWords(exit *record.Exit) string {
	told := telling(exit.Output)
	if len(told) == 0 {
		return ""
	}
	for i, line := range told {
		told[i] = fmt.Sprintf("%q", clip(strings.TrimSpace(line)))
	}
	return " (it last printed " + strings.Join(told, ", ") + ")"
}

// telling picks the lines that say why: the last one that gives a reason, and those around it. If all lines
// are noise, it picks the last ones that are not empty.
func telling(lines []string) []string {
	printed := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.TrimSpace(l) == "" })
	told := slices.DeleteFunc(slices.Clone(printed), noise.MatchString)
	if len(told) == 0 {
		told = printed
	}
	end := len(told)
	for i, line := range slices.Backward(told) {
		if reason.MatchString(line) {
			end = min(end, i+2)
			break
		}
	}
	return told[max(0, end-wordsShown):end]
}

func clip(line string) string {
	if r := []rune(line); len(r) > wordsLong {
		return string(r[:wordsLong]) + "…"
	}
	return line
}
