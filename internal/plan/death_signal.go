package plan

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// The kernel sends a worker its stop signal when the master dies, unless the program gained privileges when
// it was executed.

// LosesDeathSignal says which property of the program's file makes the kernel drop that signal; "" for none.
func (p *Plan) LosesDeathSignal() string {
	if p.NoNewPrivs {
		return ""
	}
	uid, gid := os.Geteuid(), os.Getegid()
	if p.account != nil {
		uid, gid = p.account.UID, p.account.GID
	}
	file := "/proc/self/fd/" + strconv.Itoa(p.Program.FD) // the path works even if the file is open with O_PATH alone
	var where unix.Statfs_t
	if unix.Statfs(file, &where) == nil && where.Flags&unix.ST_NOSUID != 0 {
		return ""
	}
	owner, mode := p.Program.info.Sys().(*syscall.Stat_t), p.Program.info.Mode()
	_, err := unix.Getxattr(file, "security.capability", nil)
	switch {
	case mode&os.ModeSetuid != 0 && int(owner.Uid) != uid:
		return "its setuid bit"
	case mode&os.ModeSetgid != 0 && int(owner.Gid) != gid:
		return "its setgid bit"
	case err == nil && uid != 0:
		return "its file capabilities"
	}
	return ""
}
