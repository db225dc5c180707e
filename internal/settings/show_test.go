package settings

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireShownAsLoaded returns how the source is shown on top of the defaults.
func requireShownAsLoaded(t *testing.T, s source) string {
	t.Helper()
	effective, err := explain(fromDefaults(), s)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := WriteYAML(&out, effective); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// withoutComments leaves out where each line came from.
func withoutComments(shown string) string {
	var lines []string
	for line := range strings.SplitSeq(shown, "\n") {
		if !strings.HasPrefix(line, "#") {
			if i := strings.LastIndex(line, "  # "); i >= 0 {
				line = line[:i]
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestWhatIsShownSaysWhereItCameFrom(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.env", "\nSECRET=s3cr3t\nPORT=1\nMODE=file\n")
	path := write(t, "rota.yaml", `workers: 2
listen:
  - {name: web, address: ":8080"}
env:
  PORT: 8080
  MODE: production
umask: 0022
stop_signal: hup
dir: "/srv/my app # 1"
env_file: [app.env]
`)
	effective, err := Explain(flagsOf(t, "--env", "MODE=debug", "--drain-timeout", "90s"), []string{"ROTA_WORKERS=4"}, path, []string{"gunicorn", "app:app", "{slot}"})
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, WriteYAML(&out, effective))
	require.Equal(t, `# What rota run would start with, and who says so. The values of the workers' environment
# and of headers are hidden: they may be secrets.
listen: ["web=:8080"]  # rota.yaml:2
workers: 4  # ROTA_WORKERS
command: [gunicorn, "app:app", "{slot}"]  # command behind --
dir: "/srv/my app # 1"  # rota.yaml:9
env:
  MODE: "(hidden)"  # --env
  PORT: "(hidden)"  # rota.yaml:5
  SECRET: "(hidden)"  # app.env:2
env_file: [app.env]  # rota.yaml:10
# user:  # default: rota's own
# group:  # default: the user's own
umask: "0022"  # rota.yaml:7
open_files: 0  # default
no_new_privileges: false  # default
ready: auto  # default for programs
start_timeout: 1m0s  # default
stop_signal: SIGHUP  # rota.yaml:8
stop_group: false  # default
drain_timeout: 1m30s  # --drain-timeout
watchdog: 0s  # default
max_draining: 4  # default
surge: "1"  # default
canary: 0  # default
canary_soak: 0s  # default
pause_between: 0s  # default
soak: 2s  # default for programs
# check:  # default: none
check_timeout: 5s  # default
# probe_header:  # default: none
probe_interval: 50ms  # default
admin: "127.0.0.1:11112"  # default
# admin_host:  # default: none
event_streams: 256  # default
log_level: info  # default
log_format: auto  # default
`, out.String())

	for _, e := range effective {
		if e.Key == envKey {
			require.Equal(t, "--env, rota.yaml, app.env", e.Source)
		}
	}

	shown := write(t, "shown.yaml", out.String())
	want, err := Load(flagsOf(t, "--env", "MODE=debug", "--drain-timeout", "90s"), []string{"ROTA_WORKERS=4"}, path, []string{"gunicorn", "app:app", "{slot}"})
	require.NoError(t, err)
	got, err := Load(flagsOf(t), nil, shown, nil)
	require.NoError(t, err, "rota can load it again")
	want.Env = []string{"MODE=" + Hidden, "PORT=" + Hidden, "SECRET=" + Hidden}
	require.Equal(t, want, got)
}

func TestNothingIsShownOfSettingsWithMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	effective, err := Explain(flagsOf(t, "--workers", "many", "--env-file", "gone.env"), nil, "", nil)
	require.Empty(t, effective)
	requireComplaints(t, err, `--workers: "many" is not a whole number from 0 to 1024`, "--env-file: open gone.env: no such file or directory")
}

func TestAFilesNameCannotBreakOutOfAComment(t *testing.T) {
	shown := requireShownAsLoaded(t, fromYAML("a\nworkers: 9\n", []byte("workers: 2")))
	require.Contains(t, shown, "\nworkers: 2  # a\uFFFDworkers: 9\uFFFD:1\n")
}
