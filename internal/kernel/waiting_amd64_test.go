package kernel

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func init() {
	waiters["select"] = func() error { return pselect(3, unix.SYS_SELECT) }
}

// smallProgram is a 32-bit one that calls pause, which has the number 29, for ever.
func smallProgram(t *testing.T) string {
	t.Helper()
	const base, headers = 0x10000, 52 + 32
	code := []byte{0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7} // mov eax,29; int 0x80; jmp back
	header := append([]byte("\x7fELF\x01\x01\x01"), make([]byte, 9)...)
	put := func(size int, values ...uint32) {
		for _, v := range values {
			header = binary.LittleEndian.AppendUint32(header, v)[:len(header)+size]
		}
	}
	put(2, 2, 3)                        // an executable for the 386
	put(4, 1, base+headers, 52, 0, 0)   // version, entry, where the program header is, no sections, flags
	put(2, 52, 32, 1, 0, 0, 0)          // the sizes and numbers of the headers
	put(4, 1, 0, base, base, headers+9) // to load, from the file's start
	put(4, headers+9, 5, 0x1000)        // readable and executable
	path := filepath.Join(t.TempDir(), "small")
	require.NoError(t, os.WriteFile(path, append(header, code...), 0o700))
	return path
}
