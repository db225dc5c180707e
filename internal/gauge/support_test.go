package gauge

import (
	"time"

	"rota/internal/listen"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

// loopback is a port of the kernel's choice that nobody else on the network reaches.
var loopback = listen.Spec{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"}
