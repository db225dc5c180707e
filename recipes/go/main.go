// Command go is a net/http server that takes its sockets from rota and drains without a loss.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
)

func main() {
	stop, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) == 0 {
		log.Fatal("no sockets: ", err)
	}

	var open, serving sync.WaitGroup
	server := &http.Server{
		Handler: http.HandlerFunc(hello),
		// A client that connected and stays silent holds the drain for this long.
		ReadHeaderTimeout: 10 * time.Second,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Done()
			default: // it is still open
			}
		},
	}
	for _, l := range listeners {
		serving.Go(func() { _ = server.Serve(l) })
	}

	<-stop.Done()
	// Not server.Shutdown: it closes a connection whose first request comes after it was called,
	// though it was accepted before. So nothing is accepted any more, each connection ends with the
	// answer that it is at, and idle ones end now.
	for _, l := range listeners {
		l.Close()
	}
	serving.Wait()
	server.SetKeepAlivesEnabled(false)
	open.Wait()
}

func hello(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/slow" {
		time.Sleep(500 * time.Millisecond)
	}
	fmt.Fprintln(w, "hello world")
}
