package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A master that stands still, because somebody has stopped it or the machine that it runs on, finds when it
// goes on that its time limits are over, and that what it waited for has happened long ago.

const standLimit = 2 * time.Second

// standing is a master of one faulty worker that has a reload under way.
type standing struct {
	*rota
	dir string
	id  string
}

// touch and forget make and remove a file that the worker, or a check, waits for.
func (s *standing) touch(name string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, name), nil, 0o600))
}

func (s *standing) forget(name string) {
	s.t.Helper()
	require.NoError(s.t, os.Remove(filepath.Join(s.dir, name)))
}

func (s *standing) reload() (v reloadView) {
	s.get("/reloads/"+s.id, &v)
	return v
}

// started is how many workers have a process.
func (s *standing) started() (n int) {
	for _, w := range s.workers() {
		if w.PID != 0 {
			n++
		}
	}
	return n
}

// begin has a reload begin and waits until it has come so far.
func (s *standing) begin(body string, until func(reloadView) bool) {
	s.t.Helper()
	var v reloadView
	require.Equal(s.t, http.StatusAccepted, s.do(http.MethodPost, "/reload", body, &v))
	s.id = v.ID
	s.eventually("it has come so far", func() bool { return until(s.reload()) })
}

// standStill has the master stand still until something has happened, and until the limit is over.
func (s *standing) standStill(happens func()) {
	s.t.Helper()
	began := time.Now()
	s.signal(syscall.SIGSTOP)
	s.t.Cleanup(func() { _ = s.command.Process.Signal(syscall.SIGCONT) })
	happens()
	time.Sleep(time.Until(began.Add(standLimit + standLimit/4))) // it is this time that passes unseen
	s.signal(syscall.SIGCONT)
}

// verdict waits for the end.
func (s *standing) verdict() (v reloadView) {
	s.t.Helper()
	s.eventually("the reload has ended", func() bool {
		v = s.reload()
		return v.State == "completed" || v.State == "failed"
	})
	return v
}

// isOver waits until the process has ended, although its parent may not know.
func (s *standing) isOver(pid int) {
	s.t.Helper()
	s.eventually("the worker has ended", func() bool { state, _ := statOf(pid); return state == "" || state == "Z" })
}

// answered connects and is answered.
func (s *standing) answered() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.tcp)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { c.Close() })
	require.NoError(s.t, c.SetDeadline(time.Now().Add(patience)))
	_, err = c.Write([]byte("ping"))
	require.NoError(s.t, err)
	_, err = c.Read(make([]byte, 100))
	require.NoError(s.t, err)
	return c
}

var standstills = []struct {
	name     string
	settings []string
	run      func(s *standing, serving int)
	state    string // that the reload comes to
}{
	{"a worker was ready", []string{"--start-timeout", standLimit.String()}, func(s *standing, serving int) {
		s.forget("ready")
		s.begin("", func(reloadView) bool { return s.started() == 2 })
		s.standStill(func() {
			require.NoError(s.t, syscall.Kill(serving, syscall.SIGSTOP))
			s.eventually("it has stopped", func() bool { state, _ := statOf(serving); return state == "T" })
			s.touch("ready")
			s.answered().Close() // by the new one
			require.NoError(s.t, syscall.Kill(serving, syscall.SIGCONT))
		})
	}, "completed"},
	{"a worker had drained", []string{"--drain-timeout", standLimit.String()}, func(s *standing, serving int) {
		held := s.answered()
		s.begin("", func(v reloadView) bool { return v.State == "live" && v.Draining == 1 })
		require.NotEmpty(s.t, s.log.find(s.exited, "accepts nobody any more"))
		s.standStill(func() { held.Close(); s.isOver(serving) })
	}, "completed"},
	{"a worker on trial had died", []string{"--soak", standLimit.String()}, func(s *standing, _ int) {
		s.begin("", func(v reloadView) bool { return v.State == "live" && v.OnTrial && v.Draining == 0 })
		trial := s.workers()[0].PID
		s.standStill(func() { s.touch("exit"); s.isOver(trial); s.forget("exit") })
	}, "failed"},
	{"a check was passed", []string{"--check", "touch asked; while ! [ -e well ]; do sleep 0.01; done", "--check-timeout", standLimit.String()}, func(s *standing, _ int) {
		s.begin("", func(reloadView) bool { _, err := os.Stat(filepath.Join(s.dir, "asked")); return err == nil })
		s.standStill(func() { s.touch("well") })
	}, "completed"},
	{"a worker had fed its watchdog", []string{"--watchdog", standLimit.String()}, func(s *standing, _ int) {
		s.standStill(func() {})
		s.begin("", func(reloadView) bool { return true })
	}, "completed"},
}

func TestAMasterThatStoodStillReadsWhatHasArrived(t *testing.T) {
	for _, c := range standstills {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := &standing{rota: &rota{t: t}, dir: dir}
			s.touch("ready")
			args := slices.Concat([]string{"run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--workers", "1", "--ready", "notify"}, noTrial, c.settings,
				[]string{"--", faulty, "-version", "x", "-ready-when", filepath.Join(dir, "ready"), "-exit-when", filepath.Join(dir, "exit")})
			command := exec.Command(binary, args...)
			command.Dir = dir
			s.rota = startCommand(t, command)
			c.run(s, s.workers()[0].PID)
			v := s.verdict()
			require.Equal(t, c.state, v.State, v.Error)
			require.Zero(t, v.ConnectionsCut)
			require.NotContains(t, s.log.String(), "missed its watchdog")
		})
	}
}
