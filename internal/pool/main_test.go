package pool

import (
	"flag"
	"os"
	"testing"

	_ "pgregory.net/rapid" // defines the flag
)

func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "2000"); err != nil { // the command line may say otherwise
		panic(err)
	}
	os.Exit(m.Run())
}
