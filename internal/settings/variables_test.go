package settings

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnvWinsOverEnvFilesAndTheLaterFileOverTheEarlier(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a.env", "IN_A=a\nIN_BOTH=a\nIN_ALL=a\nFLAG=a\n")
	write(t, "b.env", "IN_B=b\nIN_BOTH=b\nIN_ALL=b\n")
	path := write(t, "rota.yaml", "env_file: [a.env, b.env]\nenv: {IN_ALL: env, IN_ENV: env, FLAG: env, 'with.dot': x}\n")
	s, err := Load(flagsOf(t, "--env", "FLAG=flag", "--env", "NEW=flag"), nil, path, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"FLAG=flag", "IN_A=a", "IN_ALL=env", "IN_B=b", "IN_BOTH=b", "IN_ENV=env", "NEW=flag", "with.dot=x"}, s.Env)

	s, err = Load(flagsOf(t, "--env-file", "b.env"), nil, path, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"FLAG=env", "IN_ALL=env", "IN_B=b", "IN_BOTH=b", "IN_ENV=env", "with.dot=x"}, s.Env, "the file's env still wins over the flag's env file")
}

func TestAnEnvFileIsReadLineByLine(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.env", strings.Join([]string{
		"# a comment", "", "PLAIN=a b", "export EXPORTED=1", "EMPTY=", `DOUBLE="a # b\n$HOME"`, `SINGLE='{"a": 1}' # comment`, "SPACED = x # comment",
		"DOLLAR=$PLAIN ${PLAIN}", `BACK=C:\x`, "AGAIN=1", "AGAIN=2", "CRLF=1\r", "COMMENT=# nothing", "LAST=x=y",
	}, "\n"))
	s, err := Load(flagsOf(t, "--env-file", "app.env"), nil, "", nil)
	require.NoError(t, err)
	require.Equal(t, []string{
		"AGAIN=2", `BACK=C:\x`, "COMMENT=", "CRLF=1", "DOLLAR=$PLAIN ${PLAIN}", "DOUBLE=a # b\n$HOME", "EMPTY=", "EXPORTED=1", "LAST=x=y", "PLAIN=a b",
		`SINGLE={"a": 1}`, "SPACED=x",
	}, s.Env)
}

// The values stay out of it: they may be secrets.
func TestEveryBadLineOfAnEnvFileIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.env", strings.Join([]string{
		"GOOD=1", "no equals sign", "1A=s3cret", "A B=s3cret", `OPEN="s3cret`, "HASH=s3#cret", `JSON={"s3": "cret"}`, "LISTEN_PID=1", `ZERO="s3\u0000cret"`, "=s3cret", "LONG=" + strings.Repeat("x", 1<<17),
	}, "\n"))
	_, err := Load(flagsOf(t, "--env-file", "app.env"), nil, "", nil)
	requireComplaints(t, err,
		"app.env:2: missing =",
		"app.env:3: key must start with [A-Za-z_] but found '1'",
		"app.env:4: key characters must be [A-Za-z0-9/_.] but found ' '",
		`app.env:5: unmatched "`,
		"app.env:6: a value that holds # needs quotes around it",
		`app.env:7: a value that holds " needs quotes around it`,
		"app.env:8: LISTEN_PID: rota sets this variable for each worker; it cannot be set",
		"app.env:9: ZERO: the value holds a zero byte",
		"app.env:10: empty key",
		"app.env:11: bufio.Scanner: token too long",
	)
}

func TestNoComplaintQuotesAValue(t *testing.T) {
	_, err := load(t, "env:\n  A: [s3cret]\n  LISTEN_FDS: s3cret\n  B: \"s3cret\\0\"\n", nil, "--env", "=s3cret", "--env", "NOTIFY_SOCKET=s3cret")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
}
