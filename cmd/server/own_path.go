package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"rota/internal/settings"
)

// builtInWorker is the command of the built-in worker: this program, by the path it was called by. So the
// next reload runs whatever file is at that path then.
func builtInWorker(s settings.Settings) []string {
	return []string{ownPath(), workerVerb, "--log-level", s.LogLevel, "--orphan-timeout", s.DrainTimeout.String()}
}

// isBuiltInWorker recognises the arguments that builtInWorker makes.
func isBuiltInWorker(argv []string) bool {
	return len(argv) == 6 && argv[1] == workerVerb && argv[2] == "--log-level" && argv[4] == "--orphan-timeout"
}

// ownPath is the path this program was called by, with its symbolic links, which a deploy may switch. If that
// path leads to another file it is the path that the kernel knows. It is found once, because the file may
// change.
var ownPath = sync.OnceValue(findOwnPath)

func findOwnPath() string {
	running, err := os.Stat("/proc/self/exe")
	if err == nil {
		if path, err := exec.LookPath(os.Args[0]); err == nil {
			absolute, err := filepath.Abs(path)
			called, err2 := os.Stat(path)
			if err == nil && err2 == nil && os.SameFile(running, called) {
				return absolute
			}
		}
	}
	if path, err := os.Executable(); err == nil {
		return path
	}
	return os.Args[0]
}
