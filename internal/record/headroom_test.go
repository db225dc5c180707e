package record

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARefusalSaysTheNumbers(t *testing.T) {
	const mib = 1 << 20
	memory := Resource{Limit: "cgroup /x", Most: 4096 * mib, Free: 1100 * mib, Worker: 310 * mib}
	require.Nil(t, memory.Refuse(3))
	refused := memory.Refuse(8)
	require.Equal(t, 3, refused.Fits)
	require.EqualError(t, refused, "surge of 8: 8 workers of 310 MiB need 2.4 GiB, and 1.1 GiB is free below the limit of 4 GiB of cgroup /x; a surge of 3 would fit")
	refused.Grows = true
	require.EqualError(t, refused, "a pool with 8 more: 8 workers of 310 MiB need 2.4 GiB, and 1.1 GiB is free below the limit of 4 GiB of cgroup /x; 3 more would fit")
	memory.Free = 300*mib + mib/2
	require.EqualError(t, memory.Refuse(1), "surge of 1: 1 worker of 310 MiB needs 310 MiB, and 300 MiB is free below the limit of 4 GiB of cgroup /x; not even one more would fit")
	memory.Worker = 30 * mib / 4
	require.ErrorContains(t, memory.Refuse(100), "100 workers of 7.5 MiB need 750 MiB")

	threads := Resource{Kind: Threads, Limit: "cgroup /x", Most: 64, Free: 20, Worker: 7}
	require.EqualError(t, threads.Refuse(4), "surge of 4: 4 workers need 28 threads, and 20 are free below the limit of 64 of cgroup /x; a surge of 2 would fit")

	files := Resource{Kind: OpenFiles, Limit: "ulimit -n", Most: 1024, Free: 900, Worker: 5}
	require.EqualError(t, files.Refuse(200), "surge of 200: 200 workers need 1000 open files of the master, and 900 are free below its limit of 1024 (ulimit -n); a surge of 180 would fit")
}
