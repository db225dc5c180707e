package doctor

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// What a network error means to a client.
var (
	errNoAnswer = errors.New("no answer in time")
	errClosed   = errors.New("closed without an answer")
	errNoTLS    = errors.New("it does not speak TLS")
)

// explain replaces a network error by what it means to a client.
func explain(err error) error {
	switch {
	case err == nil, errors.Is(err, errNoAnswer), errors.Is(err, errClosed), errors.Is(err, errNoTLS):
		return err
	case errors.As(err, new(tls.RecordHeaderError)):
		return errNoTLS
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errNoAnswer
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errClosed
	}
	if op := new(net.OpError); errors.As(err, &op) {
		err = op.Err // the addresses do not help
	}
	return fmt.Errorf("%w: %w", errClosed, err)
}
