package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"

	"rota/internal/plan"
)

// program is a list of words. Text is refused, because splitting it would be a guess.
var program = kind{words, func(n *yaml.Node) (any, []complaint) {
	n = dereference(n)
	if s, err := scalar(n); err == nil && s != "" {
		return nil, complain(n, fmt.Errorf("%q is text; write the list %s", s, flow(strings.Fields(s))))
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return nil, complain(n, errors.New("it should be a list of the program and its arguments, such as [gunicorn, app:app]"))
	}
	found := make([]string, len(n.Content))
	var complaints []complaint
	for i, item := range n.Content {
		s, err := scalar(item)
		if err == nil && i == 0 && s == "" {
			err = errors.New("the name of the program is empty")
		}
		if err != nil {
			complaints = append(complaints, complain(item, err)...)
		}
		found[i] = s
	}
	return found, complaints
}, func() *schema {
	return &schema{Type: "array", MinItems: 1, Items: &schema{Type: []string{"string", "number", "boolean"}}}
}}

// stopSignals are the signals that may tell a program to finish and exit.
var stopSignals = []struct {
	name   string
	number syscall.Signal
}{
	{"TERM", syscall.SIGTERM}, {"INT", syscall.SIGINT}, {"QUIT", syscall.SIGQUIT}, {"HUP", syscall.SIGHUP},
	{"USR1", syscall.SIGUSR1}, {"USR2", syscall.SIGUSR2}, {"WINCH", syscall.SIGWINCH},
}

var stopSignal = kind{single, ofText(func(s string) (syscall.Signal, error) {
	word := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	for _, known := range stopSignals {
		if word == known.name || s == strconv.Itoa(int(known.number)) {
			return known.number, nil
		}
	}
	return 0, fmt.Errorf("%q is not one of TERM, INT, QUIT, HUP, USR1, USR2 and WINCH", s)
}), signalSchema}

// signalSchema has the usual spelling first, which editors offer, and then any case and any number.
func signalSchema() *schema {
	var names, patterns []string
	var numbers []any
	for _, known := range stopSignals {
		names = append(names, "SIG"+known.name)
		patterns = append(patterns, anyCase(known.name))
		numbers = append(numbers, int(known.number))
	}
	pattern := "^(" + anyCase("SIG") + ")?(" + strings.Join(patterns, "|") + ")$"
	return anyOf(enumOf(names...), &schema{Type: "string", Pattern: pattern}, &schema{Enum: numbers})
}

// anyCase spells out a pattern for both cases: regular expressions in JSON Schema have no flag for that.
func anyCase(word string) string {
	var pattern strings.Builder
	for _, c := range word {
		if lower := strings.ToLower(string(c)); lower != string(c) {
			pattern.WriteString("[" + string(c) + lower + "]")
		} else {
			pattern.WriteRune(c)
		}
	}
	return pattern.String()
}

// readiness is checked by the master.
var readiness = kind{single, ofText(func(s string) (string, error) {
	_, err := plan.ParseReadiness(s)
	return s, err
}), func() *schema {
	return anyOf(enumOf("auto", "notify", "tcp"), &schema{Type: "string", Pattern: "^(delay:.+|http:/.*|log:.+)$"})
}}
