package master

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestThatTheMasterHasStoppedIsNoWarning(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	m := newMaster(Options{Log: zerolog.New(&log)})
	m.observer.warning(fmt.Errorf("look: %w", ErrStopped)).Msg("cannot look")
	require.Empty(t, log.String())
	m.observer.warning(errors.New("no netlink")).Msg("cannot look")
	require.Contains(t, log.String(), "no netlink")
}
