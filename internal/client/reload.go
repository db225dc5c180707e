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

	"rota/internal/view"
)

// ReloadRequest is a request to reload, with what goes into its headers and its query.
type ReloadRequest struct {
	view.ReloadRequest
	Key               string // makes it the same request when it is sent again
	ExpectsGeneration string // refuse unless this generation serves; "": any
	NeedsCanary       bool   // refuse unless there is a canary
}

// Reload starts a reload and returns as soon as it is accepted. If the answer is lost it sends the request again, with
// the same key.
func (c *Client) Reload(ctx context.Context, r ReloadRequest) (Answer[view.Reload], error) {
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
		answer, err := ask[view.Reload](ctx, c, request{method: http.MethodPost, path: "/reload", query: query, header: header, body: r.ReloadRequest})
		lost, unreached := errors.AsType[*Unreachable](err)
		if !unreached {
			return answer, err
		}
		refused = refused && neverSent(lost)
		if refused || time.Since(began) > c.times.patience {
			lost.Unknown = !refused // the master may have seen one of the tries
			return answer, lost
		}
		if err := pauseFor(ctx, c.times.pause); err != nil {
			return answer, err
		}
	}
}

// ReloadByID returns a reload that is running or remembered.
func (c *Client) ReloadByID(ctx context.Context, id string) (Answer[view.Reload], error) {
	answer, err := get[view.Reload](ctx, c, "/reloads/"+id, nil)
	return answer, c.about(id, answer.View, err)
}

// Reloads is a page of the history, newest first.
type Reloads struct {
	Reloads []json.RawMessage `json:"reloads"`
	Next    *string           `json:"next"`
}

// History returns the latest reloads, newest first, at most limit.
func (c *Client) History(ctx context.Context, limit int) ([]Answer[view.Reload], error) {
	rows, _, err := collect[view.Reload](c, "/reloads", limit, func(size int, cursor string) ([]json.RawMessage, *string, error) {
		found, err := page[Reloads](ctx, c, "/reloads", pageOf(min(size, mostReloads), cursor))
		return found.Reloads, found.Next, err
	})
	return rows, err
}

// Tell sends abort, pause or resume to a reload. The reason may be empty.
func (c *Client) Tell(ctx context.Context, id, verb, reason string) (Answer[view.Reload], error) {
	r := request{method: http.MethodPost, path: "/reloads/" + id + "/" + verb}
	if reason != "" {
		r.header = http.Header{"Content-Type": {"application/json"}}
		r.body = map[string]string{"reason": reason}
	}
	answer, err := ask[view.Reload](ctx, c, r)
	return answer, c.about(id, answer.View, err)
}

// Promote makes a reload go on from its canary. With skip it skips the canary.
func (c *Client) Promote(ctx context.Context, id string, skip bool) (Answer[view.Reload], error) {
	r := request{method: http.MethodPost, path: "/reloads/" + id + "/promote"}
	if skip {
		r.query = url.Values{"skip_canary": {"true"}}
	}
	answer, err := ask[view.Reload](ctx, c, r)
	return answer, c.about(id, answer.View, err)
}

// about checks that an answer is about the requested reload.
func (c *Client) about(id string, r view.Reload, err error) error {
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
