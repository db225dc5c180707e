package present

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
	"rota/internal/view"
)

// proven is the receipt of a reload whose generation was seen to answer.
var proven = record.Receipt{Measured: record.Measured{Probes: record.Probes{Sent: 3, OK: 3, New: 2, Older: 1}, Proven: true}}

func TestAReloadIsNotCalledLosslessBeforeThatIsCertain(t *testing.T) {
	r := record.Reload{State: record.ReloadFailed, Progress: record.Progress{StartedAt: time.Now(), Leaving: 1, Served: true},
		Outcome: record.Outcome{Receipt: proven}}
	require.Nil(t, receipt(r).Lossless)
	r.Leaving = 0
	require.Equal(t, new(true), receipt(r).Lossless)
	r.Served = false
	require.Nil(t, receipt(r).Lossless, "there was nothing to lose")
	r.Leaving, r.Died = 1, 1
	require.Equal(t, new(false), receipt(r).Lossless)
	r = record.Reload{State: record.ReloadLive, Progress: record.Progress{StartedAt: time.Now()},
		Outcome: record.Outcome{Receipt: record.Receipt{Died: 1}}}
	require.Nil(t, receipt(r).Lossless, "it has not ended")
}

func TestWhatBecameOfConnectionsUnseenIsNull(t *testing.T) {
	r := record.Reload{State: record.ReloadCompleted, Progress: record.Progress{StartedAt: time.Now()},
		Outcome: record.Outcome{CutUnknown: true, Receipt: record.Receipt{DrainedUnknown: true, DropUnknown: true}}}
	require.Equal(t, view.Fate{}, receipt(r).Connections)
	r.CutUnknown, r.Receipt = false, record.Receipt{Drained: 3}
	require.Equal(t, view.Fate{Drained: new(3), Cut: new(0), Dropped: new(0)}, receipt(r).Connections)
}

func TestATimeThatNothingTookIsNull(t *testing.T) {
	v := probes(record.Measured{Probes: record.Probes{Sent: 4, OK: 1, Older: 1, Unanswered: 3, Queued: 2, Silent: 1,
		Before: 1500 * time.Microsecond, Slowest: 1500 * time.Microsecond}})
	require.Equal(t, view.Probes{Sent: 4, OK: 1, Unanswered: 3, SlowestMS: 1.5, AnsweredBy: &view.AnsweredBy{Older: 1}, NotAccepted: 2, Silent: 1, BeforeMS: new(1.5)}, v)
}
