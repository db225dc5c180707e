package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// api.http is walked from top to bottom, as the REST client of an editor would.

// told is one request of the story.
type told struct {
	title, name  string
	variables    [][2]string // set before it is sent, in this order
	method, path string
	header       map[string]string
	body         string
}

func readStory(t *testing.T) (story []told) {
	t.Helper()
	content, err := os.ReadFile("../api.http")
	require.NoError(t, err)
	parts := strings.Split(string(content), "\n### ")
	for _, part := range parts[1:] {
		head, body, _ := strings.Cut(strings.TrimSpace(part), "\n\n")
		title, rest, _ := strings.Cut(head, "\n")
		request := told{title: title, body: body, header: map[string]string{}}
		for line := range strings.Lines(rest) {
			request.readLine(strings.TrimSpace(line))
		}
		require.NotEmpty(t, request.method, part)
		story = append(story, request)
	}
	return story
}

func (q *told) readLine(line string) {
	switch {
	case strings.HasPrefix(line, "# @name "):
		q.name = strings.TrimPrefix(line, "# @name ")
	case strings.HasPrefix(line, "#"):
	case strings.HasPrefix(line, "@"):
		name, value, _ := strings.Cut(line[1:], " = ")
		q.variables = append(q.variables, [2]string{name, value})
	case q.method == "":
		q.method, q.path, _ = strings.Cut(line, " ")
	default:
		name, value, _ := strings.Cut(line, ": ")
		q.header[name] = value
	}
}

// reader walks a story.
type reader struct {
	*rota
	variables map[string]string
	answers   map[string]any // by the request's name
}

var placeholder = regexp.MustCompile(`\{\{([^}]+)\}\}`)

// fill puts the values in the place of the variables.
func (w *reader) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		expression := match[2 : len(match)-2]
		if name, path, ok := strings.Cut(expression, ".response.body.$."); ok {
			return w.find(name, path)
		}
		require.Contains(w.t, w.variables, expression)
		return w.variables[expression]
	})
}

// find follows a path such as workers[0].id in an answer.
func (w *reader) find(name, path string) string {
	value, ok := w.answers[name]
	require.True(w.t, ok, "nothing named %s was asked before", name)
	for step := range strings.SplitSeq(strings.ReplaceAll(path, "[0]", ".0"), ".") {
		if step == "0" {
			require.NotEmpty(w.t, value, path)
			value = value.([]any)[0]
			continue
		}
		value = value.(map[string]any)[step]
	}
	require.NotNil(w.t, value, path)
	return fmt.Sprint(value)
}

// send returns the answer; of a stream that goes on, its beginning.
func (w *reader) send(q told) (status int, body string) {
	w.t.Helper()
	for _, v := range q.variables {
		w.variables[v[0]] = w.fill(v[1])
	}
	request, err := http.NewRequestWithContext(w.t.Context(), q.method, w.fill(q.path), strings.NewReader(w.fill(q.body)))
	require.NoError(w.t, err)
	for name, value := range q.header {
		request.Header.Set(name, w.fill(value))
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer answer.Body.Close()
	if strings.Contains(q.path, "follow=true") || strings.Contains(q.path, "/events?stats") {
		first, err := bufio.NewReader(answer.Body).ReadString('\n')
		require.NoError(w.t, err)
		return answer.StatusCode, first
	}
	content, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	if q.name != "" {
		var value any
		require.NoError(w.t, json.Unmarshal(content, &value))
		w.answers[q.name] = value
	}
	return answer.StatusCode, string(content)
}

// askAgain is until when a reader repeats a request.
var askAgain = map[string]func(body string) bool{
	`Who is on duty now? Ask again until nobody is "draining".`: func(body string) bool {
		return !strings.Contains(body, `"state":"draining"`)
	},
}

func TestTheStoryOfTheAPICanBeWalked(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "4")
	for _, c := range hold(t, "tcp", r.tcp, 2) {
		go func() { _, _ = io.Copy(io.Discard, c); c.Close() }() // like nc, it leaves when it is sent away
	}
	r.eventually("both are idle", func() bool {
		var found struct{ Connections []struct{} }
		return r.get("/connections?state=idle", &found) == http.StatusOK && len(found.Connections) == 2
	})
	w := &reader{rota: r, variables: map[string]string{"rota": r.admin}, answers: map[string]any{}}
	for _, request := range readStory(t) {
		status, body := w.send(request)
		if strings.Contains(request.title, "Ask again until") {
			again := askAgain[request.title]
			require.NotNil(t, again, request.title)
			r.eventually(request.title, func() bool {
				status, body = w.send(request)
				return status != http.StatusOK || again(body)
			})
		}
		require.Less(t, status, http.StatusBadRequest, "%s\n%s %s\n%s", request.title, request.method, request.path, body)
	}
	require.Equal(t, 8, r.status().Pool.Size)
}
