package master

import (
	"cmp"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// environment is what every worker of the plan gets: what is inheritable of the master's own, and what the spec adds.
func (p *plan) environment(own []string) []string {
	env := p.inheritable(own)
	if p.directory != nil {
		env = with(env, "PWD="+p.directory.path)
	}
	if p.User != "" {
		env = ofUser(env, p.User)
	}
	return with(env, p.Env...)
}

// ofUser has the environment say whose it is. A number may be nobody's: then no name is right, and the master's is wrong.
func ofUser(env []string, name string) []string {
	u, err := lookUpUser(name)
	if err != nil {
		return env // which the plan's account complains of
	}
	env = with(env, "HOME="+cmp.Or(u.HomeDir, "/"))
	if u.Username != u.Uid {
		return with(env, "USER="+u.Username, "LOGNAME="+u.Username)
	}
	return slices.DeleteFunc(env, func(kv string) bool {
		return strings.HasPrefix(kv, "USER=") || strings.HasPrefix(kv, "LOGNAME=")
	})
}

// with sets variables, each in the place of one that is there already.
func with(env []string, more ...string) []string {
	for _, kv := range more {
		name, _, _ := strings.Cut(kv, "=")
		i := slices.IndexFunc(env, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		if i < 0 {
			env = append(env, kv)
		} else {
			env[i] = kv
		}
	}
	return env
}

// namesOf are the names of the variables, sorted.
func namesOf(env []string) []string {
	names := make([]string, len(env))
	for i, kv := range env {
		names[i], _, _ = strings.Cut(kv, "=")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// contract is one worker's side of the contracts, of which it may know any: systemd's (LISTEN_PID is
// set after the fork), einhorn's and Server::Starter's.
func (s launchSpec) contract(notify string, ack *ackSocket) []string {
	env := []string{
		"LISTEN_FDS=" + itoa(len(s.sockets)),
		"NOTIFY_SOCKET=" + notify,
		workerMark(s.worker),
		"ROTA_SLOT=" + itoa(s.slot),
		"ROTA_GENERATION=" + itoa(s.generation),
		"EINHORN_MASTER_PID=" + itoa(os.Getpid()),
		"EINHORN_FD_COUNT=" + itoa(len(s.sockets)),
		"SERVER_STARTER_GENERATION=" + itoa(s.generation),
	}
	var names, ports []string
	for i, socket := range s.sockets {
		fd := itoa(firstInherited + i)
		names = append(names, socket.name)
		env = append(env, "EINHORN_FD_"+itoa(i)+"="+fd)
		if socket.asked.stream() {
			ports = append(ports, socket.starterPort()+"="+fd)
		}
	}
	env = append(env, "LISTEN_FDNAMES="+strings.Join(names, ":"), "SERVER_STARTER_PORT="+strings.Join(ports, ";"))
	if ack != nil {
		env = append(env, "EINHORN_SOCK_PATH="+ack.Path)
	}
	if s.revision != "" {
		env = append(env, "ROTA_REVISION="+s.revision)
	}
	if s.plan.Watchdog > 0 {
		env = append(env, "WATCHDOG_USEC="+itoa(int(s.plan.Watchdog/time.Microsecond)))
	}
	return env
}

// workerMark is the variable by which all of a worker's processes are known.
func workerMark(worker string) string { return "ROTA_WORKER_ID=" + worker }

// inherited is a socket as one worker gets it.
type inherited struct {
	*socket
	name string
}

// starterPort is the address as Server::Starter writes it, which leaves out the host that
// stands for any.
func (i inherited) starterPort() string {
	address := i.kernel.Address()
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return port
	}
	return address
}
