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

// output is where a command's data go. It remembers the first write that failed: whoever writes in between, as
// a table or the help, need not care.
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

// execute runs the command, prints what went wrong, and returns the exit code. A command whose output is lost has
// failed, but for one whose exit code says how a reload went.
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
		err = nil // it is said below
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

// outlivePipes makes writing to a pipe that nobody reads any more an error, and not the end. What is caught is not
// ignored in the processes that are started.
func outlivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
