package launch

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// signals is how many there are, with those for real time. Some of them libraries have for their threads, and Go
// changes the user by one.
const (
	signals                     = 64
	firstInternal, lastInternal = 32, 34
)

// freshSignals has every signal do what it does by default, and blocks none. What rota was started with, and
// what it blocks itself, would else go on to the program, which may rely on one of them to be told to stop.
// It also takes them away from the Go runtime: a thread of that which is about to act on a signal dies in the
// exec, and with it the signal; what the kernel has still to act on is kept for the program.
func freshSignals() {
	for sig := syscall.Signal(1); sig <= signals; sig++ {
		if sig < firstInternal || sig > lastInternal {
			byDefault(sig)
		}
	}
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil)
}

// freshInternalSignals does the same for those that Go has for itself, once it needs them no more.
func freshInternalSignals() {
	for sig := syscall.Signal(firstInternal); sig <= lastInternal; sig++ {
		byDefault(sig)
	}
}

func byDefault(sig syscall.Signal) {
	var action [4]uint64 // struct sigaction: handler, flags, restorer, mask
	_, _, _ = syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(&action)), 0, unsafe.Sizeof(action[3]), 0, 0)
}

// execFile is execveat(fd, "", argv, env, AT_EMPTY_PATH), which Go has no wrapper for.
func execFile(fd int, argv, env []string) error {
	argvp, err := syscall.SlicePtrFromStrings(argv)
	if err != nil {
		return err
	}
	envp, err := syscall.SlicePtrFromStrings(env)
	if err != nil {
		return err
	}
	// Go raised the soft limit of open files when this process began. Only syscall.Exec knows
	// what it was before and puts it back, so it is called, to fail: there is no file "".
	_ = syscall.Exec("", argv, env)
	empty := [1]byte{}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EXECVEAT, uintptr(fd),
		uintptr(unsafe.Pointer(&empty[0])),
		uintptr(unsafe.Pointer(&argvp[0])),
		uintptr(unsafe.Pointer(&envp[0])),
		unix.AT_EMPTY_PATH, 0)
	return errno
}
