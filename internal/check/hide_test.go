package check

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestACheckIsNamedWithoutItsSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"tcp":                                    "tcp",
		"http:/healthz":                          "http:/healthz",
		"http:/healthz?token=s3cret":             "http:/healthz?…",
		"https://me:s3cret@host:8443/x?k=s3cret": "https://…@host:8443/x?…",
		"http://s3cret@host/":                    "http://…@host/",
		"./smoke.sh":                             "./smoke.sh",
		"curl -H 'Authorization: s3cret' http:":  "curl …",
		"\n\tcurl s3cret":                        "curl …",
		"TOKEN=s3cret ./smoke":                   "…",
		"'s3cret'":                               "…",
		"$(echo s3cret)":                         "…",
		"a;s3cret":                               "…",
	} {
		c, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, named(c))
	}
	for _, text := range []string{"ftp://me:s3cret@host/", "https:s3cret?s3cret", "http://me:s3/cret@host", "http://me:s3cret@:80/", "http://h/?a=s3cret#x", "curl s3cret\x00", "http:/a b?s3cret"} {
		_, err := Parse(text)
		require.Error(t, err)
		if text != "https:s3cret?s3cret" {
			require.NotContains(t, err.Error(), "s3", text)
		}
	}
}

func TestACommandThatFailsKeepsItsArguments(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	for line, output := range map[string][]string{
		`curl -vH "Authorization: Bearer s3cret" http://h/`: {"> Authorization: Bearer s3cret", `+ curl -vH "Authorization: Bearer s3cret" http://h/`},
		`TOKEN=s3cret ./smoke`:                              {"+ TOKEN=s3cret", "sh: TOKEN=s3cret ./smoke: not found"},
		`./smoke --token s3cret`:                            {"+ ./smoke --token s3cret"},
		"set -x\n./smoke 's3cret'":                          {"+ ./smoke s3cret"},
	} {
		round := h.round(line, true)
		round.Commands = true
		round.Checks = append([]record.Check{{Kind: record.CheckCommand, Target: "true"}}, round.Checks...)
		round.Command = func(_ context.Context, got string, _ []string) ([]string, error) {
			if got == "true" {
				return nil, nil
			}
			require.Equal(t, line, got)
			return append(output, "no smoke"), errors.New("it exited with code 3")
		}
		r := Run(t.Context(), round)
		require.Contains(t, r.Message, "check 2, ")
		require.Contains(t, r.Output, "no smoke")
		for _, said := range append(r.Output, r.Message, r.Check) {
			require.NotContains(t, said, "s3cret")
		}
	}
}
