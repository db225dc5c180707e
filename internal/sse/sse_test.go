package sse

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAReaderReadsWhatAWriterWrites(t *testing.T) {
	answer := httptest.NewRecorder()
	w, err := Open(answer, time.Second)
	require.NoError(t, err)
	require.NoError(t, w.Event("7", "worker.ready", []byte(`{"a":": b"}`)))
	require.NoError(t, w.Comment())
	w.Add("", "stats", []byte(`{}`))
	require.Positive(t, w.Buffered())
	require.NoError(t, w.Flush())
	require.Zero(t, w.Buffered())
	require.Equal(t, ContentType, answer.Header().Get("Content-Type"))

	lines := 0
	r := NewReader(answer.Body, func() { lines++ })
	first, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, Message{ID: "7", Name: "worker.ready", Data: []byte(`{"a":": b"}`)}, first)
	second, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, Message{Name: "stats", Data: []byte(`{}`)}, second)
	_, err = r.Next()
	require.ErrorIs(t, err, io.EOF)
	require.Greater(t, lines, 6, "a comment is heard, too")
}

func TestAnEventThatIsCutOffIsLeftOut(t *testing.T) {
	r := NewReader(strings.NewReader("id: 1\nevent: a\ndata: {\n"), func() {})
	m, err := r.Next()
	require.ErrorIs(t, err, io.EOF)
	require.Zero(t, m)
}

func TestAStreamEndsWithWhateverEndsItFirst(t *testing.T) {
	for name, end := range map[string]func(c chan int, left, closing chan struct{}){
		"its events":  func(c chan int, _, _ chan struct{}) { close(c) },
		"its reader":  func(_ chan int, left, _ chan struct{}) { close(left) },
		"the server":  func(_ chan int, _, closing chan struct{}) { close(closing) },
		"pass itself": func(c chan int, _, _ chan struct{}) { c <- 0 },
	} {
		synctest.Test(t, func(t *testing.T) {
			answer := httptest.NewRecorder()
			w, err := Open(answer, time.Second)
			require.NoError(t, err)
			c, left, closing := make(chan int, 10), make(chan struct{}), make(chan struct{})
			var passed []int
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				Follow(w, c, func(n int) bool { passed = append(passed, n); return n > 0 }, Options{Heartbeat: time.Minute, Left: left, Closing: closing})
			}()
			c <- 1
			c <- 2
			synctest.Wait()
			time.Sleep(90 * time.Second) // of the fake clock
			end(c, left, closing)
			<-ended
			require.Equal(t, []int{1, 2}, passed[:2], name)
			require.Equal(t, 1, strings.Count(answer.Body.String(), "\n:\n"), "%s: one heartbeat", name)
		})
	}
}
