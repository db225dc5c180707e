package einhorn

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatAcknowledges(t *testing.T) {
	for _, line := range []string{
		`{"command":"worker:ack","pid":4711}`,
		`{"pid": 4711, "command": "worker:ack"}`,
		`---%0Acommand: worker:ack%0Apid: 4711%0A`, // as einhorn's own client writes it
		`--- %0Acommand: worker:ack%0Aname: "100%25"`,
	} {
		require.NoError(t, parse(line), line)
	}
	for _, line := range []string{"", "{}", `{"command":"worker:acknowledge"}`, "ack", "[1]", `{"command":`, "%", "\x00"} {
		require.Error(t, parse(line), line)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"command":"worker:ack","pid":1}`)
	f.Add("---%0Aa: &a [*a]%0A")
	f.Fuzz(func(_ *testing.T, line string) { _ = parse(line) })
}

func TestEachAcknowledgementIsToldAndNothingElse(t *testing.T) {
	d := directory(t)
	l, err := d.Listen("worker")
	require.NoError(t, err)
	acks := make(chan struct{})
	ended := make(chan struct{})
	go func() { l.Acks(anybody, func() { acks <- struct{}{} }); close(ended) }()

	send := func(text string) {
		c, err := net.Dial("unix", l.Path)
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Write([]byte(text))
		require.NoError(t, err)
	}
	send("something else\n")
	send("")
	send(`{"command":"worker:ack"`) // and no more
	send("{\"command\":\"state\"}\n{\"command\":\"worker:ack\",\"pid\":1}\n")
	select {
	case <-acks:
	case <-time.After(time.Minute):
		require.FailNow(t, "not told")
	}
	l.Close()
	<-ended
	require.Empty(t, acks)
}
