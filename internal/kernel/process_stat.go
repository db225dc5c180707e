package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// processStat is what /proc/PID/stat says. A family's every member is read for every
// listing, and procfs, which scans all the 52 fields with fmt, takes three times as long.
type processStat struct {
	Process
	threads   int
	exiting   bool  // the main thread has ended, or is about to; there may be others
	cpu       int64 // clock ticks, user and system
	cpuWaited int64 // likewise, of the children it has waited for and of theirs
	rss       int64 // pages
}

// userHZ is how many clock ticks /proc counts a second, on every architecture that Go knows.
const userHZ = 100

// exitingFlag is PF_EXITING: set before a thread lets go of its files.
const exitingFlag = 4

var errStat = errors.New("unexpected content")

func readStat(pid int) (processStat, error) {
	path := "/proc/" + strconv.Itoa(pid) + "/stat"
	content, err := readProc(path)
	if err != nil {
		return processStat{}, gone(err)
	}
	stat, ok := parseStat(content)
	if !ok {
		return processStat{}, &fs.PathError{Op: "parse", Path: path, Err: errStat}
	}
	return stat, nil
}

// readProc is os.ReadFile without what that does for files that have a size or may block.
func readProc(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	content := make([]byte, 0, 512)
	for {
		n, err := unix.Read(fd, content[len(content):cap(content)])
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			return content, nil
		}
		content = slices.Grow(content[:len(content)+n], 1)
	}
}

// parseStat reads the fields that proc_pid_stat(5) numbers from 1. The name may hold
// anything, spaces and parentheses too, but nothing after it does.
func parseStat(content []byte) (stat processStat, ok bool) {
	start, end := bytes.IndexByte(content, '('), bytes.LastIndexByte(content, ')')
	if start < 0 || end < start {
		return stat, false
	}
	const state = 3 // the first field after the name
	fields := bytes.Fields(content[end+1:])
	ok = true
	number := func(field int) int64 {
		if field-state >= len(fields) {
			ok = false
			return 0
		}
		n, err := strconv.ParseInt(string(fields[field-state]), 10, 64)
		ok = ok && err == nil
		return n
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(content[:start])))
	stat = processStat{
		Process: Process{
			PID:     pid,
			Started: uint64(number(22)),
			Parent:  int(number(4)),
			Group:   int(number(5)),
			Session: int(number(6)),
			Name:    string(content[start+1 : end]),
		},
		threads:   int(number(20)),
		exiting:   number(9)&exitingFlag != 0,
		cpu:       number(14) + number(15),
		cpuWaited: number(16) + number(17),
		rss:       number(24),
	}
	// The main thread may end before the others; it shows as a zombie and the process lives.
	stat.Zombie = ok && stat.threads <= 1 && bytes.ContainsAny(fields[0], "ZX")
	return stat, ok && err == nil
}

// Usage is what processes use.
type Usage struct {
	RSSBytes   uint64  // physical memory; the kernel keeps it cheaply, so it may be some pages late
	CPUSeconds float64 // processor time since the start, user and system, all threads; steps of 10 ms
}

func (s processStat) usage() Usage {
	return Usage{
		RSSBytes:   uint64(s.rss) * uint64(os.Getpagesize()),
		CPUSeconds: float64(s.cpu) / userHZ,
	}
}

// gone gives one name to the two ways in which a process can be missing: the
// kernel says ENOENT before its files are opened and ESRCH afterwards.
func gone(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}
