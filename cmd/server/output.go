package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// output is where a command writes its data. It remembers the first error, so that tables and help need not
// check theirs.
type output struct {
	io.Writer
	lost error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.lost == nil {
		o.lost = err
	}
	return n, err
}

// execute runs the command, prints its error and returns the exit code. A command whose output was lost has
// failed, unless its exit code says how a reload went.
func execute(command *cobra.Command, stdout, stderr io.Writer) int {
	out, ok := command.OutOrStdout().(*output)
	if !ok {
		out = &output{}
		command.SetOut(out)
	}
	out.Writer = stdout
	command.SetErr(stderr)
	err := command.Execute()
	verdict := errors.As(err, new(outcome))
	if out.lost != nil && errors.Is(err, out.lost) && !verdict {
		err = nil // reported below
	}
	code := exitCode(stderr, err)
	if out.lost != nil {
		fmt.Fprintln(stderr, "rota: the output was lost:", out.lost)
		if code == exitDone && !verdict {
			code = exitFailed
		}
	}
	return code
}

// outlivePipes turns writing to a broken pipe into an error instead of the end of the process. SIGPIPE is
// caught and not ignored, because child processes would inherit that.
func outlivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
