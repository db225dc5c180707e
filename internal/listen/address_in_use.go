package listen

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"rota/internal/kernel"
)

// whoHas says which process has the address that is in use, and what to do about it. Its arguments are
// not shown: they may hold what is nobody's business, and ps has them for the number.
func whoHas(err error) string {
	const unknown = "is another rota running? stop it, or choose another address"
	var failed *net.OpError
	if !errors.As(err, &failed) || failed.Addr == nil {
		return unknown
	}
	who, err := kernel.Occupants(failed.Addr)
	switch {
	case err != nil:
		return unknown
	case len(who.Processes) == 0 && len(who.Users) > 0:
		return fmt.Sprintf("a process has it that this user may not look into (of the user with the number %d); stop it, or choose another address", who.Users[0])
	case len(who.Processes) == 0:
		return unknown
	}
	first, text := who.Processes[0], list(who.Processes)+" has it"
	if len(who.Processes) > 1 {
		text = list(who.Processes) + " have it"
	}
	if first.StartedWith("ROTA_WORKER_ID") {
		return fmt.Sprintf("%s, for a rota; if that rota is gone, end it (kill -9 %d), or choose another address", text, first.PID)
	}
	return text + "; stop it, or choose another address"
}

// list names the first of the processes. A name can be anything, so it is quoted.
func list(processes []kernel.Process) string {
	const most = 3
	var names []string
	for _, p := range processes[:min(len(processes), most)] {
		names = append(names, fmt.Sprintf("process %d (%q)", p.PID, p.Name))
	}
	text := strings.Join(names, ", ")
	if more := len(processes) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
