package admin

import (
	"encoding/json"
	"net/http"

	"rota/internal/record"
	"rota/internal/view"
)

// forShort is how many descriptors event streams leave to short requests. A wait for a reload leaves half of
// that.
const forShort = 32

// places bound the requests that may take any time: each holds a connection and a goroutine.
type places struct {
	taken   chan struct{} // one for each
	reserve int           // descriptors that they leave to short requests
	what    string        // takes the places, and what to do if there is none left
}

func newPlaces(n, reserve int, what string) places {
	return places{make(chan struct{}, n), reserve, what}
}

// take gets a place for the request. Its error says that all are taken, or that descriptors are short.
func (s *Server) take(p places, w http.ResponseWriter, r *http.Request) (leave func(), err error) {
	select {
	case <-s.closing:
		return nil, record.ErrStopping
	default:
	}
	w.Header().Set("Retry-After", "1")
	if !s.limiter.MayStay(r, len(s.streams.taken)+len(s.waits.taken), p.reserve) {
		return nil, tooMany()
	}
	select {
	case p.taken <- struct{}{}:
		w.Header().Del("Retry-After")
		return func() { <-p.taken }, nil
	default:
		return nil, problemf(http.StatusServiceUnavailable, "%d %s", cap(p.taken), p.what)
	}
}

func tooMany() *view.Problem {
	return problemf(http.StatusServiceUnavailable,
		"too many connections to the admin API are busy, or the master has few open files left; close some or try again")
}

// refusal is the JSON for a connection that is not served.
func refusal() []byte {
	body, _ := json.Marshal(tooMany()) // cannot fail
	return body
}
