package listen

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// FileWatch learns from the kernel (inotify) when one of some files is deleted or moved, so that it can be put back
// before a client misses it. Without it, the regular look finds that a little later.
type FileWatch struct {
	file   *os.File        // nil if the kernel gives none
	names  map[string]bool // of the files, without their directories
	Events chan []byte     // as the kernel writes them
	closed chan struct{}
}

// WatchFiles begins to watch. If the kernel offers no watch, it watches nothing.
func WatchFiles(log zerolog.Logger) *FileWatch {
	w := &FileWatch{Events: make(chan []byte), closed: make(chan struct{})}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		log.Debug().Err(err).Msg("the kernel does not tell of deleted files; rota looks for them twice a second")
		return w
	}
	w.file = os.NewFile(uintptr(fd), "inotify")
	go w.read()
	return w
}

// Add makes these the watched files.
func (w *FileWatch) Add(paths []string) {
	w.names = map[string]bool{}
	for _, path := range paths {
		w.names[filepath.Base(path)] = true
	}
	if w.file == nil {
		return
	}
	_ = WithDescriptor(w.file, func(fd int) error {
		for _, path := range paths {
			// If the directory is missing, the regular look finds it when it is there again.
			_, _ = unix.InotifyAddWatch(fd, filepath.Dir(path), unix.IN_DELETE|unix.IN_MOVED_FROM|unix.IN_DELETE_SELF|unix.IN_MOVE_SELF)
		}
		return nil
	})
}

// read ends when the descriptor is closed.
func (w *FileWatch) read() {
	for {
		buffer := make([]byte, 4<<10)
		n, err := w.file.Read(buffer)
		if err != nil {
			return
		}
		select {
		case w.Events <- buffer[:n]:
		case <-w.closed:
			return
		}
	}
}

// Concern reports whether one of the events is about a watched file, or about a directory itself.
func (w *FileWatch) Concern(events []byte) bool {
	for len(events) >= unix.SizeofInotifyEvent {
		size := int(binary.NativeEndian.Uint32(events[12:])) // of the name, padded with zeros
		end := min(unix.SizeofInotifyEvent+size, len(events))
		name := string(bytes.TrimRight(events[unix.SizeofInotifyEvent:end], "\x00"))
		if name == "" || w.names[name] {
			return true
		}
		events = events[end:]
	}
	return false
}

// Close ends the watch.
func (w *FileWatch) Close() {
	close(w.closed)
	if w.file != nil {
		w.file.Close()
	}
}
