package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// page is the status page in a headless browser.
type page struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string // what the browser's console had to say
}

// openPage starts a browser of its own and opens the status page in it. A machine without
// a browser fails: `make test` installs one.
func openPage(r *rota) *page {
	r.t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	require.NotEmpty(r.t, path, "no browser: install Debian's chromium, or run make test")
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", "true"), chromedp.Flag("disable-component-update", "true"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	r.t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	r.t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(tab, 3*patience)
	r.t.Cleanup(cancel)
	p := &page{t: r.t, ctx: ctx}
	p.do(chromedp.Navigate("about:blank"))
	require.NoError(r.t, chromedp.Listen(ctx, p.listen))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(r.t, err)
	p.do(chromedp.Navigate(r.admin + "/"))
	return p
}

func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, fmt.Sprintf("console: %v", e.Args))
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, fmt.Sprintf("exception: %v", e.ExceptionDetails))
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL))
	}
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, actions...))
}

func (p *page) eval(script string) string {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](script))
	require.NoError(p.t, err, script)
	return fmt.Sprint(value)
}

// until waits for the page to be so.
func (p *page) until(script string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); p.eval("!!("+script+")") != "true"; {
		if time.Now().After(deadline) {
			p.shot("failed")
			require.FailNow(p.t, "never: "+script, p.eval("document.body.innerText"))
		}
		time.Sleep(10 * time.Millisecond) // the pause of a poll
	}
}

// shot writes a picture of the page to $E2E_SHOTS, for people to look at.
func (p *page) shot(name string) {
	dir := os.Getenv("E2E_SHOTS")
	if dir == "" {
		return
	}
	p.until(`document.getAnimations().every((a) => a.effect.getComputedTiming().iterations === Infinity)`)
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644))
}

func (p *page) view(width int64, scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500})
	require.NoError(p.t, err)
	_, err = chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(p.t, err)
}

func (p *page) noComplaints() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Empty(p.t, p.complaints)
}

const connected = `document.getElementById('connection').dataset.state === 'connected'`

func TestThePageShowsTheWorkersAndTheButtonRotatesThem(t *testing.T) {
	r := start(t, "--workers", "3")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="1"]').length === 3`)
	require.Equal(t, fmt.Sprint(r.status().PID), p.eval(`document.getElementById('master-pid').textContent.match(/\d+/)[0]`))
	p.shot("steady")

	// A held connection keeps one worker draining, so that the bar has something to wait for.
	held := hold(t, "tcp", r.tcp, 2)
	p.eval(`window.seen = []; new MutationObserver(() => {
		const bar = document.getElementById('reload-progress');
		window.seen.push(bar.value + '/' + bar.max);
	}).observe(document.getElementById('reload-progress'), {attributes: true}); 1`)
	p.do(chromedp.Click(chromedp.CSS("#reload-button")))
	p.until(`document.getElementById('reload-text').textContent.startsWith('live; waits for')`)
	p.until(`/2 (open )?connections/.test(document.getElementById('reload-text').textContent)`)
	require.Equal(t, "3/3", p.eval(`document.getElementById('reload-progress').value + '/' + document.getElementById('reload-progress').max`))
	require.NotEqual(t, "0", p.eval(`window.seen.length`), "the bar moves")
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="2"]').length === 3`)
	p.shot("draining")
	p.view(360, "dark")
	require.Equal(t, "true", p.eval(`document.documentElement.scrollWidth <= innerWidth`), "it fits a phone")
	p.shot("draining-phone-dark")
	p.view(1280, "dark")
	for _, c := range held {
		require.NoError(t, leave(c))
	}
	p.until(`document.getElementById('reload-text').textContent.startsWith('completed')`)
	p.until(`document.querySelectorAll('#workers tr').length === 3`)
	p.until(`document.querySelector('#events li[data-type="reload.completed"]')`)
	p.shot("completed-dark")
	p.noComplaints()
}

func TestThePageSaysThatTheMasterIsGoneAndRecovers(t *testing.T) {
	address := freeAddress(t)
	r := start(t, "--workers", "1", "--admin", address)
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	p.noComplaints()
	first := p.eval(`document.getElementById('master-pid').textContent`)

	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
	p.until(`document.getElementById('connection').dataset.state === 'disconnected'`)
	p.until(`document.getElementById('reload-button').disabled`)
	p.shot("disconnected")

	start(t, "--workers", "2", "--admin", address)
	p.until(connected)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready]').length === 2`)
	require.NotEqual(t, first, p.eval(`document.getElementById('master-pid').textContent`))
	require.Equal(t, "false", p.eval(`document.getElementById('reload-button').disabled`))
	p.do(chromedp.Click(chromedp.CSS("#reload-button")))
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="2"]').length === 2`)
}

func TestThePageShowsAFailedReload(t *testing.T) {
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "2")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	require.NoError(t, os.Remove(program))
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho '<b>no database</b>'\nexit 3\n"), 0o755))
	p.do(chromedp.Click(chromedp.CSS("#reload-button")))
	p.until(`document.getElementById('reload-text').textContent.startsWith('failed')`)
	p.until(`document.getElementById('reload-output-lines').textContent.includes('<b>no database</b>')`)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="1"]').length === 2`)
	p.shot("failed-reload")
	p.noComplaints()
}
