package process

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"rota/internal/listen"
)

// variables are the variables that tell a worker of its sockets and of itself. It may know any of the
// conventions: systemd's (LISTEN_PID is set after the fork), einhorn's and Server::Starter's. notify and ack
// are the paths of its sockets; ack may be "".
func (s LaunchSpec) variables(notify, ack string) []string {
	env := []string{
		"LISTEN_FDS=" + strconv.Itoa(len(s.Sockets)),
		"NOTIFY_SOCKET=" + notify,
		workerMark(s.Worker),
		"ROTA_SLOT=" + strconv.Itoa(s.Slot),
		"ROTA_GENERATION=" + strconv.Itoa(s.Generation),
		"EINHORN_MASTER_PID=" + strconv.Itoa(os.Getpid()),
		"EINHORN_FD_COUNT=" + strconv.Itoa(len(s.Sockets)),
		"SERVER_STARTER_GENERATION=" + strconv.Itoa(s.Generation),
	}
	env = append(env, s.socketVariables()...)
	if ack != "" {
		env = append(env, "EINHORN_SOCK_PATH="+ack)
	}
	if s.Revision != "" {
		env = append(env, "ROTA_REVISION="+s.Revision)
	}
	if s.Plan.Watchdog > 0 {
		env = append(env, "WATCHDOG_USEC="+strconv.Itoa(int(s.Plan.Watchdog/time.Microsecond)))
	}
	return env
}

// socketVariables are the variables that have a part for each socket.
func (s LaunchSpec) socketVariables() (env []string) {
	var names, ports []string
	for i, socket := range s.Sockets {
		fd := strconv.Itoa(listen.FirstInherited + i)
		names = append(names, socket.Name)
		env = append(env, "EINHORN_FD_"+strconv.Itoa(i)+"="+fd)
		if socket.Asked.Stream() {
			ports = append(ports, socket.starterPort()+"="+fd)
		}
	}
	return append(env, "LISTEN_FDNAMES="+strings.Join(names, ":"), "SERVER_STARTER_PORT="+strings.Join(ports, ";"))
}

// workerMark is the variable by which rota recognises the processes of a worker.
func workerMark(worker string) string { return "ROTA_WORKER_ID=" + worker }

// starterPort is the address as Server::Starter writes it: without the host if that stands for any.
func (i PassedSocket) starterPort() string {
	address := i.Kernel.Address()
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return port
	}
	return address
}
