package kernel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// call is a system call that a thread sleeps in.
type call struct {
	number int64
	args   [6]uint64
	stack  uint64 // the thread's stack pointer
}

// parseCall reads a /proc/PID/task/TID/syscall: the number in decimal and then, in hexadecimal, six
// arguments, the stack pointer and the program counter. It is not ok for a thread that runs ("running") or
// sleeps outside of a call ("-1" and the pointers).
func parseCall(content []byte) (c call, ok bool) {
	fields := bytes.Fields(content)
	if len(fields) < 8 {
		return c, false
	}
	var err error
	if c.number, err = strconv.ParseInt(string(fields[0]), 10, 64); err != nil || c.number < 0 {
		return c, false
	}
	for i, field := range fields[1:8] {
		value, err := strconv.ParseUint(string(bytes.TrimPrefix(field, []byte("0x"))), 16, 64)
		if err != nil {
			return c, false
		}
		if i < len(c.args) {
			c.args[i] = value
		} else {
			c.stack = value
		}
	}
	return c, true
}

// ringHidden is true for a thread that waits for a ring of which there need not be a descriptor, and for one
// that the kernel has made for a ring and that does what was asked of it. That one has no stack of its own.
func (c call) ringHidden() bool {
	const registeredRing = 16 // IORING_ENTER_REGISTERED_RING
	return c.stack == 0 || c.args[3]&registeredRing != 0
}

// foreign is true for a thread that may count its system calls in another way than we: that of a 32-bit
// program has its stack in the first 4 GiB, where that of a 64-bit one is only if somebody has put it there.
func (c call) foreign() bool { return len(waitingCalls) == 0 || c.stack < 1<<32 && c.stack != 0 }

// mostPolled is how many descriptors of one poll are looked at: what the kernel lets a process open at most.
const mostPolled = 1 << 20

// eachPolled tells of every descriptor that a thread polls. The error is that of readMemory.
func eachPolled(thread string, array, length uint64, tell func(descriptor int32, events int16)) error {
	const size = 8 // of struct pollfd
	length = min(length, mostPolled)
	chunk := make([]byte, min(length, 4096)*size)
	for length > 0 {
		read, err := readMemory(thread, array, chunk[:min(length*size, uint64(len(chunk)))])
		for entry := read; len(entry) >= size; entry = entry[size:] {
			tell(int32(binary.NativeEndian.Uint32(entry)), int16(binary.NativeEndian.Uint16(entry[4:])))
		}
		n := uint64(len(read)) / size
		if n == 0 {
			return err
		}
		array, length = array+n*size, length-n
	}
	return nil
}

// selected reports whether the descriptor's bit is set. The bits are in words of the size of a long, of which
// all architectures with our system calls have the lowest byte first. The error is that of readMemory.
func selected(thread string, bits, descriptor uint64) (bool, error) {
	if bits == 0 {
		return false, nil
	}
	read, err := readMemory(thread, bits+descriptor/8, make([]byte, 1))
	return len(read) == 1 && read[0]>>(descriptor%8)&1 != 0, err
}

// readMemory reads as much as it can of what a thread has at the address. It is an error if that is
// forbidden, and none if there is nothing, since the thread may have gone on.
func readMemory(thread string, address uint64, into []byte) ([]byte, error) {
	id, err := strconv.Atoi(thread)
	if err != nil || len(into) == 0 {
		return nil, err
	}
	local := []unix.Iovec{{Base: &into[0]}}
	local[0].SetLen(len(into))
	remote := []unix.RemoteIovec{{Base: uintptr(address), Len: len(into)}}
	n, err := unix.ProcessVMReadv(id, local, remote, 0)
	switch {
	case err == nil:
		return into[:n], nil
	case errors.Is(err, unix.EFAULT), errors.Is(err, unix.ESRCH):
		return nil, nil
	default:
		return nil, fmt.Errorf("process_vm_readv: %w", err)
	}
}
