package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// atTerminal runs a shell that has a terminal to itself, as its session's leader. The script finds rota's
// command line in "$@".
func atTerminal(t *testing.T, script string) (r *rota, hangUp func()) {
	t.Helper()
	opened, seen, err := pty.Open()
	require.NoError(t, err)
	held := closable(t, opened)
	address := freeAddress(t)
	r = &rota{t: t, log: newLogBuffer(), exited: make(chan struct{}), admin: "http://" + address, tcp: freeAddress(t)}
	r.command = exec.Command("/bin/sh", "-c", script, "sh", binary, "--workers", "2", "--admin", address, "--listen", r.tcp, "--log-format", "json")
	r.command.Dir = t.TempDir() // where nohup writes
	r.command.Stdin, r.command.Stdout, r.command.Stderr = seen, seen, seen
	r.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, r.command.Start())
	require.NoError(t, seen.Close())
	go r.read(held)
	r.eventually("ready", func() bool { return r.get("/readyz", nil) == http.StatusOK && r.status().Pool.Ready == 2 })
	master := r.master()
	t.Cleanup(func() {
		_ = syscall.Kill(master.pid, syscall.SIGQUIT)
		_ = r.command.Process.Kill() // the shell
		held.Close()
		r.eventually("gone", func() bool { return !master.lives() })
	})
	return r, func() { held.Close() }
}

// closable is the terminal's other end as a file that can be closed while somebody reads it.
func closable(t *testing.T, opened *os.File) *os.File {
	t.Helper()
	fd, err := unix.Dup(int(opened.Fd()))
	require.NoError(t, err)
	require.NoError(t, opened.Close())
	unix.CloseOnExec(fd)
	require.NoError(t, unix.SetNonblock(fd, true))
	return os.NewFile(uintptr(fd), "terminal")
}

func (r *rota) master() process { return findProcess(r.status().PID) }

// With tostop the kernel stops who prints to the terminal in the background, by a signal that means something
// else to rota. It goes to the whole group, whoever of it printed.
func TestATerminalDoesNotShrinkThePool(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"rota prints":  `stty tostop; set -m; "$@" & wait`,
		"another does": `stty tostop; set -m; "$@" 2>&1 | tee /dev/null & wait`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := atTerminal(t, script)
			for range 3 { // which print
				require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=completed", "", nil))
			}
			require.Equal(t, 2, r.status().Pool.Size)
		})
	}
}

func TestATerminalThatGoesAwayStopsRota(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"rota leads its session":       `exec "$@"`,
		"in the foreground":            `"$@"`,
		"a shell tells its jobs":       `set -m; "$@" & trap 'kill -HUP $!; exit' HUP; wait`,
		"a shell tells them before it": `set -m; "$@" & trap 'kill -HUP $!; exit' USR1; wait`, // as zsh does at exit
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, hangUp := atTerminal(t, script)
			master := r.master()
			if strings.Contains(script, "USR1") {
				r.signal(syscall.SIGUSR1)
			} else {
				hangUp()
			}
			r.eventually("stopped", func() bool { return !master.lives() })
		})
	}
}

func TestAMasterThatOutlivesItsTerminalReloadsAtSIGHUP(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"nohup":  `exec nohup "$@" 2>&1`,
		"setsid": `setsid "$@" & wait`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, hangUp := atTerminal(t, script)
			hangUp()
			require.NoError(t, syscall.Kill(r.master().pid, syscall.SIGHUP))
			r.eventually("reloaded", func() bool { return r.status().Totals.ReloadsCompleted > 0 })
		})
	}
}

// At a terminal that is there, who tells rota to reload means it.
func TestAShellReloadsItsJob(t *testing.T) {
	t.Parallel()
	r, _ := atTerminal(t, `set -m; "$@" & trap 'kill -HUP $!' USR1; while :; do wait; done`)
	r.signal(syscall.SIGUSR1)
	r.eventually("reloaded", func() bool { return r.status().Totals.ReloadsCompleted > 0 })
}
