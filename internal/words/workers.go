package words

import (
	"fmt"
	"io"
	"time"

	"rota/internal/view"
)

// Workers writes a table of workers by slot. A slot that waits for a worker stands before its older workers.
func Workers(w io.Writer, s view.Status, workers []view.Worker) {
	now, waiting := s.Now(), s.Waiting
	Table(w, func(out io.Writer) {
		fmt.Fprintln(out, "SLOT\tSTATE\tGENERATION\tPID\tUP\tCONNECTIONS\tMEMORY\tCPU\tRESTARTS\tREVISION\tID")
		for _, worker := range workers {
			for len(waiting) > 0 && waiting[0].Slot <= worker.Slot {
				writeVacancy(out, waiting[0], now)
				waiting = waiting[1:]
			}
			writeWorker(out, worker, now)
		}
		for _, slot := range waiting {
			writeVacancy(out, slot, now)
		}
	})
}

func writeWorker(out io.Writer, w view.Worker, now time.Time) {
	fmt.Fprintf(out, "%d\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
		w.Slot, WorkerState(w.WorkerCore), w.Generation, Number(w.PID), Age(now, w.StartedAt.Time), Number(w.Connections),
		mebibytes(w.RSSBytes), seconds(w.CPUSeconds), w.Restarts, Nullable(w.Revision), w.ID)
}

// writeVacancy fills every column, or the workers below it would stand under other ones.
func writeVacancy(out io.Writer, slot view.WaitingSlot, now time.Time) {
	fmt.Fprintf(out, "%d\twaiting\t-\t-\t-\t-\t-\t-\t-\t-\t%s\n", slot.Slot, Vacancy(slot, now))
}

func mebibytes(bytes *uint64) string {
	if bytes == nil {
		return Unknown
	}
	return fmt.Sprintf("%.1f MiB", float64(*bytes)/(1<<20))
}

func seconds(s *float64) string {
	if s == nil {
		return Unknown
	}
	return fmt.Sprintf("%.2f s", *s)
}
