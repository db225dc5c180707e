package doctor

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"rota/internal/launch"
)

// The test binary is the launcher, as rota is, and the programs that are examined.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == launch.Verb {
		fmt.Fprintln(os.Stderr, launch.Main(os.Args))
		os.Exit(launch.FailedExit)
	}
	if len(os.Args) > 1 && os.Args[1] == examineVerb {
		mainOfExamine()
		return
	}
	if len(os.Args) > 1 {
		if misbehave, ok := misbehaviours[os.Args[1]]; ok {
			runProgram(misbehave)
			return
		}
	}
	// A child built with the race detector would otherwise take a second to exit.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	flag.Parse()
	if err := flag.Set("test.parallel", "10"); err != nil { // most of the time it is the machine that waits
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
