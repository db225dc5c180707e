package near

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheWordThatWasProbablyMeant(t *testing.T) {
	candidates := []string{"workers", "drain_timeout", "env", "dir", "env_file", "listen", "unix-2", "Web"}
	for word, want := range map[string]string{
		"wokers": "workers", "Workers": "workers", "drain-timeout": "drain_timeout", "evn": "env", "dri": "dir", "envfile": "env_file", "lsiten": "listen",
		"unix_2": "unix-2", "unix2": "unix-2", "web": "Web",
		"x": "", "us": "", "": "", "timeout": "", "workers_and_more": "", strings.Repeat("w", 5000): "",
	} {
		require.Equal(t, want, Word(word, candidates), word)
	}
}
