package settings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func TestAdminIsSaidByTheFileTheEnvironmentAndTheFlagsInThatOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rota.yaml")
	require.NoError(t, os.WriteFile(file, []byte("admin: 127.0.0.1:3\nwokers: 3\nready: soon\n"), 0o600))
	variable := []string{"ROTA_ADMIN=127.0.0.1:4", "ROTA_LOUD=1", "ROTA_WORKERS=many"}
	for _, c := range []struct {
		args    []string
		environ []string
		file    string
		want    string
	}{
		{nil, nil, "", "127.0.0.1:11112"},
		{nil, nil, file, "127.0.0.1:3"},
		{nil, variable, file, "127.0.0.1:4"},
		{[]string{"--admin", "127.0.0.1:5"}, variable, file, "127.0.0.1:5"},
		{[]string{"--admin", "127.0.0.1:5"}, []string{"ROTA_ADMIN="}, "/nowhere.yaml", "127.0.0.1:5"},
	} {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		RegisterAdmin(flags)
		require.NoError(t, flags.Parse(c.args))
		got, err := Admin(flags, c.environ, c.file)
		require.NoError(t, err, "mistakes in other settings are the master's business")
		require.Equal(t, c.want, got)
	}
}

func TestAdminIsComplainedAboutWhereItIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rota.yaml")
	require.NoError(t, os.WriteFile(file, []byte("workers: 3\nadmin: here\n"), 0o600))
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	RegisterAdmin(flags)
	_, err := Admin(flags, nil, file)
	require.EqualError(t, err, file+`:2: admin: "here" is not host:port`)
	_, err = Admin(flags, []string{"ROTA_ADMIN=here"}, file)
	require.EqualError(t, err, `ROTA_ADMIN: "here" is not host:port`)
	_, err = Admin(flags, nil, "/nowhere.yaml")
	require.EqualError(t, err, "settings file: open /nowhere.yaml: no such file or directory")
}
