package observer

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
	o := New(nil, nil, zerolog.New(&log))
	o.warning(fmt.Errorf("look: %w", ErrStopped)).Msg("cannot look")
	require.Empty(t, log.String())
	o.warning(errors.New("no netlink")).Msg("cannot look")
	require.Contains(t, log.String(), "no netlink")
}
