package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	oneCanary = `"strategy":{"canary":1}`
	waits     = `"paused":{"why":"canary","since":"2026-11-22T08:00:01.000Z","until":null}`
	reachedAt = `"canary_at":"2026-11-22T08:00:01.000Z"`
	goneOnAt  = `"promoted_at":"2026-11-22T08:00:01.500Z"`
)

func TestAWaitForTheCanaryPrintsTheIDAlone(t *testing.T) {
	lossy := receiptJSON(1, false, "1 connection was cut by ending its worker")
	for name, c := range map[string]struct {
		view string
		code int
		says string
	}{
		"it is up":                 {reloadJSON("rolling", oneCanary, waits, reachedAt), 0, "is paused, 2/2 slots, after the canary, until rota promote."},
		"it is promoted":           {reloadJSON("rolling", oneCanary, reachedAt, goneOnAt), 0, "is rolling"},
		"it is live":               {reloadJSON("live", oneCanary, reachedAt, goneOnAt, `"on_trial":true`), 0, "is on trial"},
		"something was lost":       {reloadJSON("completed", oneCanary, reachedAt, goneOnAt, lossy), 0, "Not lossless"},
		"it fails":                 {reloadJSON("failed", oneCanary, reachedAt, `"error":{"message":"no good"}`), 1, "has failed: no good"},
		"it is aborted":            {reloadJSON("aborted", oneCanary, `"error":{"message":"too slow"}`), 5, "was aborted: too slow"},
		"it is skipped":            {reloadJSON("rolling", oneCanary, goneOnAt), 1, "go on without waiting for its canary; it is rolling"},
		"there is none":            {reloadJSON("rolling", `"strategy":{"canary":0}`), 2, "has no canary to wait for; it is rolling"},
		"it is still checked":      {reloadJSON("rolling", oneCanary), 124, "the wait ran out"},
		"its plan is not made":     {reloadJSON("rolling", `"strategy":null`), 124, "the wait ran out"},
		"it was up, and goes back": {reloadJSON("reverting", oneCanary, reachedAt), 124, "the wait ran out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, args := range [][]string{{"reload", "--wait=canary"}, {"reload", "--follow", reloadID, "--wait=canary"}} {
				stdout, stderr, code := waitForCanary(t, c.view, c.code == exitWaitOver, args...)
				require.Equal(t, c.code, code, stderr)
				require.Equal(t, reloadID+"\n", stdout, "the id alone")
				require.Contains(t, stderr, c.says)
			}
			stdout, _, code := waitForCanary(t, c.view, c.code == exitWaitOver, "reload", "--wait=canary", "--json")
			require.Equal(t, c.code, code)
			require.Equal(t, c.view+"\n", stdout, "and nothing else")
		})
	}
}

// waitForCanary lets a wait that is to run out do so soon, but not before it has heard of the reload.
func waitForCanary(t *testing.T, view string, runsOut bool, args ...string) (stdout, stderr string, code int) {
	timeout := time.Minute
	if runsOut {
		timeout = 50 * time.Millisecond
	}
	for ; ; timeout *= 4 {
		stdout, stderr, code = reloading(t, view).run(append(args, "--timeout="+timeout.String())...)
		if stdout != "" || timeout > 10*time.Second {
			return stdout, stderr, code
		}
	}
}

func TestAWaitForACanaryStartsNothingWithoutOne(t *testing.T) {
	f := newFakeAPI(t).on("POST /reload", http.StatusBadRequest, problemJSON(http.StatusBadRequest, "canary: there is none"))
	stdout, stderr, code := f.run("reload", "--wait=canary")
	require.Equal(t, 2, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "there is none")
	require.Equal(t, []string{"POST /reload?require=canary {}"}, f.asked)
}

func TestACanaryIsSkippedOnlyWhereThatIsAskedFor(t *testing.T) {
	f := newFakeAPI(t).on("POST /reloads/"+reloadID+"/promote", http.StatusOK, reloadJSON("rolling"))
	_, stderr, code := f.run("promote", reloadID)
	require.Zero(t, code, stderr)
	_, stderr, code = f.run("promote", "--skip-canary", reloadID)
	require.Zero(t, code, stderr)
	require.Equal(t, []string{"POST /reloads/" + reloadID + "/promote", "POST /reloads/" + reloadID + "/promote?skip_canary=true"}, f.asked)
}

func TestTheAddressOfACanary(t *testing.T) {
	at := `"canary_address":[{"listener":"http","address":"127.0.0.1:40001"},{"listener":"admin","address":"127.0.0.1:40002"}]`
	up := reloadJSON("rolling", oneCanary, reachedAt, waits, at)
	f := newFakeAPI(t).on("GET /reloads/"+reloadID, http.StatusOK, up).on("GET /status", http.StatusOK, aStatus(`,"reload":`+up))
	for _, c := range []struct {
		args   []string
		stdout string
		code   int
		says   string
	}{
		{[]string{reloadID}, "127.0.0.1:40001\n", 0, ""},
		{nil, "127.0.0.1:40001\n", 0, ""},
		{[]string{"--listener", "admin", reloadID}, "127.0.0.1:40002\n", 0, ""},
		{[]string{"--json", reloadID}, up + "\n", 0, ""},
		{[]string{"--listener", "tcp", reloadID}, "", 2, `no listener "tcp"; it has http, admin`},
		{[]string{otherID}, "", 1, "nothing is at"},
	} {
		stdout, stderr, code := f.run(append([]string{"canary-address"}, c.args...)...)
		require.Equal(t, c.code, code, stderr)
		require.Equal(t, c.stdout, stdout)
		require.Contains(t, stderr, c.says)
	}
	_, stderr, _ := reloading(t, up).run("reload", "--wait=canary")
	require.Contains(t, stderr, "only the canary answers at 127.0.0.1:40001\n")
}

func TestACanaryWithoutAnAddress(t *testing.T) {
	for view, says := range map[string]string{
		reloadJSON("queued"):                                     "rota reload --follow " + reloadID + " --wait=canary waits for it",
		reloadJSON("rolling", `"strategy":null`):                 "is not up yet",
		reloadJSON("rolling", oneCanary):                         "is not up yet",
		reloadJSON("rolling", `"strategy":{"canary":0}`):         "has no canary; rota reload --canary 1",
		reloadJSON("completed", `"strategy":{"canary":0}`):       "has no canary",
		reloadJSON("rolling", oneCanary, reachedAt, waits):       "rota could not listen on loopback",
		reloadJSON("rolling", oneCanary, reachedAt, goneOnAt):    "no longer on trial; the reload is rolling",
		reloadJSON("failed", oneCanary, `"canary_address":null`): "no longer on trial; the reload is failed",
	} {
		stdout, stderr, code := newFakeAPI(t).on("GET /reloads/"+reloadID, http.StatusOK, view).run("canary-address", reloadID)
		require.Equal(t, 1, code, view)
		require.Empty(t, stdout)
		require.Contains(t, stderr, says)
	}
	_, stderr, code := newFakeAPI(t).on("GET /status", http.StatusOK, aStatus(`,"reload":null`)).run("canary-address")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no reload is running; rota reload --canary 1 --wait=canary")
	odd := reloadJSON("rolling", `"canary_address":[{"listener":"tcp","address":"$(reboot)"}]`)
	stdout, _, code := newFakeAPI(t).on("GET /reloads/"+reloadID, http.StatusOK, odd).run("canary-address", reloadID)
	require.Equal(t, 3, code)
	require.Empty(t, stdout)
}
