package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// textOf is what an element of the page says.
func textOf(id string) string { return fmt.Sprintf(`document.getElementById('%s').textContent`, id) }

// buttons are those that the page offers for the reload under way.
const buttons = `[...document.querySelectorAll('.controls button')].filter((b) => b.checkVisibility()).map((b) => b.textContent).join(' ')`

// rotatable are the slots whose worker the page offers to rotate.
const rotatable = `[...document.querySelectorAll('#workers button')].filter((b) => b.checkVisibility({ visibilityProperty: true })).map((b) => b.closest('tr').dataset.slot).join(' ')`

// figure is one of the receipt's.
func figure(label string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('#receipt-figures div')].find((d) => d.firstElementChild.textContent === '%s').lastElementChild.textContent`, label)
}

// places are where the panels below the reload's begin: they stay where they are.
const places = `[...document.querySelectorAll('#receipt-title, #workers-title')].map((e) => e.offsetTop).join(' ')`

func TestThePagePromotesACanary(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "3", "--canary", "1", "--soak", "10ms")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	p.until(rotatable + ` === '0 1 2'`)
	p.reads("", buttons)
	before := p.eval(places)
	p.click("#reload-button")
	p.until(textOf("reload-text") + ` === 'paused after the canary: 1 of 3 replaced'`)
	p.until(textOf("announcement") + `.startsWith('Reload paused after the canary')`)
	p.reads("Pause Abort… Promote", buttons)
	p.reads("1 slot at a time · a canary of 1 first, until promoted · a soak of 10ms", textOf("reload-strategy"))
	p.matches(`^after the canary since [\d:]+, until it is promoted$`, textOf("reload-pause"))
	p.matches(`^answers alone at 127\.0\.0\.1:\d+$`, textOf("reload-canary"))
	p.until(rotatable + ` === ''`)
	p.until(`document.title === '3/3 ready, paused · rota'`)
	p.reads(before, places, "nothing jumps")
	p.shot("canary")
	p.view(400, "dark")
	p.reads("true", `document.documentElement.scrollWidth <= innerWidth`, "it fits a phone")
	p.reads("1", `new Set([...document.querySelectorAll('.controls button')].map((b) => b.offsetTop)).size`, "in one row")
	p.shot("canary-phone-dark")
	p.view(1280, "light")

	// By key: and whoever pressed it is not sent back to the top of the page.
	p.do(chromedp.Focus(chromedp.CSS("#promote-button")), chromedp.KeyEvent(kb.Enter))
	p.until(`/^completed in .* s, lossless$/.test(` + textOf("reload-text") + `)`)
	p.reads("reload-title", `document.activeElement.id`)
	p.reads("passed", textOf("reload-trial"))
	p.reads("–", textOf("reload-canary"))
	p.matches(`^Lossless`, textOf("receipt-verdict"))
	p.reads("of the reload to generation 2", textOf("receipt-of"))
	p.matches(`^[1-9]`, figure("By new workers"))
	p.reads("0", figure("Cut"))
	p.until(rotatable + ` === '0 1 2'`)
	p.reads("", buttons)
	p.reads(before, places, "nothing jumps")
	p.shot("lossless")
	p.noComplaints()
}

// Nothing measured is not lossless.
func TestThePageSaysThatNobodyKnows(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--probe-interval", "0")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	p.click("#reload-button")
	p.until(`/^completed in .* s, unknown whether lossless$/.test(` + textOf("reload-text") + `)`)
	p.reads("Unknown whether anything was lost: nothing was proven: no probe was made.", textOf("receipt-verdict"))
	p.reads("open", `document.getElementById('receipt-verdict').dataset.lossless`)
	p.reads("–", figure("Slowest probe"))
	p.shot("unproven")
	p.noComplaints()
}

func TestThePagePausesAndResumes(t *testing.T) {
	t.Parallel()
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "2", "--start-timeout", "5m")
	p := openPage(r)
	p.until(connected)
	gate := deployGate(t, program)
	p.click("#reload-button")
	p.until(buttons + ` === 'Pause Abort…'`)
	p.do(chromedp.Focus(chromedp.CSS("#pause-button")), chromedp.KeyEvent(kb.Enter))
	p.until(buttons + ` === 'Resume Abort…'`)
	gate.open(0)
	p.until(textOf("reload-text") + ` === 'paused: 1 of 2 replaced'`)
	p.matches(`^asked for at [\d:]+, until it is resumed$`, textOf("reload-pause"))
	p.reads("pause-button", `document.activeElement.id`, "the same key resumes")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(textOf("reload-text") + ` === 'replacing slot workers: 1 of 2'`)
	gate.open(1)
	p.until(textOf("reload-text") + `.startsWith('completed')`)
	p.noComplaints()
}

func TestThePageAbortsAReloadOnceThatIsConfirmed(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2", "--canary", "1")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	p.click("#reload-button")
	p.until(buttons + ` === 'Pause Abort… Promote'`)

	p.do(chromedp.Focus(chromedp.CSS("#abort-button")), chromedp.KeyEvent(kb.Enter))
	p.until(`document.getElementById('abort-dialog').open && document.activeElement.id === 'abort-cancel'`)
	p.do(chromedp.KeyEvent(kb.Escape))
	p.until(`!document.getElementById('abort-dialog').open && document.activeElement.id === 'abort-button'`)
	require.Equal(t, "rolling", r.newestReload().State, "a question is no answer")

	p.click("#abort-button")
	p.until(textOf("abort-text") + `.startsWith('The slots that have changed (1 so far) go back')`)
	p.do(chromedp.Focus(chromedp.CSS("#abort-reason")), chromedp.KeyEvent("<b>smoke test"))
	p.shot("abort")
	p.view(400, "dark")
	p.shot("abort-phone-dark")
	p.view(1280, "light")
	p.click("#abort-confirm")
	p.until(textOf("reload-text") + ` === 'aborted: <b>smoke test'`)
	p.reads("reload-title", `document.activeElement.id`)
	p.reads("", buttons)
	p.reads("over", textOf("reload-trial"))
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="1"]').length === 2`)
	reload := r.newestReload()
	require.Equal(t, "aborted", reload.State)
	require.Equal(t, "<b>smoke test", reload.Error.Message)
	p.shot("aborted")
	p.noComplaints()
}

func TestThePageShowsATrialAndWhyTheMasterRefuses(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	var asked reloadView
	require.Equal(t, http.StatusAccepted, r.do(http.MethodPost, "/reload", `{"soak":"1h"}`, &asked))
	p.until(textOf("reload-text") + `.startsWith('live, on trial')`)
	p.until(`/^on trial, 59 min \d+ s left$/.test(` + textOf("reload-trial") + `)`)
	p.reads("Abort…", buttons)
	p.until(`document.querySelectorAll('#workers tr').length === 2`)
	p.reads("", rotatable)
	p.shot("trial")
	p.click("#abort-button")
	p.until(`document.getElementById('abort-dialog').open`)

	// Somebody else is faster: the question goes away.
	require.Equal(t, http.StatusAccepted, r.do(http.MethodPost, "/reloads/"+asked.ID+"/abort", `{"reason":"by another"}`, nil))
	p.until(`!document.getElementById('abort-dialog').open`)
	p.until(textOf("reload-text") + ` === 'aborted: by another'`)
	p.until(rotatable + ` === '0 1'`)
	p.noComplaints()

	// And a button that was about to go is refused with the reason.
	p.eval(`document.getElementById('promote-button').click()`)
	p.until(`!document.getElementById('reload-error').hidden`)
	p.matches(regexp.QuoteMeta("the reload has ended: it is aborted"), textOf("reload-error"))
	p.shot("refused")
	p.click("#reload-button")
	p.until(textOf("reload-text") + `.startsWith('completed')`)
	p.reads("true", `document.getElementById('reload-error').hidden`)
}

func TestThePageShowsWhatAReloadWaitsForAndLoses(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--drain-timeout", "1h")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	held := hold(t, "tcp", r.tcp, 3)
	require.Equal(t, http.StatusAccepted, r.do(http.MethodPost, "/reload", "", nil))
	for _, c := range held {
		p.until(textOf("waiting-list") + fmt.Sprintf(`.includes('%s')`, c.LocalAddr()))
	}
	p.until(textOf("waiting-list") + `.startsWith('Slot 0, generation 1: 3 connections (')`)
	p.reads("Nothing lost so far; the verdict comes with the end.", textOf("receipt-verdict"))
	p.shot("waits")
	p.view(400, "dark")
	p.reads("true", `document.documentElement.scrollWidth <= innerWidth`, "it fits a phone")
	p.shot("waits-phone-dark")
	p.view(1280, "light")

	require.NoError(t, leave(held[0]))
	require.Equal(t, http.StatusOK, r.do(http.MethodDelete, "/connections/"+r.connectionOf(held[1]), "", nil))
	p.until(textOf("receipt-verdict") + ` === 'Not lossless so far: 1 connection was evicted.'`)
	require.NoError(t, leave(held[2]))
	p.until(`/^completed in .* s, but not lossless$/.test(` + textOf("reload-text") + `)`)
	p.reads("1", figure("Evicted"))
	p.reads("2", figure("Drained"))
	p.reads("Nothing: no older worker drains.", textOf("waiting-text"))
	p.reads("", textOf("waiting-list"))

	held = hold(t, "tcp", r.tcp, 2)
	r.reload(`{"drain_timeout":"300ms"}`)
	p.until(textOf("receipt-verdict") + ` === 'Not lossless: 2 connections were cut by ending their workers.'`)
	p.reads("2", figure("Cut"))
	p.reads("false", `document.getElementById('receipt-verdict').dataset.lossless`)
	p.click("#receipt-lost-title")
	for _, c := range held {
		p.matches(regexp.QuoteMeta(c.LocalAddr().String()), `document.getElementById('receipt-lost-list').innerText`)
	}
	p.shot("lossy")
	p.view(400, "dark")
	p.reads("true", `document.documentElement.scrollWidth <= innerWidth`, "it fits a phone")
	p.shot("lossy-phone-dark")
	p.noComplaints()
}

func TestThePageRotatesOneWorker(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	p := openPage(r)
	p.until(connected)
	p.until(rotatable + ` === '0 1'`)
	before := r.workers()
	const first = `#workers tr[data-slot="0"] button`
	p.reads("Rotate slot 0", `document.querySelector('`+first+`').getAttribute('aria-label')`)
	p.do(chromedp.Focus(chromedp.CSS(first)), chromedp.KeyEvent(kb.Enter))
	p.until(fmt.Sprintf(`!document.querySelector('tr[data-worker-id="%s"]')`, before[0].ID))
	p.until(rotatable + ` === '0 1'`)
	p.reads("workers-title", `document.activeElement.id`, "and not sent back to the top of the page")
	after := r.workers()
	require.NotEqual(t, before[0].ID, after[0].ID)
	require.Equal(t, 1, after[0].Generation)
	require.Equal(t, before[1].ID, after[1].ID)

	// Nor is somebody who stands on the button of a worker that dies.
	p.do(chromedp.Focus(chromedp.CSS(`#workers tr[data-slot="1"] button`)))
	p.reads("BUTTON", `document.activeElement.tagName`)
	require.NoError(t, syscall.Kill(after[1].PID, syscall.SIGKILL))
	p.until(fmt.Sprintf(`!document.querySelector('tr[data-worker-id="%s"]')`, after[1].ID))
	p.reads("workers-title", `document.activeElement.id`)
	p.noComplaints()

	p.eval(fmt.Sprintf(`document.querySelector('%s').closest('tr').dataset.workerId = '%s'`, first, before[0].ID))
	p.click(first)
	p.until(`!document.getElementById('workers-error').hidden`)
	p.matches(regexp.QuoteMeta("the worker is gone"), textOf("workers-error"))
}
