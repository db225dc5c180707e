package process

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"rota/internal/output"
)

// openStreams opens the child's stdin, stdout and stderr, and keeps our ends of the latter two.
func (p *osProcess) openStreams() (theirs []*os.File, err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	theirs = append(theirs, null)
	for i := range p.output {
		r, w, err := os.Pipe()
		if err != nil {
			return theirs, fmt.Errorf("output pipe: %w", err)
		}
		p.output[i] = r
		theirs = append(theirs, w)
		if err := w.Chmod(anyUser); err != nil {
			return theirs, fmt.Errorf("output pipe: %w", err)
		}
		if p.inlets[i], err = output.NewStreamInlet(r); err != nil {
			return theirs, err
		}
	}
	return theirs, nil
}

// anyUser lets any user open the pipe by the name /dev/stderr: a worker may run as another user, or become
// one later. Only a process that may look into the worker finds that name.
const anyUser = 0o666

func closeFiles(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// readOutput reads both streams and closes chunks when both have ended.
func (p *osProcess) readOutput() {
	var open atomic.Int32
	open.Store(2)
	for i := range p.output {
		go func() {
			output.ReadChunks(p.inlets[i], output.Stream(i), p.chunks, p.stopped)
			p.inlets[i].Rest()
			if open.Add(-1) == 0 {
				close(p.chunks)
			}
		}()
	}
}

// OutputGrace is how long the output of a process that has ended may take to end too: a grandchild can hold
// it open for ever.
const OutputGrace = 250 * time.Millisecond
