package master

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/record"
)

// What rota does with sockets that it was started with.

func TestSocketsThatRotaWasStartedWithAreAdoptedByName(t *testing.T) {
	adopted := openGiven(t, "web")
	other := listen.Spec{Name: "more", Network: "tcp", Address: "127.0.0.1:0"}
	asked := listen.Spec{Name: "web", Network: "tcp", Address: "127.0.0.1:1"}
	spec := greeting(asked, other)
	r := runMasterWith(t, Options{Spec: *spec, Inherited: []listen.InheritedSocket{adopted}}, "")
	r.ready(2)
	at := r.listening()
	require.Equal(t, adopted.Address, at[0].Address)
	stop := load(t, "tcp", at[0].Address)
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	stop()
	r.Shutdown()
	<-r.done
	c, err := net.DialTimeout("tcp", adopted.Address, patience)
	require.NoError(t, err, "whoever gave it may go on listening: nobody is turned away")
	c.Close()
}

// openGiven is a socket as another process would pass it on.
func openGiven(t *testing.T, name string) listen.InheritedSocket {
	t.Helper()
	s, err := listen.OpenSocket(loopback)
	require.NoError(t, err)
	t.Cleanup(s.Drop)
	g, err := listen.Inherit(name, s.FD)
	require.NoError(t, err)
	return g
}
