package launch

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The kernel says of all of them that there is no such file, as if the program were missing.
func TestWhatIsMissingIsNamed(t *testing.T) {
	shell, err := os.ReadFile("/bin/sh")
	require.NoError(t, err)
	start := bytes.Index(shell, []byte("/lib")) // of the loader's path, which stands before all else
	require.Positive(t, start)
	shell[start+1] = 'L'
	for name, c := range map[string]struct{ content, complaint string }{
		"CR LF":                   {"#!/bin/sh\r\necho hello\r\n", `its first line ends in CR LF, as on Windows, so that it asks for a program named "/bin/sh\r"; remove the CRs`},
		"CR LF after a space":     {"#! /bin/sh\r\n", `named "/bin/sh\r"`},
		"CR LF and env":           {"#!/usr/bin/env node\r\n", `named "node\r"`},
		"CR LF and env -S":        {"#!/usr/bin/env -S node\r\n", `named "node\r"`},
		"CR LF without a newline": {"#!/bin/sh\r", `named "/bin/sh\r"`},
		"no interpreter":          {"#!/no/such/interpreter -x\n", `its first line asks for "/no/such/interpreter", which is not there: no such file or directory`},
		"no loader":               {string(shell), `it was built for another system, whose loader /Lib`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := scriptWith(t, c.content)
			requireFails(t, launched(t, path, "name"), c.complaint)
		})
	}
}

func TestACarriageReturnElsewhereIsTheProgramsOwnAffair(t *testing.T) {
	requireSays(t, launched(t, scriptWith(t, "#!/bin/sh\necho fine\r\n"), "name"), "fine")
}
