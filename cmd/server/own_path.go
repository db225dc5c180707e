package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"rota/internal/settings"
)

// builtInWorker is the command of the hello-world worker: this program, by the name it was
// called, so that the file which stands there at the next reload is the one that runs.
func builtInWorker(s settings.Settings) []string {
	return []string{ownPath(), workerVerb, "--log-level", s.LogLevel, "--orphan-timeout", s.DrainTimeout.String()}
}

// ownPath is the path this program was called by, with its symbolic links; a deploy may
// switch those. Where that leads elsewhere, it is where the kernel says the program is. Found once:
// later another file may stand there.
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
