package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Reload is a reload as the API shows it.
type Reload struct {
	ID                   string       `json:"id"`
	State                string       `json:"state"`
	Generation           int          `json:"generation"`
	Reason               string       `json:"reason"`
	Revision             string       `json:"revision"`
	RequestedAt          time.Time    `json:"requested_at"`
	StartedAt            time.Time    `json:"started_at"`  // zero until then, as the next ones
	CanaryAt             time.Time    `json:"canary_at"`   // its canary was ready and had passed its checks
	PromotedAt           time.Time    `json:"promoted_at"` // the pause after the canary was over, or somebody did without it
	LiveAt               time.Time    `json:"live_at"`
	FinishedAt           time.Time    `json:"finished_at"`
	Replaced             int          `json:"replaced"`
	Total                int          `json:"total"`
	Serving              *int         `json:"serving"` // slots, by any generation; nil: an older master does not say
	Draining             int          `json:"draining"`
	ConnectionsRemaining *int         `json:"connections_remaining"` // nil: unknown
	ConnectionsCut       *int         `json:"connections_cut"`
	Error                *Failure     `json:"error"`
	OnTrial              bool         `json:"on_trial"`
	TrialEndsAt          time.Time    `json:"trial_ends_at"`
	Paused               *Pause       `json:"paused"`
	CanaryAddress        []AddressOf  `json:"canary_address"` // where its canary, and nobody else, answers; nil unless that is on trial
	Strategy             *Strategy    `json:"strategy"`       // nil until its plan is made
	WaitingFor           []WaitingFor `json:"waiting_for"`
	Receipt              *Receipt     `json:"receipt"`
	Assumed              []string     `json:"assumed"` // why its workers were not seen to be ready
	Steps                []Step       `json:"steps"`
}

// Failure is why a reload has failed, or, if it is completed, why that is no success.
type Failure struct {
	Code       string   `json:"code"` // "": an older master does not say
	Message    string   `json:"message"`
	WorkerID   string   `json:"worker_id"`
	Slot       *int     `json:"slot"`
	Output     []string `json:"output"` // the worker's last lines
	Complaints []string `json:"complaints"`

	RevertFailed      bool `json:"revert_failed"`       // the generation before does not serve every slot again
	RevertCheckFailed bool `json:"revert_check_failed"` // it does, and does not pass the checks either
	Stopping          bool `json:"stopping"`            // the master was told to stop: no generation serves any more
}

// Pause is why a reload that rolls does nothing.
type Pause struct {
	Why   string    `json:"why"`   // canary, asked or between
	Until time.Time `json:"until"` // zero: until somebody says so
}

// AddressOf is where the canary answers for one of its listeners.
type AddressOf struct {
	Listener string `json:"listener"`
	Address  string `json:"address"` // 127.0.0.1:PORT
}

// Strategy is how a reload goes about it.
type Strategy struct {
	Canary int `json:"canary"` // slots that change first; 0: none
}

// WaitingFor is a draining worker, and what holds it.
type WaitingFor struct {
	WorkerID    string      `json:"worker_id"` // "" in a worker's own view, which says who and where it is
	Slot        int         `json:"slot"`
	Generation  int         `json:"generation"`
	Connections int         `json:"connections"`
	Active      int         `json:"active"`
	Idle        int         `json:"idle"`
	HalfClosed  int         `json:"half_closed"`
	Oldest      *Connection `json:"oldest"`
	Peers       []string    `json:"peers"`
}

// Receipt is what was measured of a reload.
type Receipt struct {
	Probes struct {
		Sent       int     `json:"sent"`
		OK         int     `json:"ok"`
		Refused    int     `json:"refused"`
		Reset      int     `json:"reset"`
		Unanswered int     `json:"unanswered"`
		SlowestMS  float64 `json:"slowest_ms"`

		AnsweredBy *struct {
			New     int `json:"new"`
			Older   int `json:"older"`
			Unknown int `json:"unknown"`
		} `json:"answered_by"` // nil: an older master does not say
		NotAccepted int      `json:"not_accepted"`
		Silent      int      `json:"silent"`
		BeforeMS    *float64 `json:"before_ms"` // nil: unknown
	} `json:"probes"`
	ListenOverflows *int `json:"listen_overflows"` // nil: unknown
	ListenDrops     *int `json:"listen_drops"`
	DeepestQueue    int  `json:"deepest_queue"`
	Connections     struct {
		Drained *int `json:"drained"` // nil: unknown, as the next two
		Cut     *int `json:"cut"`
		Dropped *int `json:"dropped"`
		Evicted int  `json:"evicted"`

		SeenBy *string `json:"seen_by"` // notifications or states
	} `json:"connections"`
	CutConnections []CutConnection `json:"cut_connections"`
	WorkersDied    int             `json:"workers_died"`
	Checks         struct {
		Passed     int  `json:"passed"`
		Failed     int  `json:"failed"`
		Of         *int `json:"of"`      // new workers that were to be reached; nil: no check has asked workers
		Reached    *int `json:"reached"` // nil: unknown
		NotReached []struct {
			WorkerID string `json:"worker_id"`
			Slot     int    `json:"slot"`
		} `json:"not_reached"`
	} `json:"checks"`
	Lossless *bool    `json:"lossless"` // nil: not known, or not yet
	Losses   []string `json:"losses"`
	Unproven []string `json:"unproven"` // why it is not known
}

// CutConnection is one that was lost.
type CutConnection struct {
	WorkerID string `json:"worker_id"`
	Listener string `json:"listener"`
	Remote   string `json:"remote"`
	State    string `json:"state"`
	IdleMS   *int   `json:"idle_ms"`
	How      string `json:"how"` // cut or dropped
}

// Step is something that happened to a worker.
type Step struct {
	Time     time.Time `json:"time"`
	Action   string    `json:"action"`
	Slot     int       `json:"slot"`
	WorkerID string    `json:"worker_id"`
	Message  string    `json:"message"`
	TookMS   *float64  `json:"took_ms"`

	StoppedAcceptingAt time.Time `json:"stopped_accepting_at"` // of a draining worker; zero: not known
}

// Ended says whether nothing more comes of it.
func (r Reload) Ended() bool {
	return r.State == "completed" || r.State == "failed" || r.State == "aborted"
}

// Unstable says whether it is completed and no success all the same: its workers do not stay.
func (r Reload) Unstable() bool { return r.State == "completed" && r.Error != nil }

// Live says whether the new generation serves in every slot and has passed its trial.
func (r Reload) Live() bool {
	return r.State == "completed" || r.State == "live" && !r.OnTrial
}

// CanaryReached says whether its canary has been ready and passed its checks, and it has not been taken back since.
func (r Reload) CanaryReached() bool {
	return !r.CanaryAt.IsZero() && (r.State == "rolling" || r.State == "live" || r.State == "completed")
}

// CanarySkipped says whether somebody had it go on before its canary was reached.
func (r Reload) CanarySkipped() bool { return !r.PromotedAt.IsZero() && r.CanaryAt.IsZero() }

// Canaryless says whether it is known to have no canary.
func (r Reload) Canaryless() bool { return r.Strategy != nil && r.Strategy.Canary == 0 }

// Lossy says whether something was lost, as far as is known by now.
func (r Reload) Lossy() bool {
	if r.ConnectionsCut != nil && *r.ConnectionsCut > 0 {
		return true
	}
	return r.Receipt != nil && (len(r.Receipt.Losses) > 0 || r.Receipt.Lossless != nil && !*r.Receipt.Lossless)
}

// ReloadRequest is what is asked of a reload; what is empty is as the master is configured.
type ReloadRequest struct {
	Reason       string   `json:"reason,omitempty"`
	Revision     string   `json:"revision,omitempty"`
	StartTimeout string   `json:"start_timeout,omitempty"` // durations as Go has them
	DrainTimeout string   `json:"drain_timeout,omitempty"`
	Surge        *Surge   `json:"surge,omitempty"`
	Canary       *int     `json:"canary,omitempty"`
	CanarySoak   string   `json:"canary_soak,omitempty"`
	PauseBetween string   `json:"pause_between,omitempty"`
	Soak         string   `json:"soak,omitempty"`
	Checks       []string `json:"checks,omitempty"`

	Key               string `json:"-"` // that makes it the same request when it is sent again
	ExpectsGeneration string `json:"-"` // refuse unless this one serves; "": whichever does
	NeedsCanary       bool   `json:"-"` // refuse where there would be none
}

// Surge is a number of workers, or a percentage such as 25%.
type Surge string

// MarshalJSON writes a number as one.
func (s Surge) MarshalJSON() ([]byte, error) {
	if n, err := strconv.Atoi(string(s)); err == nil {
		return json.Marshal(n)
	}
	return json.Marshal(string(s))
}

// Reload starts a reload, and returns as soon as it is accepted. When the answer is lost on
// its way the request is sent again, which the key makes the same.
func (c *Client) Reload(ctx context.Context, r ReloadRequest) (Answer[Reload], error) {
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {r.Key}}
	if r.ExpectsGeneration != "" {
		header.Set("If-Match", `"`+r.ExpectsGeneration+`"`)
	}
	var query url.Values
	if r.NeedsCanary {
		query = url.Values{"require": {"canary"}}
	}
	began, refused := time.Now(), true
	for {
		answer, err := ask[Reload](ctx, c, request{method: http.MethodPost, path: "/reload", query: query, header: header, body: r})
		lost, unreached := errors.AsType[*Unreachable](err)
		if !unreached {
			return answer, err
		}
		refused = refused && neverSent(lost)
		if refused || time.Since(began) > c.times.patience {
			lost.Unknown = !refused // one of the tries may have been heard
			return answer, lost
		}
		if err := pauseFor(ctx, c.times.pause); err != nil {
			return answer, err
		}
	}
}

// ReloadByID is one that is running, or remembered.
func (c *Client) ReloadByID(ctx context.Context, id string) (Answer[Reload], error) {
	answer, err := get[Reload](ctx, c, "/reloads/"+id, nil)
	return answer, c.about(id, answer.View, err)
}

// Reloads is a page of the history, newest first.
type Reloads struct {
	Reloads []json.RawMessage `json:"reloads"`
	Next    *string           `json:"next"`
}

// History is the latest reloads, newest first, at most limit; each as read and as it came.
func (c *Client) History(ctx context.Context, limit int) ([]Answer[Reload], error) {
	rows, _, err := collect[Reload](c, "/reloads", limit, func(size int, cursor string) ([]json.RawMessage, *string, error) {
		found, err := page[Reloads](ctx, c, "/reloads", pageOf(min(size, mostReloads), cursor))
		return found.Reloads, found.Next, err
	})
	return rows, err
}

// Tell asks something of a reload: abort, pause or resume. The reason may be empty.
func (c *Client) Tell(ctx context.Context, id, verb, reason string) (Answer[Reload], error) {
	r := request{method: http.MethodPost, path: "/reloads/" + id + "/" + verb}
	if reason != "" {
		r.header = http.Header{"Content-Type": {"application/json"}}
		r.body = map[string]string{"reason": reason}
	}
	answer, err := ask[Reload](ctx, c, r)
	return answer, c.about(id, answer.View, err)
}

// Promote has a reload go on from its canary. With skip it does not wait until that is up.
func (c *Client) Promote(ctx context.Context, id string, skip bool) (Answer[Reload], error) {
	r := request{method: http.MethodPost, path: "/reloads/" + id + "/promote"}
	if skip {
		r.query = url.Values{"skip_canary": {"true"}}
	}
	answer, err := ask[Reload](ctx, c, r)
	return answer, c.about(id, answer.View, err)
}

// about sees to it that an answer is about the reload that was asked for.
func (c *Client) about(id string, r Reload, err error) error {
	if err == nil && r.ID != id {
		return c.foreign(request{method: "about", path: "/reloads/" + id}, fmt.Errorf("the answer is about reload %q", r.ID))
	}
	return err
}

// pageOf asks for the rows after the cursor.
func pageOf(limit int, cursor string) url.Values {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return query
}
