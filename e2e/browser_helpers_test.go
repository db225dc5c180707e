package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
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

// browser is the one that all tests share; each has a window and a profile of its own in it.
var browser struct {
	once sync.Once
	ctx  context.Context
	stop context.CancelFunc
	err  error
}

// startBrowser starts it for the first test that opens a page. A machine without a browser fails:
// `make test` installs one.
func startBrowser() {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		browser.err = errors.New("no browser: install Debian's chromium, or run make test")
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", "true"), chromedp.Flag("disable-component-update", "true"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(allocator)
	browser.ctx, browser.stop = ctx, func() { closeTab(); stop() }
	browser.err = chromedp.Do(ctx)
}

// stopBrowser ends it after the last test.
func stopBrowser() {
	if browser.stop != nil {
		browser.stop()
	}
}

// openPage opens the status page in a window.
func openPage(r *rota) *page {
	r.t.Helper()
	return openPageAt(r, r.admin+"/")
}

func openPageAt(r *rota, address string) *page {
	r.t.Helper()
	browser.once.Do(startBrowser)
	require.NoError(r.t, browser.err)
	tab, closeTab := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	r.t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(tab, 3*patience)
	r.t.Cleanup(cancel)
	p := &page{t: r.t, ctx: ctx}
	p.do(chromedp.Navigate("about:blank"))
	require.NoError(r.t, chromedp.Listen(ctx, p.listen))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(r.t, err)
	p.do(chromedp.Navigate(address))
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

// click presses what the selector finds with the mouse. What the page is told meanwhile may move it away from
// under the mouse, so that is done until the element has heard it.
func (p *page) click(selector string) {
	p.t.Helper()
	p.eval(fmt.Sprintf(`document.querySelector(%q).addEventListener('click', () => { window.clicked = true; }, { capture: true, once: true }), window.clicked = false`, selector))
	for deadline := time.Now().Add(patience); ; {
		p.do(chromedp.Click(chromedp.CSS(selector)))
		if p.eval("window.clicked") == "true" {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(p.t, "nobody hears a click on "+selector, p.eval("document.body.innerText"))
		}
	}
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

// reads waits until the script's value is want: a page shows one thing a moment after another.
func (p *page) reads(want, script string, why ...any) {
	p.t.Helper()
	p.matches("^"+regexp.QuoteMeta(want)+"$", script, why...)
}

// matches waits until the script's value matches the pattern.
func (p *page) matches(pattern, script string, why ...any) {
	p.t.Helper()
	value, deadline := p.eval(script), time.Now().Add(patience)
	for wanted := regexp.MustCompile(pattern); !wanted.MatchString(value); value = p.eval(script) {
		if time.Now().After(deadline) {
			p.shot("failed")
			require.Regexp(p.t, pattern, value, why...)
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
