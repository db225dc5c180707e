package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

const connected = `document.getElementById('connection').dataset.state === 'connected'`

const disconnected = `document.getElementById('connection').dataset.state === 'disconnected'`

// bar is how far the progress bar is.
const bar = `document.getElementById('reload-progress').value + '/' + document.getElementById('reload-progress').max`

func TestThePageShowsTheWorkersAndTheButtonRotatesThem(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "3")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="1"]').length === 3`)
	p.reads(fmt.Sprint(r.status().PID), `document.getElementById('master-pid').textContent.match(/\d+/)[0]`)
	p.reads("", `document.getElementById('announcement').textContent`)
	p.shot("steady")

	// A held connection keeps one worker draining, so that the bar has something to wait for.
	held := hold(t, "tcp", r.tcp, 2)
	p.click("#reload-button")
	p.until(`document.getElementById('reload-text').textContent.startsWith('live; waits for')`)
	p.until(`/2 (open )?connections/.test(document.getElementById('reload-text').textContent)`)
	p.reads("3/3", bar)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="2"]').length === 3`)
	p.shot("draining")
	p.view(360, "dark")
	p.reads("true", `document.documentElement.scrollWidth <= innerWidth`, "it fits a phone")
	p.shot("draining-phone-dark")
	p.view(1280, "dark")
	for _, c := range held {
		require.NoError(t, leave(c))
	}
	p.until(`document.getElementById('reload-text').textContent.startsWith('completed')`)
	p.until(`document.getElementById('announcement').textContent.startsWith('Reload completed in')`)
	p.until(`document.querySelectorAll('#workers tr').length === 3`)
	p.until(`document.querySelector('#events li[data-type="reload.completed"]')`)
	p.shot("completed-dark")
	p.noComplaints()
}

func TestThePageSaysThatTheMasterIsGoneAndRecovers(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	r := start(t, "--workers", "1", "--admin", address)
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	p.noComplaints()
	first := p.eval(`document.getElementById('master-pid').textContent`)

	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
	p.until(disconnected)
	p.until(`document.getElementById('reload-button').disabled`)
	p.shot("disconnected")

	start(t, "--workers", "2", "--admin", address)
	p.until(connected)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready]').length === 2`)
	require.NotEqual(t, first, p.eval(`document.getElementById('master-pid').textContent`))
	p.reads("false", `document.getElementById('reload-button').disabled`)
	p.click("#reload-button")
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="2"]').length === 2`)
}

func TestThePageShowsAFailedReload(t *testing.T) {
	t.Parallel()
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "2")
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	deploy(t, program, "printf '<b>no database</b> \\033[2J \\342\\200\\256gnp.exe\\n'\nexit 3")
	p.click("#reload-button")
	p.until(`document.getElementById('reload-text').textContent.startsWith('failed')`)
	p.until(`document.getElementById('reload-output-lines').textContent.includes('<b>no database</b> \\x1b[2J \\u202egnp.exe')`)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready][data-generation="1"]').length === 2`)
	p.until(textOf("receipt-verdict") + ` === 'Failed: the generation before serves. Nothing was lost meanwhile, as far as can be measured.'`)
	p.reads("false", `document.getElementById('receipt-verdict').dataset.lossless`, "it is no success")
	p.shot("failed-reload")
	p.noComplaints()
}

// Each new worker waits to be let in, so that every step of the rotation can be seen.
func TestThePageShowsEachStepOfARotation(t *testing.T) {
	t.Parallel()
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "3", "--start-timeout", "5m")
	p := openPage(r)
	p.until(connected)
	gate := deployGate(t, program)
	p.click("#reload-button")
	for slot := range 3 {
		p.until(fmt.Sprintf(`document.getElementById('reload-text').textContent === 'replacing slot workers: %d of 3'`, slot))
		p.until(fmt.Sprintf(`document.querySelector('#workers tr[data-state=starting][data-generation="2"][data-slot="%d"]')`, slot))
		p.reads(fmt.Sprintf("%d/3", slot), bar)
		p.until(`document.getElementById('announcement').textContent.startsWith('Reload replacing')`)
		gate.open(slot)
	}
	p.until(`document.getElementById('reload-text').textContent.startsWith('completed')`)
	p.reads("3/3", bar)
	p.noComplaints()
}

func TestThePageNoticesThatTheMasterHangs(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	t.Cleanup(func() { _ = r.command.Process.Signal(syscall.SIGCONT) }) // or it could not be stopped
	p := openPage(r)
	p.until(connected)
	p.until(`!document.getElementById('reload-button').disabled`)
	r.signal(syscall.SIGSTOP)
	p.until(disconnected)
	p.until(`document.getElementById('reload-button').disabled`)
	p.until(`!document.getElementById('banner').hidden`)
	r.signal(syscall.SIGCONT)
	p.until(connected)
	p.until(`!document.getElementById('reload-button').disabled && document.getElementById('banner').hidden`)
}

func TestThePageShowsASlotThatWaits(t *testing.T) {
	t.Parallel()
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "2")
	broken := filepath.Join(t.TempDir(), "broken")
	deploy(t, program, fmt.Sprintf(`[ -e '%s' ] && exit 3; exec '%s' "$@"`, broken, binary))
	r.reload("")
	p := openPage(r)
	p.until(connected)
	require.NoError(t, os.WriteFile(broken, nil, 0o644))
	require.NoError(t, syscall.Kill(r.workers()[0].PID, syscall.SIGKILL))
	p.until(`document.querySelector('#workers tr[data-state=waiting][data-slot="0"]')?.textContent.includes('exited with code 3')`)
	require.NoError(t, os.Remove(broken))
	p.until(`document.querySelectorAll('#workers tr[data-state=ready]').length === 2 && !document.querySelector('#workers tr[data-state=waiting]')`)
	p.noComplaints()
}

func TestThePageCanBeUsedWithTheKeyboard(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	p := openPage(r)
	p.until(connected)
	p.until(`!document.getElementById('reload-button').disabled`)
	const focused = `document.activeElement.id === 'reload-button'`
	for range 10 { // so many keys are few enough to find it
		if p.eval(focused) == "true" {
			break
		}
		p.do(chromedp.KeyEvent(kb.Tab))
	}
	p.reads("true", focused)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(`document.querySelector('#workers tr[data-state=ready][data-generation="2"]')`)
	p.until(focused) // the focus is where it was, for the next one
	p.noComplaints()
}

func TestThePageOffersNoReloadWhileTheMasterStops(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1", "--drain-timeout", "1h")
	p := openPage(r)
	p.until(connected)
	p.until(`!document.getElementById('reload-button').disabled`)
	held := hold(t, "tcp", r.tcp, 1)
	r.signal(syscall.SIGTERM)
	p.until(connected + ` && document.getElementById('reload-button').disabled`)
	require.NoError(t, leave(held[0]))
	require.Zero(t, r.exitCode())
}

func TestThePageWarnsOfAReleaseThatWasDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one := s.release("one")
	s.write("listen: ['127.0.0.1:0', 'udp:127.0.0.1:0']", "workers: 2", "dir: "+one, "command: [./app]", "ready: notify")
	r := s.start()
	p := openPage(r)
	p.view(1280, "light")
	p.until(connected)
	p.until(`document.querySelectorAll('#workers tr[data-state=ready]').length === 2`)
	p.reads("true", `document.getElementById('pool-missing').hidden`)
	p.reads("udp", `document.querySelectorAll('#listeners .listener-queue')[1].textContent`, "which has no queue")
	require.NoError(t, os.RemoveAll(one))
	p.until(`document.getElementById('pool-missing').textContent.includes('the working directory ' + '` + one + `' + ' has been deleted')`)
	p.shot("missing")
	p.noComplaints()
}
