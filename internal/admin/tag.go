package admin

import "strings"

// entityTag is one of a list in If-Match or If-None-Match (RFC 9110, 8.8.3).
type entityTag struct {
	opaque string // without its quotes
	weak   bool
	quoted bool // as the standard demands; people may type a bare word
}

// readTags splits a list of tags, which may contain commas. anything: the list is *. ok is false if it is no
// list of tags.
func readTags(fields []string) (tags []entityTag, anything, ok bool) {
	rest := strings.Trim(strings.Join(fields, ","), " \t,")
	if rest == "*" {
		return nil, true, true
	}
	for rest != "" {
		var tag entityTag
		rest, tag.weak = strings.CutPrefix(rest, "W/")
		if quoted, found := strings.CutPrefix(rest, `"`); found {
			tag.quoted = true
			if tag.opaque, rest, found = strings.Cut(quoted, `"`); !found {
				return nil, false, false
			}
		} else {
			i := strings.IndexAny(rest+",", " \t,")
			tag.opaque, rest = rest[:i], rest[i:]
		}
		after := strings.TrimLeft(rest, " \t")
		if after != "" && after[0] != ',' || !tag.valid() {
			return nil, false, false
		}
		tags = append(tags, tag)
		rest = strings.TrimLeft(after, " \t,")
	}
	return tags, false, len(tags) > 0
}

func (t entityTag) valid() bool {
	if !t.quoted && (t.opaque == "" || t.weak) {
		return false
	}
	return !strings.ContainsFunc(t.opaque, func(c rune) bool { return c <= ' ' || c == '"' || c == 0x7f })
}
