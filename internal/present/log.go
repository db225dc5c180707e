package present

import (
	"rota/internal/master"
	"rota/internal/view"
)

// LogLine is the view of a line that a worker printed.
func LogLine(l master.LogLine) view.LogLine {
	return view.LogLine{Number: l.Number, Time: view.At(l.Time), Stream: l.Stream, Text: l.Text}
}

// LogEnd is the view of the end of a worker's output.
func LogEnd(worker string, end master.LogEnd) view.LogEnd {
	return view.LogEnd{WorkerID: worker, Printed: end.Printed, Unlogged: end.Unlogged, Exit: exit(&end.Exit)}
}
