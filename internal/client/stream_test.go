package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"rota/internal/sse"

	"github.com/stretchr/testify/require"
)

var errEnough = errors.New("enough")

// collectUntil returns the ids that come, up to the last.
func collectUntil(ids *[]string, last string) func(sse.Message) error {
	return func(m sse.Message) error {
		*ids = append(*ids, m.ID)
		if m.ID == last {
			return errEnough
		}
		return nil
	}
}

// A server that breaks off after every second event, once in the middle of one, once in an orderly way.
func TestAStreamThatBreaksIsTakenUpWhereItBrokeOff(t *testing.T) {
	places := &asked{}
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		try := places.add(r.Header.Get("Last-Event-ID") + "/" + r.URL.RawQuery)
		after, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
		beginStream(w)
		put(w, after+1, "worker.ready", `{}`)
		put(w, after+2, "worker.ready", `{}`)
		switch try {
		case 0:
			fmt.Fprintf(w, "id: %d\nevent: worker.ready\ndata: {", after+3)
			_ = http.NewResponseController(w).Flush()
			cut(w)
		case 1:
			return
		default:
			cut(w)
		}
	}))
	var ids []string
	err := c.Events(t.Context(), new(uint64(0)), collectUntil(&ids, "7"), nil)
	require.ErrorIs(t, err, errEnough)
	require.Equal(t, []string{"1", "2", "3", "4", "5", "6", "7"}, ids, "nothing is told twice or left out")
	require.Equal(t, []string{"/after=0", "2/after=0", "4/after=0", "6/after=0"}, places.all())
}

func TestAStreamOnWhichNothingComesIsOpenedAnew(t *testing.T) {
	streams := &asked{}
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		try := streams.add("")
		beginStream(w)
		put(w, try+1, "worker.ready", `{}`)
		<-r.Context().Done()
	}))
	c.times.silence = 20 * time.Millisecond
	var ids []string
	require.ErrorIs(t, c.Events(t.Context(), nil, collectUntil(&ids, "3"), nil), errEnough)
	require.Equal(t, []string{"1", "2", "3"}, ids)
}

func TestCommentsKeepAStreamAlive(t *testing.T) {
	streams := &asked{}
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		streams.add("")
		beginStream(w)
		for range 10 {
			time.Sleep(100 * time.Millisecond) // the pace of the comments, all of them together longer than the silence
			fmt.Fprint(w, ": still here\n\n")
			_ = http.NewResponseController(w).Flush()
		}
		put(w, 1, "worker.ready", `{}`)
	}))
	c.times.silence = 900 * time.Millisecond
	var ids []string
	require.ErrorIs(t, c.Events(t.Context(), nil, collectUntil(&ids, "1"), nil), errEnough)
	require.Len(t, streams.all(), 1)
}

func TestALongLineIsRead(t *testing.T) {
	text := strings.Repeat("x", 3<<20)
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		beginStream(w)
		put(w, 1, "reload.completed", `{"message":"`+text+`"}`)
	}))
	err := c.Events(t.Context(), nil, func(m sse.Message) error {
		e, err := EventOf(m)
		require.NoError(t, err)
		require.Equal(t, text, e.Message)
		return errEnough
	}, nil)
	require.ErrorIs(t, err, errEnough)
}

func TestAStreamEndsWhenThereIsNothingToCome(t *testing.T) {
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Last-Event-ID") == "1" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		beginStream(w)
		put(w, 1, "log.line", `{"number":1,"text":"a"}`)
	}))
	lines := 0
	require.NoError(t, c.FollowLog(t.Context(), "w", -1, func(sse.Message) error { lines++; return nil }, nil))
	require.Equal(t, 1, lines)
}

func TestALogEndsWithItsWorker(t *testing.T) {
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		beginStream(w)
		put(w, 1, "log.end", `{}`)
		<-r.Context().Done()
	}))
	require.NoError(t, c.FollowLog(t.Context(), "w", -1, func(sse.Message) error { return nil }, nil))
}

func TestARefusedStreamIsAnErrorUnlessTheMasterIsBusy(t *testing.T) {
	tries := &asked{}
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/workers/"):
			writeJSON(w, http.StatusGone, problemJSON(http.StatusGone, "not kept any more"))
		case tries.add("") < 2:
			writeJSON(w, http.StatusServiceUnavailable, problemJSON(http.StatusServiceUnavailable, "too many streams"))
		default:
			beginStream(w)
			put(w, 1, "worker.ready", `{}`)
		}
	}))
	require.EqualError(t, c.FollowLog(t.Context(), "w", -1, nil, nil), "not kept any more")
	var ids []string
	require.ErrorIs(t, c.Events(t.Context(), nil, collectUntil(&ids, "1"), nil), errEnough)
	require.Len(t, tries.all(), 3)
}

func TestAMasterThatStaysAwayIsUnreachable(t *testing.T) {
	gone := make(chan struct{})
	c, server := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		beginStream(w)
		put(w, 1, "worker.ready", `{}`)
		<-gone
		cut(w)
	}))
	c.times.patience = 50 * time.Millisecond
	err := c.Events(t.Context(), nil, func(sse.Message) error {
		server.Listener.Close()
		close(gone)
		return nil
	}, nil)
	require.ErrorAs(t, err, new(*Unreachable))
}

// A server whose streams end at once, though it has said something.
func TestABrokenStreamIsToldAndGivenUpInTheEnd(t *testing.T) {
	c, server := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		beginStream(w)
		fmt.Fprint(w, ": hello\n\n")
	}))
	c.times.patience = 50 * time.Millisecond
	told := 0
	err := c.Events(t.Context(), nil, nil, func(err error) {
		require.ErrorContains(t, err, "the stream of events has ended")
		told++
		server.Listener.Close()
		server.CloseClientConnections()
	})
	require.ErrorAs(t, err, new(*Unreachable))
	require.Equal(t, 1, told, "once for as long as nothing comes")
}

func TestASilentMasterIsSaidToBeSilent(t *testing.T) {
	hang := make(chan struct{})
	c, _ := masterOf(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-hang
	}))
	defer close(hang)
	c.times.answer, c.times.silence, c.times.patience = 20*time.Millisecond, 20*time.Millisecond, time.Millisecond
	ask := map[string]func() error{
		"status": func() error { _, err := c.Status(t.Context()); return err },
		"events": func() error { return c.Events(t.Context(), nil, nil, nil) },
		"scale":  func() error { _, err := c.Scale(t.Context(), 3); return err },
		"reload": func() error { _, err := c.Reload(t.Context(), ReloadRequest{Key: "k"}); return err },
	}
	for name, f := range ask {
		lost, ok := errors.AsType[*Unreachable](f())
		require.True(t, ok, name)
		require.Contains(t, lost.Error(), "does not answer", name)
		require.Equal(t, name == "scale" || name == "reload", lost.Unknown, name)
	}
}
