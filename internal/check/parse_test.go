package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestACheckIsReadAndWrittenTheSame(t *testing.T) {
	for text, want := range map[string]record.Check{
		"tcp":                           {Kind: record.CheckTCP},
		"http:/healthz?deep=1":          {Kind: record.CheckPath, Target: "/healthz?deep=1"},
		"http://127.0.0.1:80/up":        {Kind: record.CheckURL, Target: "http://127.0.0.1:80/up"},
		"https://example.com":           {Kind: record.CheckURL, Target: "https://example.com"},
		"./smoke.sh":                    {Kind: record.CheckCommand, Target: "./smoke.sh"},
		"curl -f http://localhost/, ok": {Kind: record.CheckCommand, Target: "curl -f http://localhost/, ok"},
		"tcpdump":                       {Kind: record.CheckCommand, Target: "tcpdump"},
		"VAR=a:b ./run":                 {Kind: record.CheckCommand, Target: "VAR=a:b ./run"},
	} {
		c, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, c)
		require.Equal(t, text, c.String())
	}
}

func TestWhatLooksLikeACheckAndIsNoneIsRefused(t *testing.T) {
	for text, why := range map[string]string{
		"":                    "an empty check",
		" \n":                 "an empty check",
		"ftp://host/":         "it may be tcp, http:/path",
		"tcp:80":              "it may be tcp, http:/path",
		"tcp://host:80":       "it may be tcp, http:/path",
		"https:/up":           "it may be tcp, http:/path",
		"http:":               `"" is not a path`,
		"http:up":             `"up" is not a path`,
		"http:/a b":           `"/a b" is not a path`,
		"http:/a#b":           `"/a#b" is not a path`,
		"http:/%zz":           `invalid URL escape "%zz"`,
		"http://":             "the host is missing",
		"http://:80/":         "the host is missing",
		"http://host:port/":   `invalid port ":port"`,
		"https://host/#there": "behind #",
		"a\x00b":              "a zero byte",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, why, text)
		_, err = FromRequest(text)
		require.ErrorContains(t, err, why, text)
	}
}

func TestACallerMayNeitherRunCommandsNorReachOthers(t *testing.T) {
	for _, text := range []string{"tcp", "http:/up"} {
		c, err := FromRequest(text)
		require.NoError(t, err)
		require.Equal(t, text, c.String())
	}
	for _, text := range []string{"true", "http://127.0.0.1/", "https://example.com/"} {
		c, err := FromRequest(text)
		require.ErrorContains(t, err, "belong in the settings")
		require.Zero(t, c)
	}
}
