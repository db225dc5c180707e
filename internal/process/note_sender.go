package process

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// trusted reports whether the sender may speak for the worker. The name of an abstract socket is no secret,
// so without this any user of the machine could call a worker ready. The worker may have become another user
// since it was started.
func trusted(oob []byte, leader int) bool {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return false
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return maySpeak(cred, leader)
		}
	}
	return false
}

// maySpeak reports whether a process with these credentials may speak for the worker.
func maySpeak(cred *unix.Ucred, leader int) bool {
	return cred.Uid == 0 || int(cred.Uid) == os.Geteuid() || runsAs(cred.Uid, leader) || belongs(int(cred.Pid), leader)
}

// runsAs reports whether the worker's first process runs as uid. That user could make the worker itself say
// it anyway; and the helper that said it, such as systemd-notify, may be gone by now.
func runsAs(uid uint32, leader int) bool {
	info, err := os.Stat("/proc/" + strconv.Itoa(leader))
	return err == nil && info.Sys().(*syscall.Stat_t).Uid == uid
}

// belongs reports whether the process is in the worker's group or descends from its first process: a child
// may have become another user in a session of its own.
func belongs(pid, leader int) bool {
	if group, err := unix.Getpgid(pid); err == nil && group == leader {
		return true
	}
	for pid > 1 && pid != leader {
		p, err := kernel.FindProcess(pid)
		if err != nil {
			return false
		}
		pid = p.Parent
	}
	return pid == leader
}

func trustedPeer(c syscall.Conn, leader int) bool {
	var cred *unix.Ucred
	err := listen.WithDescriptor(c, func(fd int) (err error) {
		cred, err = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		return err
	})
	return err == nil && maySpeak(cred, leader)
}
