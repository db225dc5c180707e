package present

import (
	"rota/internal/output"
	"rota/internal/view"
)

// LogLine is the view of a line that a worker printed.
func LogLine(l output.LogLine) view.LogLine {
	return view.LogLine{Number: l.Number, Time: view.At(l.Time), Stream: l.Stream, Text: l.Text}
}

// LogEnd is the view of the end of a worker's output.
func LogEnd(worker string, end output.LogEnd) view.LogEnd {
	return view.LogEnd{WorkerID: worker, Printed: end.Printed, Unlogged: end.Unlogged, Exit: exit(&end.Exit)}
}
