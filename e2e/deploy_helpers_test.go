package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// How a faulty program is deployed, and what two deploy hooks are told about it.

// siteMark is a variable by which a test's processes are known.
const siteMark = "E2E_SITE"

// stage is a site whose program is faulty now and then.
type stage struct {
	site
	*rota
	slots int
}

// newStage has version one in so many slots. The settings are those of the site's file.
func newStage(t *testing.T, slots int, first string, settings ...string) *stage {
	t.Helper()
	g := &stage{site: newSite(t), slots: slots}
	g.settings(settings...)
	g.deploy("one", first)
	command := exec.Command(binary, "run", "--config", g.file)
	command.Env = append(os.Environ(), siteMark+"="+g.dir)
	g.rota = startCommand(t, command)
	return g
}

func (g *stage) settings(lines ...string) {
	g.site.t.Helper()
	g.write(append(lines, "listen: ['127.0.0.1:0']", "workers: "+strconv.Itoa(g.slots), "dir: "+filepath.Join(g.dir, "current"),
		"command: [./app]", "ready: notify")...)
}

// deploy makes current a version of the program with these faults.
func (g *stage) deploy(version, faults string) {
	g.site.t.Helper()
	g.deployScript(version, fmt.Sprintf("#!/bin/sh\nexec %s -version %s %s\n", g.self(), version, faults), 0o755)
}

// self is how a shell runs the faulty program.
func (g *stage) self() string {
	g.site.t.Helper()
	return "'" + faulty + "'"
}

// deployScript makes it any file; mode 0 stands for none.
func (g *stage) deployScript(version, script string, mode os.FileMode) {
	g.site.t.Helper()
	dir := filepath.Join(g.dir, version)
	require.NoError(g.site.t, os.MkdirAll(dir, 0o755))
	if mode != 0 {
		require.NoError(g.site.t, os.WriteFile(filepath.Join(dir, "app"), []byte(script), mode))
	}
	g.current(version)
}

// path is that of a file that something waits for.
func (g *stage) path(name string) string { return filepath.Join(g.dir, name) }

// touch has happen what waits for the file.
func (g *stage) touch(name string) {
	g.site.t.Helper()
	require.NoError(g.site.t, os.WriteFile(g.path(name), nil, 0o644))
}

func (g *stage) remove(name string) {
	g.site.t.Helper()
	require.NoError(g.site.t, os.Remove(g.path(name)))
}

// verdict is what somebody was told who waited for a reload over HTTP.
type verdict struct {
	status      int
	contentType string
	problem
	reload reloadView // also out of a problem
}

// post sends a request with headers, given as names and values, and returns the answer. Nobody answers: the
// status is 0.
func (r *rota) post(ctx context.Context, path, body string, header ...string) (v verdict) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.admin+path, strings.NewReader(body))
	require.NoError(r.t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return v
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	v.status, v.contentType = response.StatusCode, response.Header.Get("Content-Type")
	if v.status < 300 {
		require.NoError(r.t, json.Unmarshal(content, &v.reload), string(content))
		return v
	}
	require.Equal(r.t, "application/problem+json", v.contentType)
	require.NoError(r.t, json.Unmarshal(content, &v.problem), string(content))
	require.Equal(r.t, v.status, v.Status)
	require.Equal(r.t, http.StatusText(v.status), v.Title)
	require.NotEmpty(r.t, v.Detail)
	if v.Reload != nil {
		v.reload = *v.Reload
	}
	return v
}

// hooks are two that ask for the same reload and wait for its end: one with HTTP, one with the command.
type hooks struct {
	r      *rota
	id     string
	http   chan verdict
	ended  chan struct{} // the command has
	rota   *exec.Cmd
	stdout bytes.Buffer
	stderr bytes.Buffer
}

// reloadTwice starts them; they wait to the end. Flags are those of the command that only concern waiting, such
// as --require=lossless.
func (r *rota) reloadTwice(flags ...string) *hooks {
	r.t.Helper()
	key := uuid.NewString()
	h := &hooks{r: r, http: make(chan verdict, 1), ended: make(chan struct{})}
	h.rota = r.asking(append([]string{"reload", "--json", "--idempotency-key", key}, flags...)...)
	h.rota.Stdout, h.rota.Stderr = &h.stdout, &h.stderr
	require.NoError(r.t, h.rota.Start())
	go func() { _ = h.rota.Wait(); close(h.ended) }()
	query := "/reload?wait=completed"
	if slices.Contains(flags, "--require=lossless") {
		query += "&require=lossless"
	}
	first := r.post(r.t.Context(), "/reload", "", "Idempotency-Key", key)
	require.Equal(r.t, http.StatusAccepted, first.status)
	h.id = first.reload.ID
	go func() { h.http <- r.post(context.Background(), query, "", "Idempotency-Key", key) }()
	return h
}

// now is the reload as it is.
func (h *hooks) now() (view reloadView) {
	h.r.t.Helper()
	require.Equal(h.r.t, http.StatusOK, h.r.get("/reloads/"+h.id, &view))
	return view
}

// until waits for something to be true of the reload.
func (h *hooks) until(what string, is func(reloadView) bool) {
	h.r.t.Helper()
	h.r.eventually(what, func() bool { return is(h.now()) })
}

func (h *hooks) reaches(state string) {
	h.r.t.Helper()
	h.until(state, func(v reloadView) bool { return v.State == state })
}

// settled is the reload once nothing can change its receipt any more.
func (h *hooks) settled() (v reloadView) {
	h.r.t.Helper()
	defer func() {
		if h.r.t.Failed() {
			h.r.t.Logf("the receipt of the reload, which is %s: %+v", v.State, v.Receipt)
		}
	}()
	h.until("all has left", func(now reloadView) bool {
		v = now
		return now.Receipt.Lossless != nil && now.Draining == 0
	})
	return v
}

// verdicts are what both were told: they must agree.
func (h *hooks) verdicts() (told verdict, exitCode int) {
	h.r.t.Helper()
	told = <-h.http
	<-h.ended
	require.Equal(h.r.t, h.id, told.reload.ID, "status %d: %s", told.status, told.Detail)
	var printed reloadView
	require.NoError(h.r.t, json.Unmarshal(h.stdout.Bytes(), &printed), "%s\n%s", &h.stdout, &h.stderr)
	require.Equal(h.r.t, h.id, printed.ID)
	require.Equal(h.r.t, told.reload.State, printed.State)
	require.Contains(h.r.t, h.stderr.String(), "reload "+h.id, "the verdict")
	return told, h.rota.ProcessState.ExitCode()
}

// clients are a load of short visits, and some that stay.
type clients struct {
	*churn
	g    *stage
	held []net.Conn
}

// serveClients starts them.
func (g *stage) serveClients(version string) *clients {
	g.rota.t.Helper()
	return &clients{g: g, held: g.hold(version), churn: startChurn(2, func() error {
		time.Sleep(pace)
		_, err := visit(g.tcp)
		return err
	})}
}

// hold opens connections that have each been greeted by the version.
func (g *stage) hold(version string) (list []net.Conn) {
	g.rota.t.Helper()
	for range 4 {
		c, answer := g.greeted()
		require.Equal(g.rota.t, version, answer)
		list = append(list, c)
	}
	return list
}

// holdOne opens connections until the version answers one, and keeps that.
func (g *stage) holdOne(version string) (held net.Conn) {
	g.rota.t.Helper()
	g.eventually("greeted by version "+version, func() bool {
		c, answer := g.greeted()
		if answer != version {
			require.NoError(g.rota.t, leave(c))
			return false
		}
		held = c
		return true
	})
	return held
}

func (g *stage) greeted() (c net.Conn, version string) {
	g.rota.t.Helper()
	c, err := net.DialTimeout("tcp", g.tcp, patience)
	require.NoError(g.rota.t, err)
	g.rota.t.Cleanup(func() { c.Close() })
	version, err = askVersion(c)
	require.NoError(g.rota.t, err)
	return c, version
}

// farewell checks that each connection is still with the version that it came to, and ends it.
func (g *stage) farewell(held []net.Conn, version string) {
	g.rota.t.Helper()
	for _, c := range held {
		answer, err := askVersion(c)
		require.NoError(g.rota.t, err)
		require.Equal(g.rota.t, version, answer)
		require.NoError(g.rota.t, leave(c))
	}
}

// allLeave ends them all. Nobody must have been let down.
func (c *clients) allLeave(version string) {
	c.g.rota.t.Helper()
	c.stop(c.g.rota.t)
	c.g.farewell(c.held, version)
}

// giveUp ends them, whatever has happened to them.
func (c *clients) giveUp() {
	c.cancel()
	c.lanes.Wait()
	for _, conn := range c.held {
		conn.Close()
	}
}

// pace is the pause between two visits of a client: enough of them come, and the machine has time for others.
const pace = time.Millisecond

// impatience is how long a client waits that nobody may answer.
const impatience = 10 * time.Second

// askVersion asks over an open connection.
func askVersion(c net.Conn) (string, error) {
	if err := c.SetDeadline(time.Now().Add(impatience)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, "ping"); err != nil {
		return "", fmt.Errorf("send: %w", err)
	}
	buffer := make([]byte, 100)
	n, err := c.Read(buffer)
	if err != nil {
		return "", fmt.Errorf("receive: %w", err)
	}
	return strings.TrimSpace(string(buffer[:n])), nil
}

// visit connects, asks and leaves.
func visit(address string) (version string, err error) {
	c, err := net.DialTimeout("tcp", address, impatience)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	if version, err = askVersion(c); err != nil {
		return "", err
	}
	return version, leave(c)
}

// requireServed checks who serves, by what /status says, by each worker and over real connections.
func (g *stage) requireServed(version string, generation int) {
	g.rota.t.Helper()
	require.Equal(g.rota.t, generation, g.status().Generation)
	g.eventually("every slot is served", func() bool {
		slots := map[int]bool{}
		for _, w := range g.workers() {
			slots[w.Slot] = slots[w.Slot] || w.State == "ready" && w.Generation == generation
		}
		for slot := range g.slots {
			if !slots[slot] {
				return false
			}
		}
		return true
	})
	// Whoever was told to leave accepts until it has heard that.
	g.eventually("every visitor meets version "+version, func() bool {
		for range 3 * g.slots {
			answer, err := visit(g.tcp)
			require.NoError(g.rota.t, err)
			if answer != version {
				return false
			}
		}
		return true
	})
}

// requireRepairable checks that a good deploy works again.
func (g *stage) requireRepairable() {
	g.rota.t.Helper()
	g.deploy("repaired", "")
	g.settings()
	require.Equal(g.rota.t, g.slots, g.reload("").Replaced)
	g.requireServed("repaired", g.status().Generation)
}

// requireNothingLeft waits until there is one process a slot, and nothing else of the site.
func (g *stage) requireNothingLeft() {
	g.rota.t.Helper()
	g.eventually("one process for each slot", func() bool { return g.processCount() == g.slots })
}

// processCount counts the processes of the site without its master.
func (g *stage) processCount() int {
	list, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(g.rota.t, err)
	n := 0
	for _, path := range list {
		environment, err := os.ReadFile(path)
		if err == nil && bytes.Contains(environment, []byte(siteMark+"="+g.dir+"\x00")) {
			n++
		}
	}
	return n - 1
}

// eventsOf are all of the reload's, in order.
func (g *stage) eventsOf(id string) []event {
	g.rota.t.Helper()
	list := g.open(http.MethodGet, "/reloads/"+id+"/events").rest()
	for i, e := range list {
		require.Equal(g.rota.t, id, e.ReloadID)
		require.Equal(g.rota.t, e.Type, e.Name)
		require.True(g.rota.t, i == 0 || list[i-1].Seq < e.Seq)
	}
	return list
}

// types are those of the reload's own events, without the progress, each with the state that it came from.
func types(list []event) (names []string) {
	for _, e := range list {
		if strings.HasPrefix(e.Type, "reload.") && e.Type != "reload.progress" {
			names = append(names, strings.TrimPrefix(e.Type, "reload."))
		}
	}
	return names
}

// requireCovered reads all that has happened up to an event, and checks that nobody was told to leave
// a slot that no other ready worker had.
func (g *stage) requireCovered(last event) {
	g.rota.t.Helper()
	ready := map[string]int{} // slots by worker
	all := g.open(http.MethodGet, "/events?after=0")
	defer all.close()
	for {
		e, err := all.next()
		require.NoError(g.rota.t, err)
		switch e.Type {
		case "worker.ready":
			ready[e.Worker.ID] = e.Worker.Slot
		case "worker.draining", "worker.exited":
			_, was := ready[e.Worker.ID]
			delete(ready, e.Worker.ID)
			left := e.Type == "worker.draining" && was && !strings.Contains(e.Message, "watchdog") && !strings.Contains(e.Message, "shrinks")
			if left && !hasValue(ready, e.Worker.Slot) {
				require.Failf(g.rota.t, "a slot was left to nobody", "slot %d, by event %d: %s", e.Worker.Slot, e.Seq, e.Message)
			}
		}
		if e.Seq >= last.Seq {
			return
		}
	}
}

func hasValue(m map[string]int, value int) bool {
	for _, v := range m {
		if v == value {
			return true
		}
	}
	return false
}

// requireReceipt checks that the receipt has measured something and does not contradict itself.
func requireReceipt(t *testing.T, v reloadView) {
	t.Helper()
	r := v.Receipt
	require.NotNil(t, r)
	require.Equal(t, r.Probes.Sent, r.Probes.OK+r.Probes.Refused+r.Probes.Reset+r.Probes.Unanswered)
	require.NotNil(t, r.Connections.Cut)
	require.Equal(t, v.ConnectionsCut, *r.Connections.Cut)
	require.Len(t, r.CutConnections, *r.Connections.Cut+r.Connections.Dropped)
	require.NotNil(t, r.Lossless)
	require.Equal(t, len(r.Losses) == 0, *r.Lossless, r.Losses)
}

func requireLossless(t *testing.T, v reloadView) {
	t.Helper()
	requireReceipt(t, v)
	require.Empty(t, v.Receipt.Losses)
}
