package kernel

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Signal sends sig to this very process, never to one that has got its pid since. If the process has exited,
// errors.Is(err, os.ErrProcessDone) is true, also if its parent has not waited for it yet.
func (p Process) Signal(sig syscall.Signal) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	switch {
	case withoutPidfd(err):
		err = p.kill(sig)
	case err == nil:
		defer unix.Close(fd)
		// Whom the descriptor stands for can't change any more, so the check holds.
		if err = p.check(); err == nil {
			err = unix.PidfdSendSignal(fd, sig, nil, 0)
		}
	}
	if errors.Is(err, unix.ESRCH) {
		err = os.ErrProcessDone
	}
	if err != nil {
		return fmt.Errorf("signal process %d: %w", p.PID, err)
	}
	return nil
}

// withoutPidfd is true before Linux 5.3 and in sandboxes that forbid what they don't
// know. pidfd_open itself has no reason to say EPERM.
func withoutPidfd(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM)
}

// kill leaves a moment between the check and the signal.
func (p Process) kill(sig syscall.Signal) error {
	if err := p.check(); err != nil {
		return err
	}
	return unix.Kill(p.PID, sig)
}

func (p Process) check() error {
	now, err := FindProcess(p.PID)
	switch {
	case err != nil && unlessGone(err) == nil, err == nil && (now.Zombie || !now.same(p)):
		return os.ErrProcessDone
	}
	return err
}
