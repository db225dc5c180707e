package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/client"
	"rota/internal/view"
	"rota/internal/words"
)

func TestTheExitCodeOfAReloadSaysHowItWent(t *testing.T) {
	lossless := []string{"--require=lossless"}
	failure := `"error":{"message":"worker of slot 1 exited with code 3","slot":1,"output":["cannot bind\u001b[2J"],"complaints":["a: b"]}`
	for name, c := range map[string]struct {
		view string
		args []string
		code int
		says []string
	}{
		"completed": {reloadJSON("completed", receiptJSON(0, true)), lossless, 0, []string{
			"reload " + reloadID + " is completed: generation 3 (v2) serves in 2 slots, after 2s. 120 probes were all answered, the slowest after 1.4ms. " +
				"No listen queue overflowed, the deepest held 3. 40 connections drained by themselves, 0 cut, 1 evicted. Checks: 12 passed, 0 failed; 2 of 2 workers reached. Lossless.\n",
		}},
		"assumed": {reloadJSON("completed", receiptJSON(0, true), `"assumed":["the program uses io_uring\u001b[2J"]`), lossless, 0, []string{
			"Lossless.\nReadiness was assumed, not seen: the program uses io_uring\\x1b[2J. Set ready to how it can be told: notify, http:/path, log:REGEX or delay:2s.\n",
		}},
		"without a receipt": {reloadJSON("completed", `"connections_cut":0`), nil, 0, []string{"serves in 2 slots, after 2s.\n"}},
		"failed":            {reloadJSON("failed", `"replaced":0`, failure, receiptJSON(1, false)), nil, 1, []string{"has failed: worker of slot 1 exited with code 3. The generation before still serves.", "  a: b\n", `cannot bind\x1b[2J`}},
		"failed for good":   {reloadJSON("failed", `"replaced":1`, strings.Replace(failure, "{", `{"revert_failed":true,`, 1)), nil, 1, []string{"It could not be taken back: its generation serves 1 of 2 slots; see rota status."}},
		"some not reached":  {reloadJSON("completed", strings.Replace(receiptJSON(0, true), `"reached":2,"not_reached":[]`, `"reached":0,"not_reached":[{"slot":0},{"slot":1}]`, 1)), nil, 0, []string{"12 passed, 0 failed; 0 of 2 workers reached, not those of slots 0, 1."}},
		"reach unknown":     {reloadJSON("completed", strings.Replace(receiptJSON(0, true), `"reached":2`, `"reached":null`, 1)), nil, 0, []string{"; which of 2 workers they have reached is unknown."}},
		"not well before":   {reloadJSON("failed", strings.Replace(failure, "{", `{"revert_check_failed":true,`, 1)), nil, 1, []string{"The generation before serves again, but is not well"}},
		"cut":               {reloadJSON("completed", receiptJSON(2, false, "2 connections were cut")), nil, 4, []string{"2 cut", "Not lossless: 2 connections were cut."}},
		"cut, no receipt":   {reloadJSON("completed", `"connections_cut":2`), nil, 4, []string{"2 connections were cut."}},
		"not lossless":      {reloadJSON("completed", receiptJSON(0, false, "3 probes were refused")), lossless, 4, []string{"Not lossless: 3 probes were refused.", "--require=lossless is not met"}},
		"without asking":    {reloadJSON("completed", receiptJSON(0, false, "3 probes were refused")), nil, 4, []string{"Not lossless: 3 probes were refused."}},
		"a worker died":     {reloadJSON("completed", receiptJSON(0, false, "1 worker ended while it served")), nil, 4, []string{"Not lossless"}},
		"lost when live":    {reloadJSON("live", strings.Replace(receiptJSON(0, false, "3 probes were refused"), `"lossless":false`, `"lossless":null`, 1)), []string{"--wait=live"}, 4, []string{"Not lossless so far: 3 probes were refused."}},
		"nobody served":     {reloadJSON("failed", `"serving":0`, `"replaced":0`, failure), nil, 1, []string{"No worker served when it ended; see rota status."}},
		"some served":       {reloadJSON("failed", `"serving":1`, `"replaced":0`, failure), nil, 1, []string{"The generation before serves 1 of 2 slots"}},
		"all served":        {reloadJSON("failed", `"serving":2`, `"replaced":0`, failure), nil, 1, []string{"The generation before still serves."}},
		"proven": {reloadJSON("completed", answeredJSON(`"sent":120,"ok":120,"unanswered":0,"slowest_ms":5.26,"before_ms":1.44,"answered_by":{"new":80,"older":40,"unknown":0}`, "true")), lossless, 0, []string{
			"120 probes were all answered, 80 by the new generation, the slowest after 5.3ms, before the reload after 1.4ms. ", "Lossless.\n",
		}},
		"nothing proven": {reloadJSON("completed", answeredJSON(`"sent":38,"ok":0,"unanswered":38,"slowest_ms":0,"before_ms":null,"answered_by":{"new":0,"older":0,"unknown":0},"not_accepted":30,"silent":8`, "null")), nil, 0, []string{
			"Of 38 probes 0 were answered, 0 refused, 0 reset, 38 not answered (30 not accepted, 8 accepted in silence). ",
			"It is unknown whether anything was lost: nothing was proven: none of 38 probes was answered.\n",
		}},
		"nothing proven, as required": {reloadJSON("completed", answeredJSON(`"sent":38`, "null")), lossless, 4, []string{"nothing was proven", "--require=lossless is not met"}},
		"failed without a loss":       {reloadJSON("failed", `"replaced":0`, failure, receiptJSON(0, true)), nil, 1, []string{"The generation before still serves.", "Nothing was lost meanwhile, as far as that was measured.\n"}},
		"failed before it began": {reloadJSON("failed", `"replaced":0`, `"steps":[]`, `"error":{"code":"prepare_failed","message":"no such file"}`, receiptJSON(0, true)), nil, 1,
			[]string{"has failed: no such file. The generation before still serves.\n"}},
		"unstable": {reloadJSON("completed", `"serving":1`, strings.Replace(failure, "{", `{"code":"unstable",`, 1), receiptJSON(0, false, "a slot was down")), nil, 1,
			[]string{"is completed, but unstable: worker of slot 1 exited with code 3. When it ended, 1 of 2 slots had a ready worker; see rota status.", "Not lossless", `cannot bind\x1b[2J`}},
		"unstable, and only live is waited for": {reloadJSON("completed", strings.Replace(failure, "{", `{"code":"unstable",`, 1)), []string{"--wait=live"}, 1, []string{"unstable"}},
		"not proven":                            {reloadJSON("completed"), lossless, 4, []string{"--require=lossless is not met"}},
		"aborted as the master stops": {reloadJSON("aborted", `"error":{"message":"the master was told to stop","worker_id":null,"slot":null,"output":[],"revert_failed":false,"stopping":true}`), nil, 5,
			[]string{"was aborted: the master was told to stop. The master stops, so no generation serves any more."}},
		"aborted":          {reloadJSON("aborted", `"error":{"message":"no good","worker_id":null,"slot":null,"output":[],"revert_failed":false}`), nil, 5, []string{"was aborted: no good."}},
		"live":             {reloadJSON("live", `"draining":1`), []string{"--wait=live"}, 0, []string{"is live: generation 3 (v2) serves in 2 slots, after 1.5s; 1 old worker still drains."}},
		"live, but failed": {reloadJSON("failed"), []string{"--wait=live"}, 1, []string{"has failed"}},
		"still on trial":   {reloadJSON("live", `"on_trial":true`), []string{"--wait=live", "--timeout=1s"}, 124, []string{"the wait ran out: reload " + reloadID + ", on trial", "it goes on", "rota reload --follow " + reloadID}},
		"out of time":      {reloadJSON("live"), []string{"--timeout=1s"}, 124, []string{"the wait ran out", "live"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := reloading(t, c.view)
			stdout, stderr, code := f.run(append([]string{"reload"}, c.args...)...)
			require.Equal(t, c.code, code, stdout+stderr)
			printed := stderr
			if code == 0 {
				printed = stdout
			} else {
				require.Empty(t, stdout, "bad news are no data")
			}
			for _, says := range c.says {
				require.Contains(t, printed, says)
			}
			require.Len(t, f.asked, 1, "one reload is asked for")

			stdout, stderr, code = f.run(append([]string{"reload", "--json"}, c.args...)...)
			require.Equal(t, c.code, code, stderr)
			require.Equal(t, c.view+"\n", stdout, "and nothing else")
		})
	}
}

func TestTheMasterRefusesOrIsNotThere(t *testing.T) {
	for status, code := range map[int]int{
		http.StatusBadRequest: 2, http.StatusConflict: 1, http.StatusPreconditionFailed: 1, http.StatusUnprocessableEntity: 1, http.StatusServiceUnavailable: 1,
	} {
		f := newFakeAPI(t).on("POST /reload", status, problemJSON(status, "not that way"))
		stdout, stderr, got := f.run("reload")
		require.Equal(t, code, got)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "not that way")
	}
	f := newFakeAPI(t).on("POST /reload", http.StatusAccepted, reloadJSON("rolling"))
	_, stderr, code := f.run("reload")
	require.Equal(t, 1, code, "another master answers now")
	require.Contains(t, stderr, "the master does not know reload "+reloadID)

	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	free.Close()
	for _, args := range []string{"reload", "status", "abort", "scale 3", "workers", "workers slot:0", "connections", "evict slot:0 --idle=1s", "logs", "logs -f", "events", "history", "status --watch"} {
		_, stderr, code := runRota(append(strings.Fields(args), "--admin", free.Addr().String())...)
		require.Equal(t, 3, code, args)
		require.Contains(t, stderr, "no master listens at "+free.Addr().String()+"; is rota running, and is that its admin address (--admin, ROTA_ADMIN")
	}
}

func TestAReloadIsAskedForAsTheFlagsSay(t *testing.T) {
	f := reloading(t, reloadJSON("completed"))
	_, stderr, code := f.run("reload", "--reason", "deploy", "--revision=v2", "--start-timeout=5s", "--drain-timeout=1m", "--surge=25%", "--canary=1",
		"--canary-soak=0s", "--pause-between=2s", "--soak=30s", "--check=http:/a,b", "--check", "tcp", "--idempotency-key", "job-7", "--if-match", `"2"`)
	require.Zero(t, code, stderr)
	require.Equal(t, []string{`POST /reload {"reason":"deploy","revision":"v2","start_timeout":"5s","drain_timeout":"1m0s","surge":"25%","canary":1,` +
		`"canary_soak":"0s","pause_between":"2s","soak":"30s","checks":["http:/a,b","tcp"]}`}, f.asked)
	require.Equal(t, "job-7", f.header.Get("Idempotency-Key"))
	require.Equal(t, `"2"`, f.header.Get("If-Match"))

	f = reloading(t, reloadJSON("completed"))
	f.run("reload")
	first := f.header.Get("Idempotency-Key")
	f.run("reload")
	require.Equal(t, []string{"POST /reload {}", "POST /reload {}"}, f.asked)
	require.Len(t, first, 36)
	require.NotEqual(t, first, f.header.Get("Idempotency-Key"), "each is one of its own")
}

func TestAReloadThatNobodyWaitsFor(t *testing.T) {
	f := newFakeAPI(t).on("POST /reload", http.StatusAccepted, reloadJSON("rolling"))
	stdout, stderr, code := f.run("reload", "--wait=none")
	require.Zero(t, code)
	require.Equal(t, reloadID+"\n", stdout)
	require.Contains(t, stderr, "rota reload --follow "+reloadID)
	stdout, _, code = f.run("reload", "--wait=none", "--json")
	require.Zero(t, code)
	require.Equal(t, reloadJSON("rolling")+"\n", stdout)
}

func TestAReloadThatRunsCanBeFollowed(t *testing.T) {
	f := reloading(t, reloadJSON("aborted", `"error":{"message":"no good","worker_id":null,"slot":null,"output":[],"revert_failed":false}`)).
		on("GET /reloads", http.StatusOK, `{"reloads":[`+reloadJSON("live")+`,{"id":"`+otherID+`","state":"live","generation":2,"requested_at":"2026-11-27T12:00:00Z"}],"next":null}`)
	for _, id := range []string{reloadID, "6c7d8e9f0a1b", "0199a1b2-7c"} {
		_, stderr, code := f.run("reload", "--follow", id)
		require.Equal(t, 5, code, stderr)
		require.Empty(t, f.asked)
	}
	_, stderr, code := f.run("reload", "--follow", "0199a1b2")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "2 reloads have ids")
	_, _, code = f.run("reload", "--follow", "ffff")
	require.Equal(t, 1, code)
}

func TestMistakesInTheFlagsOfAReload(t *testing.T) {
	f := newFakeAPI(t)
	for _, args := range []string{
		"--wait=soon", "--timeout=0s", "--timeout=soon", "--require=luck", "--require=lossless --wait=live", "--if-match=new", "--idempotency-key=",
		"--follow " + reloadID + " --soak=1s", "--surge", "now",
	} {
		_, stderr, code := f.run(append([]string{"reload"}, strings.Fields(args)...)...)
		require.Equal(t, 2, code, args)
		require.Contains(t, stderr, "rota: ")
	}
	require.Empty(t, f.asked, "nothing is reloaded")
}

func TestLinesTellAReloadStepByStep(t *testing.T) {
	f := reloading(t, reloadJSON("completed"))
	_, stderr, _ := f.run("reload")
	at := words.Clock(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC))
	require.Contains(t, stderr, "reload "+reloadID+"\n"+at+"  queued\n")
	require.Contains(t, stderr, "  rolling    1/2 slots  3 connections left\n")
	require.NotContains(t, stderr, "\x1b")
	require.NotContains(t, stderr, "\r")
}

func TestLinesDoNotTellEachConnectionThatEnds(t *testing.T) {
	var out bytes.Buffer
	l := &lines{out: &out}
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for left := 100; left >= 0; left-- {
		l.tell(client.Event{Event: view.Event{Time: view.At(at), Reload: &view.Reload{State: "live", Replaced: 2, Total: 2, Draining: 1, ConnectionsRemaining: new(left)}}})
		at = at.Add(100 * time.Millisecond)
	}
	require.Equal(t, 3, strings.Count(out.String(), "\n"), out.String())
	l.tell(client.Event{Event: view.Event{Time: view.At(at), Reload: &view.Reload{State: "rolling", Paused: &view.Pause{Why: "canary"}, Replaced: 1, Total: 2}}})
	require.Contains(t, out.String(), "paused     1/2 slots  after the canary, until rota promote\n")
}

func TestTheBarFitsItsLineAndGoesAway(t *testing.T) {
	var out bytes.Buffer
	b := &bar{out: &out}
	b.end()
	b.tell(client.Event{Event: view.Event{Reload: &view.Reload{State: "queued"}}})
	require.Empty(t, out.String(), "there is nothing to draw yet")
	for replaced := range 5 {
		for _, draining := range []int{1, 0} {
			b.tell(client.Event{Event: view.Event{Reload: &view.Reload{State: "rolling", Replaced: replaced, Total: 4, Draining: draining, ConnectionsRemaining: new(1234567),
				Paused: &view.Pause{Why: "between", Until: view.At(time.Now())}}}})
		}
	}
	b.end()
	require.NotContains(t, out.String(), "\x1b")
	require.NotContains(t, out.String(), "\n")
	drawn := strings.Split(out.String(), "\r")
	for _, line := range drawn {
		require.LessOrEqual(t, len([]rune(line)), 79, line)
	}
	require.Empty(t, strings.TrimSpace(drawn[len(drawn)-2]+drawn[len(drawn)-1]), "the verdict begins on an empty line")
	require.Contains(t, out.String(), "100%")
}

func TestTheHelpHasTheExitCodes(t *testing.T) {
	stdout, _, code := runRota("reload", "--help")
	require.Zero(t, code)
	require.Contains(t, stdout, exitCodes)
}

func TestTheVerdictOfAPausedReloadSaysUntilWhen(t *testing.T) {
	var v view.Reload
	require.NoError(t, json.Unmarshal([]byte(`{"id":"x","state":"rolling","replaced":1,"total":4,"paused":{"why":"asked","until":null,"message":""}}`), &v))
	require.Equal(t, "reload x is paused, 1/4 slots, by somebody, until rota resume.", words.Verdict(v))
}
