package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestOwnMemoryIsThatOfTheFamilyWithoutItsFiles(t *testing.T) {
	const size = 64 << 20
	own := Family{ourselves(t)}
	before, err := own.OwnMemory()
	require.NoError(t, err)
	require.Positive(t, before)
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_POPULATE)
	require.NoError(t, err)
	after, err := own.OwnMemory()
	require.NoError(t, err)
	require.NoError(t, unix.Munmap(memory))
	require.InDelta(t, before+size, after, size/4)

	twice, err := Family{own[0], own[0], {PID: 1 << 30}}.OwnMemory()
	require.NoError(t, err)
	require.InDelta(t, 2*before, twice, size)
	another := own[0]
	another.Started--
	none, err := Family{another}.OwnMemory()
	require.NoError(t, err)
	require.Zero(t, none)
}

func TestAFamilyHasThreads(t *testing.T) {
	require.GreaterOrEqual(t, Family{ourselves(t)}.Tasks(), uint64(2))
	require.Zero(t, Family{{PID: 1 << 30}}.Tasks())
}
