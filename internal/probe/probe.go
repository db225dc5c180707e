// Package probe asks a program over HTTP whether it is well.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ErrStatus is returned for an answer with a status of 400 or above.
var ErrStatus = errors.New("not well")

// drainAtMost is how much of an answer is read: its end says that it arrived whole.
const drainAtMost = 1 << 20

// client uses a connection once, follows nothing and heeds no proxy: it is this program that
// has to answer.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// HTTP sends GET path to the program at address (host:port), with the header lines, and returns nil if it
// answers with a status below 400. Errors: ErrStatus, the context's, and those of the network.
func HTTP(ctx context.Context, address, path string, headers []string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "rota-probe")
	SetHeaders(request, headers)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, drainAtMost)); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%w: GET %s was answered with %s", ErrStatus, path, response.Status)
	}
	return nil
}
