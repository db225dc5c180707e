package view

import (
	"encoding/json"
	"strconv"
)

// ReloadRequest is the body of a request to reload. What is left out is as the master is configured.
type ReloadRequest struct {
	Reason       string   `json:"reason,omitempty"`
	Revision     string   `json:"revision,omitempty"`
	StartTimeout string   `json:"start_timeout,omitempty"` // a Go duration, as all durations here
	DrainTimeout string   `json:"drain_timeout,omitempty"`
	Surge        *Surge   `json:"surge,omitempty"`
	Canary       *int     `json:"canary,omitempty"`
	CanarySoak   string   `json:"canary_soak,omitempty"`
	PauseBetween string   `json:"pause_between,omitempty"`
	Soak         string   `json:"soak,omitempty"`
	Checks       []string `json:"checks,omitempty"`
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
