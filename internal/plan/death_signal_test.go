package plan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/launch"
)

func TestAProgramThatGainsPrivilegesIsKnownToOutliveTheMaster(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file privileges")
	}
	copied := func(prepare func(path string)) *Plan {
		path := filepath.Join(t.TempDir(), "app")
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755))
		prepare(path)
		program, err := openProgram(path, "/", "", nil)
		require.NoError(t, err)
		t.Cleanup(program.drop)
		return &Plan{Program: program}
	}
	capable := func(path string) { // cap_net_bind_service+ep, as setcap writes it
		attribute := []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		require.NoError(t, unix.Setxattr(path, "security.capability", attribute, 0))
	}
	nobody := &launch.Account{UID: 65534, GID: 65534}
	for name, c := range map[string]struct {
		prepare func(path string)
		change  func(*Plan)
		want    string
	}{
		"plain":                        {func(string) {}, func(p *Plan) { p.account = nobody }, ""},
		"capabilities":                 {capable, func(p *Plan) { p.account = nobody }, "its file capabilities"},
		"capabilities that root has":   {capable, func(*Plan) {}, ""},
		"capabilities that are banned": {capable, func(p *Plan) { p.account, p.NoNewPrivs = nobody, true }, ""},
		"setuid": {func(path string) { require.NoError(t, os.Chmod(path, 0o755|os.ModeSetuid)) },
			func(p *Plan) { p.account = nobody }, "its setuid bit"},
		"setuid to who runs it": {func(path string) { require.NoError(t, os.Chmod(path, 0o755|os.ModeSetuid)) }, func(*Plan) {}, ""},
		"setgid": {func(path string) { require.NoError(t, os.Chmod(path, 0o755|os.ModeSetgid)) },
			func(p *Plan) { p.account = nobody }, "its setgid bit"},
	} {
		t.Run(name, func(t *testing.T) {
			p := copied(c.prepare)
			c.change(p)
			require.Equal(t, c.want, p.LosesDeathSignal())
		})
	}
}
