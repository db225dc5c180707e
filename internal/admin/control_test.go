package admin

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestAReloadIsControlled(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	at := "/reloads/" + r.ID
	for _, verb := range []string{"pause", "resume", "promote"} {
		require.Equal(t, r.ID, do(t, s, "POST", at+"/"+verb, "").is(http.StatusOK)["id"])
		do(t, s, "POST", at+"/"+verb, `{"reason":"x"}`).problem(http.StatusBadRequest, "reason")
	}
	a := do(t, s, "POST", at+"/abort", `{"reason":"too slow"}`)
	require.Equal(t, "reverting", a.is(http.StatusAccepted)["state"])
	require.Equal(t, at, a.leadsTo(at+"/abort"))
	require.Equal(t, []string{"pause ", "resume ", "promote ", "abort too slow"}, f.controls)

	f.refusal = &record.ConflictError{Reason: "the reload has ended"}
	require.Equal(t, "the reload has ended", do(t, s, "POST", at+"/pause", "").problem(http.StatusConflict, "")["detail"])
	do(t, s, "POST", "/reloads/"+newID()+"/abort", "").problem(http.StatusNotFound, "")
	do(t, s, "GET", at+"/abort", "").problem(http.StatusMethodNotAllowed, "")
}

func TestACanaryMayBeSkipped(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	at := "/reloads/" + r.ID
	do(t, s, "POST", at+"/promote?skip_canary=true", "").is(http.StatusOK)
	do(t, s, "POST", at+"/promote?skip_canary=false", "").is(http.StatusOK)
	require.Equal(t, []string{"skip canary ", "promote "}, f.controls)
	do(t, s, "POST", at+"/promote?skip_canary=1", "").problem(http.StatusBadRequest, "skip_canary")
	do(t, s, "POST", at+"/pause?skip_canary=true", "").problem(http.StatusBadRequest, "skip_canary")
}

func TestAWorkerIsRenewed(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	id := f.workers[0].ID
	a := do(t, s, "POST", "/workers/"+id+"/rotate", "")
	answer := a.is(http.StatusAccepted)
	require.Equal(t, id, answer["replaces"])
	next := answer["worker"].(object)
	require.Equal(t, "starting", next["state"])
	require.Equal(t, "/workers/"+next["id"].(string), a.leadsTo("/workers/"+id+"/rotate"))
	do(t, s, "POST", "/workers/"+newID()+"/rotate", "").problem(http.StatusNotFound, "")
	f.refusal = &record.ConflictError{Reason: "the worker drains already"}
	do(t, s, "POST", "/workers/"+id+"/rotate", "").problem(http.StatusConflict, "")
}

func TestThePoolIsScaled(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	require.Equal(t, object{"workers": 8.0, "before": 2.0}, do(t, s, "PUT", "/scale", `{"workers": 8}`).is(http.StatusOK))
	require.Equal(t, object{"workers": 8.0, "before": 8.0}, do(t, s, "PUT", "/scale", `{"workers": 8}`).is(http.StatusOK))
	for _, body := range []string{"", "{}", `{"workers": 0}`, `{"workers": 1.5}`, `{"workers": "8"}`, `{"workers": 1025}`, `{"workers": null}`} {
		do(t, s, "PUT", "/scale", body).problem(http.StatusBadRequest, "workers")
	}
	f.refusal = record.ErrResizing
	do(t, s, "PUT", "/scale", `{"workers": 8}`).problem(http.StatusConflict, "")
	require.Equal(t, "PUT", do(t, s, "POST", "/scale", "").Header().Get("Allow"))
}

func TestWhatAReloadIsAskedFor(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	do(t, s, "POST", "/reload", `{"surge":"25%","canary":2,"canary_soak":"0s","pause_between":"1s","soak":"1m","checks":["tcp","http:/healthz"]}`).is(http.StatusAccepted)
	do(t, s, "POST", "/reload", `{"surge":3}`).is(http.StatusAccepted)
	require.Equal(t, record.ReloadRequest{
		Trigger: record.TriggerAPI,
		Checks:  []record.Check{{Kind: record.CheckTCP}, {Kind: record.CheckPath, Target: "/healthz"}},
		StrategyRequest: record.StrategyRequest{
			Surge: &record.Surge{Percent: 25}, Canary: new(2), CanarySoak: new(time.Duration(0)),
			PauseBetween: new(time.Second), Soak: new(time.Minute),
		},
	}, f.requests[0])
	require.Equal(t, &record.Surge{Number: 3}, f.requests[1].Surge)
	require.Nil(t, f.requests[1].Soak)

	for body, field := range map[string]string{
		`{"surge":0}`: "surge", `{"surge":"0%"}`: "surge", `{"surge":"101%"}`: "surge", `{"surge":1.5}`: "surge", `{"surge":null}`: "surge", `{"surge":1e300}`: "surge",
		`{"canary":-1}`: "canary", `{"canary":"1"}`: "canary", `{"soak":"-1s"}`: "soak", `{"soak":5}`: "soak", `{"pause_between":"25h"}`: "pause_between",
		`{"checks":"tcp"}`: "checks", `{"checks":["rm -rf /"]}`: "checks", `{"checks":["http://example.org/"]}`: "checks", `{"checks":["https://x/"]}`: "checks", `{"checks":[1]}`: "checks",
		`{"surge":1,"surge":2}`: "surge", `{"Surge":1}`: "Surge",
	} {
		do(t, s, "POST", "/reload", body).problem(http.StatusBadRequest, field)
	}
}

func TestTheHeadersOfAReload(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	with := func(name, value string) answer { return do(t, s, "POST", "/reload", "", name+": "+value) }
	with("Idempotency-Key", `"deploy-1"`).is(http.StatusAccepted)
	with("If-Match", `"3", "4"`).is(http.StatusAccepted)
	with("If-Match", `3`).is(http.StatusAccepted)
	with("If-Match", `*`).is(http.StatusAccepted)
	require.Equal(t, "deploy-1", f.requests[0].Key)
	require.Equal(t, []int{3, 4}, f.requests[1].IfGeneration)
	require.Equal(t, []int{3}, f.requests[2].IfGeneration)
	require.Nil(t, f.requests[3].IfGeneration)
	with("Idempotency-Key", "ä").problem(http.StatusBadRequest, "Idempotency-Key")
	with("Idempotency-Key", `""`).problem(http.StatusBadRequest, "Idempotency-Key")
	with("If-Match", "three").problem(http.StatusBadRequest, "If-Match")
	require.Len(t, f.requests, 4)
	for err, status := range map[error]int{record.ErrKeyReused: http.StatusUnprocessableEntity, record.ErrGeneration: http.StatusPreconditionFailed} {
		f.stopped = err
		do(t, s, "POST", "/reload", "").problem(status, "")
	}
}

// proven is the receipt of a reload whose generation was seen to answer.
var proven = record.Receipt{Measured: record.Measured{Probes: record.Probes{Sent: 3, OK: 3, New: 2, Older: 1}, Proven: true}}

func TestAWaitThatRequiresLosslessness(t *testing.T) {
	lossy := func(r *record.Reload) { r.StartedAt, r.ConnectionsCut = startedAt, 2 }
	query := "completed&require=lossless"
	p := waitFor(t, query, func(f *fakeMaster, id string) {
		f.move(id, record.ReloadCompleted, record.EventReloadCompleted, lossy)
	}).problem(http.StatusConflict, "")
	require.Contains(t, p["detail"], "2 connections were cut")
	receipt := p["reload"].(object)["receipt"].(object)
	require.Equal(t, false, receipt["lossless"])
	require.Len(t, receipt["losses"], 1)

	fine := waitFor(t, query, func(f *fakeMaster, id string) {
		f.move(id, record.ReloadCompleted, record.EventReloadCompleted, func(r *record.Reload) { r.StartedAt, r.Served, r.Receipt = startedAt, true, proven })
	}).is(http.StatusOK)
	require.Equal(t, true, fine["receipt"].(object)["lossless"])

	unproven := waitFor(t, query, func(f *fakeMaster, id string) {
		f.move(id, record.ReloadCompleted, record.EventReloadCompleted, func(r *record.Reload) { r.StartedAt, r.Served = startedAt, true })
	}).problem(http.StatusConflict, "")
	require.Contains(t, unproven["detail"], "whether it was lossless is unknown: nothing was proven: no probe was made")
	receipt = unproven["reload"].(object)["receipt"].(object)
	require.Nil(t, receipt["lossless"])
	require.Len(t, receipt["unproven"], 1)

	do(t, newServer(newFakeMaster()), "POST", "/reload?require=lossless", "").problem(http.StatusBadRequest, "require")
	do(t, newServer(newFakeMaster()), "POST", "/reload?wait=live&require=lossless", "").problem(http.StatusBadRequest, "require")
}

func TestAReloadIsNotLiveForGoodWhileItIsOnTrial(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	answered := make(chan object)
	go func() { answered <- get(t, s, "/reloads/"+r.ID+"?wait=live").is(http.StatusOK) }()
	require.Equal(t, r.ID, <-f.waiting)
	f.move(r.ID, record.ReloadLive, record.EventReloadLive, func(r *record.Reload) { r.OnTrial = true })
	f.move(r.ID, record.ReloadLive, record.EventReloadProgress, func(r *record.Reload) { r.OnTrial = false })
	require.Equal(t, false, (<-answered)["on_trial"])
}
