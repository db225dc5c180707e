package losses

import (
	"sync"
	"time"

	"rota/internal/kernel"
)

// Loop is what hearing must know of the loop that has the register, and tell it.
type Loop interface {
	// Holders are the workers that had the connections, and how to find their processes. waits: it matters for one of the
	// connections who closed it first.
	Holders([]kernel.Ending) (roots map[string]kernel.Root, waits bool)
	Endpoints() ([]kernel.Listener, error)
	// Ended says how connections ended. leaving are those that are not closed yet, and lives are the workers that live on.
	Ended(list []kernel.Ending, at time.Time, leaving map[uint64]kernel.Leaving, lives map[string]bool)
	Lost(*kernel.Endings) // the kernel did not tell of all
}

// Hear tells the loop of each connection that ends, until the watch is closed.
func Hear(watch *kernel.Endings, loop Loop) {
	heard := make(chan []kernel.Ending, mostStrangers)
	var taking sync.WaitGroup
	taking.Go(func() { takeEndings(heard, loop) })
	defer taking.Wait()
	defer close(heard)
	for {
		list, lost, more := watch.Next()
		if lost {
			loop.Lost(watch)
		}
		if !more {
			return
		}
		heard <- list
	}
}

// takeEndings takes as many at a time as there are: each time costs the loop something.
func takeEndings(heard <-chan []kernel.Ending, loop Loop) {
	for list := range heard {
		for more := true; more; {
			select {
			case next := <-heard:
				list = append(list, next...)
				more = next != nil
			default:
				more = false
			}
		}
		if len(list) > 0 {
			tell(list, loop)
		}
	}
}

// tell finds out at once what can't be found out later: whether the worker lives on, and who closed the
// connection first.
func tell(list []kernel.Ending, loop Loop) {
	roots, waits := loop.Holders(list)
	lives := map[string]bool{}
	for id, root := range roots {
		first := kernel.Family{root.First()}
		lives[id] = root.PID != 0 && !first.Ended()
	}
	var leaving map[uint64]kernel.Leaving
	if endpoints, err := loop.Endpoints(); waits && err == nil {
		leaving, _ = kernel.Leavings(endpoints)
	}
	loop.Ended(list, time.Now(), leaving, lives)
}
