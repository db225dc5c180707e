package master

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func FuzzParseNote(f *testing.F) {
	f.Add("READY=1")
	f.Add("READY=1\nSTATUS=serving\n")
	f.Add("EXTEND_TIMEOUT_USEC=18446744073709551615")
	f.Add("WATCHDOG=1\nBARRIER=1\nMAINPID=1")
	f.Add("\xff\x00=\nREADY")
	f.Fuzz(func(t *testing.T, datagram string) {
		n := parseNote(datagram)
		if n.extend < 0 || n.extend > maxExtend {
			t.Fatalf("extend %s", n.extend)
		}
		if n.status != nil && !utf8.ValidString(*n.status) {
			t.Fatalf("status %q", *n.status)
		}
		if n.ready && !strings.Contains(datagram, "READY=1") {
			t.Fatalf("ready out of nothing: %q", datagram)
		}
	})
}

func TestParseNote(t *testing.T) {
	n := parseNote("STATUS=warming up\nREADY=1\nEXTEND_TIMEOUT_USEC=1500000\nX_UNKNOWN=1")
	require.True(t, n.ready)
	require.Equal(t, "warming up", *n.status)
	require.Equal(t, 1500*time.Millisecond, n.extend)

	n = parseNote("READY=0\nREADY\nNOTREADY=1\nEXTEND_TIMEOUT_USEC=soon")
	require.Equal(t, note{}, n)
}

func TestANotifySocketHearsOnlyItsWorker(t *testing.T) {
	one, err := openNotifySocket("one")
	require.NoError(t, err)
	two, err := openNotifySocket("two")
	require.NoError(t, err)
	defer two.close()
	notes, stop, ended := make(chan note), make(chan struct{}), make(chan struct{})
	go func() { one.read(os.Getpid(), notes, stop); close(ended) }()

	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: one.name, Net: "unixgram"})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte(strings.Repeat("x", 8192) + "\nREADY=1")) // too long to be true
	require.NoError(t, err)
	_, err = c.Write([]byte("STATUS=mine"))
	require.NoError(t, err)
	n := <-notes
	require.Equal(t, "mine", *n.status)
	require.False(t, n.ready)

	close(stop)
	one.close()
	<-ended
}
