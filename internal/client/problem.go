package client

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rota/internal/printable"
	"rota/internal/view"
)

// Unreachable is the error when no master answered.
type Unreachable struct {
	Address string // of the master
	Err     error
	Silent  bool // something took the request and was silent for too long
	Unknown bool // the master may have done what was asked, or may do it yet
}

// Error also says what to do.
func (u *Unreachable) Error() string {
	text := u.what()
	if u.Unknown {
		text += ". Whether it has done what was asked is not known"
	}
	return text
}

func (u *Unreachable) what() string {
	if u.Silent {
		return fmt.Sprintf("the master at %s does not answer: it hangs or was stopped (SIGSTOP), or something else listens there", u.Address)
	}
	what := fmt.Sprintf("can't reach the master at %s: %s", u.Address, printable.Text(u.Err.Error()))
	if errors.Is(u.Err, syscall.ECONNREFUSED) {
		what = "no master listens at " + u.Address
	}
	return what + "; is rota running, and is that its admin address (--admin, ROTA_ADMIN, or admin in the file of --config)?"
}

func (u *Unreachable) Unwrap() error { return u.Err }

// Foreign is the error when something else answered, or another version of rota.
type Foreign struct {
	Address string
	Request string // the one with that answer
	Err     error  // what was wrong with the answer
}

// Error also says what to do.
func (f *Foreign) Error() string {
	return fmt.Sprintf("what answers at %s is no rota, or another version of it (%s: %s); is that rota's admin address (--admin, ROTA_ADMIN, or admin in the file of --config)?",
		f.Address, f.Request, printable.Text(f.Err.Error()))
}

func (f *Foreign) Unwrap() error { return f.Err }

// Problem is the master's answer that it refused something or failed.
type Problem struct {
	view.Problem
	JSON       []byte        // as it came
	RetryAfter time.Duration // 0: the master did not say
}

const mostProblem = 16 << 20 // bytes: it may contain a reload with all its steps

func (c *Client) problem(r request, response *http.Response) error {
	content, err := io.ReadAll(io.LimitReader(response.Body, mostProblem))
	if err != nil {
		return c.unreachable(response.Request.Context(), r, err)
	}
	p := Problem{JSON: content}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind == "application/problem+json" {
		err = read(content, &p.Problem)
	}
	if err != nil || kind != "application/problem+json" || p.Detail == "" {
		return c.foreign(r, fmt.Errorf("%s: %.200s", response.Status, strings.TrimSpace(string(content))))
	}
	p.Status = response.StatusCode
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return &p
}

// StatusOf is the status of a Problem; 0 for another error.
func StatusOf(err error) int {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Status
	}
	return 0
}
