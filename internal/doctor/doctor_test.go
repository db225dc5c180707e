package doctor

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
)

// spec is of the named program of this test binary.
func spec(name string) plan.Spec {
	return plan.Spec{
		Command:      []string{os.Args[0], name},
		StartTimeout: 3 * time.Second,
		DrainTimeout: 3 * time.Second,
		Ready:        plan.Readiness{Kind: plan.ReadyAuto},
	}
}

// failed are the checks that failed, in their order.
func (r Report) failed() (names []string) {
	for _, result := range r.Results {
		if result.Outcome == Fail {
			names = append(names, result.Check)
		}
	}
	return names
}

func (r Report) result(t *testing.T, c check) Result {
	t.Helper()
	i := slices.IndexFunc(r.Results, func(r Result) bool { return r.Check == c.name })
	require.GreaterOrEqual(t, i, 0, c.name)
	return r.Results[i]
}

func names(checks ...check) (list []string) {
	for _, c := range checks {
		list = append(list, c.name)
	}
	return list
}

// everything, in the order of the report.
var everything = names(takesSocket, saysReady, answersUnderLoad, leaksNoDescriptor, stopsAccepting, answersSilent,
	finishesRequests, closesIdle, letsBusyGo, exitsInTime, leavesNoProcess, neverShutsDown, keepsNonBlocking, polledBlocks,
	keepsQueue, keepsFile)

func TestAGoodProgramPasses(t *testing.T) {
	r := examine(t, order{Spec: spec("good")})
	var checks []string
	for _, result := range r.Results {
		checks = append(checks, result.Check)
		require.Positive(t, result.Took, result.Check)
	}
	require.Equal(t, everything, checks)
	require.Equal(t, "15 passed, 0 failed, 1 skipped", r.String())
	require.Equal(t, Skip, r.result(t, keepsFile).Outcome)
	require.Contains(t, r.result(t, answersUnderLoad).Detail, "HTTP, ")
}

func TestAGoodProgramPassesOnAUnixSocket(t *testing.T) {
	t.Parallel()
	s := spec("good")
	s.Listen = []listen.Spec{{Name: "web", Network: "unix", Address: "/run/nobody/looks/here"}}
	r := examine(t, order{Spec: s})
	require.Equal(t, "16 passed, 0 failed, 0 skipped", r.String())
}

func TestAProgramThatSpeaksNoHTTPPasses(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{"": `"rota doctor"`, "hello\n": `"hello"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := examine(t, order{Spec: spec("good-echo"), Request: name})
			require.Equal(t, "12 passed, 0 failed, 4 skipped", r.String())
			require.Contains(t, r.result(t, answersUnderLoad).Detail, request)
			require.Contains(t, r.result(t, closesIdle).Detail, "does not speak HTTP")
			require.Contains(t, r.result(t, finishesRequests).Detail, "every chunk")
		})
	}
}

func TestAProgramThatSpeaksFirstPasses(t *testing.T) {
	t.Parallel()
	r := examine(t, order{Spec: spec("good-greeter")})
	require.Empty(t, r.failed())
	require.Equal(t, Pass, r.result(t, answersSilent).Outcome)
}

func TestAProgramThatServesOneConnectionAfterTheOtherPasses(t *testing.T) {
	t.Parallel()
	r := examine(t, order{Spec: spec("good-one-at-a-time")})
	require.Empty(t, r.failed())
	require.Equal(t, "13 passed, 0 failed, 3 skipped", r.String())
	require.Contains(t, r.result(t, closesIdle).Detail, "closes every connection after its answer")
}

func TestASlowAnswerIsWaitedForAcrossTheSignal(t *testing.T) {
	t.Parallel()
	r := examine(t, order{Spec: spec("good-but-slow"), SlowPath: "/slow"})
	require.Empty(t, r.failed())
	require.Equal(t, Pass, r.result(t, finishesRequests).Outcome)

	r = examine(t, order{Spec: spec("good"), Path: "/here", SlowPath: "/fast"})
	require.Empty(t, r.failed())
	require.Equal(t, Skip, r.result(t, finishesRequests).Outcome)
	require.Contains(t, r.result(t, finishesRequests).Detail, "GET /fast was answered within 250ms")
}

func TestAProgramThatIsNotWokenForSilentConnectionsPasses(t *testing.T) {
	t.Parallel()
	r := examine(t, order{Spec: spec("good-but-defers")})
	require.Empty(t, r.failed())
	require.Equal(t, Pass, r.result(t, stopsAccepting).Outcome)
	require.Contains(t, r.result(t, answersSilent).Detail, "TCP_DEFER_ACCEPT")
}

func TestOtherListenersAreThereToo(t *testing.T) {
	t.Parallel()
	s := spec("good")
	s.Command = append(s.Command, "{port:web}", "{fd:side}")
	s.Listen = []listen.Spec{
		{Name: "web", Network: "tcp", Address: ":80", ReusePort: true},
		{Name: "side", Network: "unix", Address: "/run/side.sock", Owner: "nobody"},
	}
	require.Empty(t, examine(t, order{Spec: s}).failed())
}

// However long a program might be examined, it ends at once when nobody wants that any more.
func TestAnInterruptionLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"never-ready", "binds-its-own", "ignores-the-signal"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(name)
			s.StartTimeout, s.DrainTimeout, s.Ready = time.Hour, time.Hour, plan.Readiness{}
			f := find(t, order{Spec: s, InterruptAfter: 600 * time.Millisecond}) // in the midst of something
			require.True(t, f.Canceled, f.Error)
			require.NotContains(t, f.Report.failed(), exitsInTime.name)
		})
	}
}

func TestAProgramThatIsNotThereIsAMistakeOfTheCaller(t *testing.T) {
	t.Parallel()
	s := spec("good")
	s.Command = []string{"/nowhere"}
	f := find(t, order{Spec: s})
	require.True(t, f.Usage, f.Error)
	require.True(t, f.NotExist, f.Error)
}

func TestReadinessThatIsAGuessIsCalledOne(t *testing.T) {
	t.Parallel()
	lives := spec("good-but-mum")
	lives.Ready = plan.Readiness{Kind: plan.ReadyDelay, Delay: time.Second}
	r := examine(t, order{Spec: lives})
	require.Empty(t, r.failed())
	require.Contains(t, r.result(t, saysReady).Detail, "it has lived 1s, which is a guess; better have it send READY=1")
	says := spec("good")
	says.Ready = plan.Readiness{}
	require.Empty(t, examine(t, order{Spec: says}).result(t, saysReady).Detail)
	require.Contains(t, examine(t, order{Spec: spec("good-but-mum")}).result(t, saysReady).Detail, "seen to accept connections on the listener")
}

// It is no advice to have rota find out what it was told to find out.
func TestAProgramThatDoesNotServeTheProbedSocketIsToldSo(t *testing.T) {
	t.Parallel()
	s := spec("good")
	s.Ready, s.StartTimeout = plan.Readiness{Kind: plan.ReadyTCP}, time.Second
	detail := examine(t, order{Spec: s}).result(t, saysReady).Detail
	require.Contains(t, detail, "nobody has accepted the connections there")
	require.Contains(t, detail, "have it serve the additional socket, too")
	require.NotContains(t, detail, "READY=1")
}

func TestEachMisbehaviourFailsItsChecks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		failed []string
		found  string // in the first one's detail
	}{
		"binds-its-own":           {names(takesSocket), "; it listens on port "},
		"never-ready":             {names(saysReady), "it was not ready within the start timeout of 3s"},
		"exits-at-once":           {names(saysReady), `it exited with code 4 before it was ready (it last printed "no database"); have it run`},
		"crashes-at-length":       {names(saysReady), `it exited with code 2 before it was ready (it last printed "panic: no database")`},
		"goes-to-the-background":  {names(saysReady), "it exited with code 0 before it was ready; have it stay in the foreground"},
		"ready-too-early":         {names(saysReady), "a connection waited "},
		"closes-unanswered":       {names(answersUnderLoad), `no answer to "GET / HTTP/1.1": closed without an answer`},
		"crashes-under-load":      {names(answersUnderLoad), `it exited with code 5 without having been told to (it last printed "out of luck")`},
		"leaks-descriptors":       {names(leaksNoDescriptor), "descriptors open before 3 rounds"},
		"accepts-and-drops":       {names(stopsAccepting), "was accepted and not answered: closed without an answer"},
		"drops-silent":            {names(answersSilent), "closed without an answer"},
		"cuts-in-flight":          {names(finishesRequests), "a request that was half sent at the signal: closed without an answer"},
		"holds-keep-alive":        {names(closesIdle), "one was still open "},
		"never-says-close":        {names(letsBusyGo), "one was still answered "},
		"shrinks-the-queue":       {names(keepsQueue), "made it 100 long instead of "},
		"ignores-the-signal":      {names(stopsAccepting, closesIdle, letsBusyGo, exitsInTime), "it still accepted "},
		"exits-3":                 {names(exitsInTime), "it exited with code 3"},
		"leaves-a-child":          {names(leavesNoProcess), "sleep (pid "},
		"leaves-a-daemon":         {names(leavesNoProcess), "sleep (pid "},
		"shuts-the-listener-down": {names(neverShutsDown), "nobody could connect any more"},
		"clears-nonblock":         {names(keepsNonBlocking), "O_NONBLOCK"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(name)
			if name == "ready-too-early" || name == "never-ready" || name == "exits-at-once" || name == "crashes-at-length" || name == "goes-to-the-background" {
				s.Ready = plan.Readiness{}
			}
			r := examine(t, order{Spec: s})
			failed := r.failed()
			if name == "drops-silent" || name == "cuts-in-flight" { // the signal may come late
				failed = slices.DeleteFunc(failed, func(check string) bool { return check == stopsAccepting.name })
			}
			require.Equal(t, want.failed, failed)
			require.Len(t, r.Results, len(everything))
			for _, result := range r.Results {
				if result.Outcome == Fail {
					require.Contains(t, result.Detail, want.found)
					break
				}
			}
		})
	}
}

// Go's own accept sleeps then, so that such a program does not hear the signal either.
func TestASocketThatBlocksAndIsPolledIsFound(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]string{"polls-what-blocks": "by epoll", "polls-by-itself": "by poll or select"} {
		r := examine(t, order{Spec: spec(name)})
		require.Equal(t, Fail, r.result(t, polledBlocks).Outcome)
		require.Contains(t, r.result(t, polledBlocks).Detail, way)
	}
	require.Equal(t, Pass, examine(t, order{Spec: spec("good")}).result(t, polledBlocks).Outcome)
}

func TestOnAUnixSocket(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"shrinks-the-queue":       names(keepsQueue),
		"unlinks-the-path":        names(keepsFile),
		"shuts-the-listener-down": names(neverShutsDown),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(name)
			s.Listen = []listen.Spec{{Name: "unix", Network: "unix", Address: "/anywhere"}}
			require.Equal(t, want, examine(t, order{Spec: s}).failed())
		})
	}
}
