package admin

import (
	"time"

	"rota/internal/master"
)

// pauseView is why a reload does not go on.
type pauseView struct {
	Why   string  `json:"why"` // canary, between or asked
	Since instant `json:"since"`
	Until instant `json:"until"` // null: until somebody says so
}

// strategyView is how a reload goes about it.
type strategyView struct {
	Surge        string `json:"surge"`         // a number of workers, or a percentage
	SurgeWorkers int    `json:"surge_workers"` // how many that is
	Canary       int    `json:"canary"`        // slots that change first; 0: none
	CanarySoak   string `json:"canary_soak"`   // 0s: until it is promoted
	PauseBetween string `json:"pause_between"`
	Soak         string `json:"soak"`
}

// receiptView is what was measured of a reload, so far or, once it has ended, at all.
type receiptView struct {
	Probes          probesView `json:"probes"`
	ListenOverflows *int       `json:"listen_overflows"` // null if the kernel did not tell, as the next
	ListenDrops     *int       `json:"listen_drops"`
	DeepestQueue    int        `json:"deepest_queue"` // connections that waited to be accepted
	Connections     fateView   `json:"connections"`
	CutConnections  []cutView  `json:"cut_connections"` // those cut or dropped, as far as they are known
	WorkersDied     int        `json:"workers_died"`    // while they served
	Checks          checksView `json:"checks"`
	Lossless        *bool      `json:"lossless"` // null: unknown
	Losses          []string   `json:"losses"`   // why not, a sentence each
	Unproven        []string   `json:"unproven"` // why it is unknown, likewise
}

type probesView struct {
	Sent       int     `json:"sent"`
	OK         int     `json:"ok"`
	Refused    int     `json:"refused"`
	Reset      int     `json:"reset"`
	Unanswered int     `json:"unanswered"`
	SlowestMS  float64 `json:"slowest_ms"`

	AnsweredBy  answeredByView `json:"answered_by"`
	NotAccepted int            `json:"not_accepted"` // of those unanswered, as the next
	Silent      int            `json:"silent"`
	BeforeMS    *float64       `json:"before_ms"`  // the slowest that was sent before the first new worker was started; null: none was answered, as of the next
	DuringMS    *float64       `json:"during_ms"`  // from then on
	AfterMS     *float64       `json:"after_ms"`   // since every slot has changed
	StalledMS   *float64       `json:"stalled_ms"` // the longest stall; null: none
}

// answeredByView adds up to those that are ok.
type answeredByView struct {
	New     int `json:"new"` // a worker of the reload's generation, or a later one
	Older   int `json:"older"`
	Unknown int `json:"unknown"` // nobody saw who
}

// fateView is what became of the connections of the workers that left.
type fateView struct {
	Drained *int `json:"drained"` // they ended by themselves; null if the kernel did not tell how many
	Cut     *int `json:"cut"`     // rota ended the worker; null if the kernel did not tell how many
	Dropped *int `json:"dropped"` // workers lost them; null if there may be more than were seen
	Evicted int  `json:"evicted"` // a caller had them closed

	SeenBy *string `json:"seen_by"` // how it was found out: notifications or states; null as long as no worker has left
}

type checksView struct {
	Passed     int          `json:"passed"`
	Failed     int          `json:"failed"`
	Of         *int         `json:"of"`          // new workers that were to be reached; null if no check has asked workers
	Reached    *int         `json:"reached"`     // so many were, by every check; null if that is unknown
	NotReached []missedView `json:"not_reached"` // those that no connection has reached
}

// missedView is a worker that the checks have not reached.
type missedView struct {
	WorkerID string `json:"worker_id"`
	Slot     int    `json:"slot"`
}

func viewChecks(r master.Receipt) checksView {
	view := checksView{Passed: r.ChecksPassed, Failed: r.ChecksFailed, NotReached: []missedView{}}
	reached, known := r.Coverage.Reached()
	view.Of, view.Reached = knownIf(r.Coverage.Of > 0, r.Coverage.Of), knownIf(known, reached)
	for _, m := range r.Coverage.Missed {
		view.NotReached = append(view.NotReached, missedView(m))
	}
	return view
}

func viewPause(p *master.Pause) *pauseView {
	if p == nil {
		return nil
	}
	return &pauseView{string(p.Why), instant(p.Since), instant(p.Until)}
}

func viewStrategy(r master.Reload) *strategyView {
	if r.Program == nil {
		return nil
	}
	s := r.Strategy
	return &strategyView{
		Surge:        s.Surge.String(),
		SurgeWorkers: s.Surge.Of(r.Total),
		Canary:       s.Canary,
		CanarySoak:   short(s.CanarySoak),
		PauseBetween: short(s.PauseBetween),
		Soak:         short(s.Soak),
	}
}

func viewReceipt(r master.Reload) *receiptView {
	if r.StartedAt.IsZero() {
		return nil
	}
	judgement := r.Judge()
	return &receiptView{
		Probes:          viewProbes(r.Measured),
		ListenOverflows: knownIf(r.CountersKnown, r.Overflows),
		ListenDrops:     knownIf(r.CountersKnown, r.Drops),
		DeepestQueue:    r.DeepestQueue,
		Connections:     fateView{knownIf(!r.DrainedUnknown, r.Drained), knownIf(!r.CutUnknown, r.ConnectionsCut), knownIf(!r.DropUnknown, r.Dropped), r.Evicted, knownText(string(r.SeenBy))},
		CutConnections:  viewCut(r.CutConnections),
		WorkersDied:     r.Died,
		Checks:          viewChecks(r.Receipt),
		Lossless:        judgement.Lossless,
		Losses:          listOf(judgement.Losses),
		Unproven:        listOf(judgement.Unproven),
	}
}

func viewProbes(m master.Measured) probesView {
	p := m.Probes
	return probesView{
		Sent:        p.Sent,
		OK:          p.OK,
		Refused:     p.Refused,
		Reset:       p.Reset,
		Unanswered:  p.Unanswered,
		SlowestMS:   inMS(p.Slowest),
		AnsweredBy:  answeredByView{p.New, p.Older, p.Unknown},
		NotAccepted: p.Queued,
		Silent:      p.Silent,
		BeforeMS:    tookIf(p.Before),
		DuringMS:    tookIf(p.During),
		AfterMS:     tookIf(p.After),
		StalledMS:   tookIf(m.Stalled),
	}
}

// tookIf is null for a time that nothing took.
func tookIf(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	return new(inMS(d))
}

func inMS(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// knownText is nil for "".
func knownText(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func viewTook(d time.Duration) *int64 {
	if d == 0 {
		return nil
	}
	return new(d.Milliseconds())
}
