package check

import (
	"net/url"
	"regexp"
	"strings"

	"rota/internal/record"
)

// A check may hold secrets: a password or a token in its URL, a header among a command's arguments. What
// is said of a check goes to everybody who may read the API, the events and the log.

const hidden = "…"

// named is the check as people are told of it.
func named(c record.Check) string {
	switch c.Kind {
	case record.CheckTCP:
		return c.String()
	case record.CheckCommand:
		return namedCommand(c.Target)
	default:
		return namedURL(c.String())
	}
}

var (
	userinfo = regexp.MustCompile(`//[^/?#]*@`)
	perhaps  = regexp.MustCompile(`//.*@`) // the same where the text is no URL
	query    = regexp.MustCompile(`\?.+`)
)

// namedURL leaves out the user, the password and the query, also of what is no URL.
func namedURL(text string) string {
	user := userinfo
	if _, err := url.Parse(text); err != nil {
		user = perhaps
	}
	return query.ReplaceAllString(user.ReplaceAllString(text, "//"+hidden+"@"), "?"+hidden)
}

// program is the word that a command begins with, if it is one and no assignment, quotation or expansion.
var program = regexp.MustCompile(`^\s*([\w./+-]+)(?:\s+|$)`)

// namedCommand is the program without its arguments.
func namedCommand(line string) string {
	name, rest := splitCommand(line)
	return strings.TrimSpace(name + strings.Repeat(" "+hidden, min(1, len(rest))))
}

func splitCommand(line string) (name, rest string) {
	found := program.FindStringSubmatch(line)
	if found == nil {
		return "", strings.TrimSpace(line)
	}
	return found[1], strings.TrimSpace(line[len(found[0]):])
}

// argument is a quoted string, or what is assigned.
var argument = regexp.MustCompile(`'([^']*)'|"([^"]*)"|=([^\s'"]+)`)

// leastHidden is how many bytes an argument has that is looked for in the output: a shorter one is no secret, and
// would be found everywhere.
const leastHidden = 6

// withoutArguments is the output of a command that may have printed what it was called with, as sh -x and curl -v do.
func withoutArguments(output []string, line string) []string {
	_, rest := splitCommand(line)
	secrets := append([]string{rest}, strings.Split(rest, "\n")...)
	for _, found := range argument.FindAllStringSubmatch(line, -1) {
		secrets = append(secrets, found[1]+found[2]+found[3])
	}
	var list []string
	for _, text := range output {
		for _, secret := range secrets {
			if len(secret) >= leastHidden {
				text = strings.ReplaceAll(text, secret, hidden)
			}
		}
		list = append(list, text)
	}
	return list
}
