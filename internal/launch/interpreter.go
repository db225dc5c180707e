package launch

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The kernel says "no such file" of a program that is there when what it needs to run is not: the
// interpreter that a script names in its first line, or the loader that a binary was linked for.

// interpreter is what the first line of a script asks for.
type interpreter struct{ path, argument string }

// firstLine is how much of a script's beginning the kernel looks at.
const firstLine = 256

// interpreterOf reads the first line of the script at the descriptor. It is not ok if that is no script, or
// can't be read.
func interpreterOf(fd int) (i interpreter, ok bool) {
	f, err := reopen(fd)
	if err != nil {
		return i, false
	}
	defer f.Close()
	head := make([]byte, firstLine)
	n, _ := f.ReadAt(head, 0)
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	asked, script := strings.CutPrefix(string(line), "#!")
	asked = strings.Trim(asked, " \t")
	if end := strings.IndexAny(asked, " \t"); end >= 0 {
		asked, i.argument = asked[:end], strings.TrimLeft(asked[end:], " \t")
	}
	i.path = asked
	return i, script
}

// windowsLine complains about a first line that ends in CR LF where the CR becomes part of a program's name.
// Perl ignores one behind its options, and so others may.
func (i interpreter) windowsLine() error {
	name := i.path
	if filepath.Base(i.path) == "env" {
		words := strings.FieldsFunc(i.argument, func(c rune) bool { return c == ' ' || c == '\t' })
		if len(words) > 0 {
			name = words[len(words)-1]
		}
	}
	if !strings.HasSuffix(name, "\r") {
		return nil
	}
	return fmt.Errorf(`its first line ends in CR LF, as on Windows, so that it asks for a program named %q; `+
		`remove the CRs, for example with sed -i 's/\r$//', and keep your editor or git (core.autocrlf) from adding them: %w`, name, unix.ENOENT)
}

// explain says what is missing, of a program that is there.
func (s Step) explain(err error) error {
	if !errors.Is(err, unix.ENOENT) {
		return err
	}
	if i, script := interpreterOf(s.Program); script {
		return i.explain(err)
	}
	if loader := loaderOf(s.Program); loader != "" && !exists(loader) {
		return fmt.Errorf("it was built for another system, whose loader %s is not here: %w", loader, err)
	}
	return err
}

func (i interpreter) explain(err error) error {
	if windows := i.windowsLine(); windows != nil {
		return windows
	}
	if !exists(i.path) {
		return fmt.Errorf("its first line asks for %q, which is not there: %w", i.path, err)
	}
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// loaderOf is the program that the kernel starts to load the binary at the descriptor; "": none, or it can't be
// read.
func loaderOf(fd int) string {
	f, err := reopen(fd)
	if err != nil {
		return ""
	}
	defer f.Close()
	binary, err := elf.NewFile(f)
	if err != nil {
		return ""
	}
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < unix.PathMax {
			name := make([]byte, p.Filesz)
			if _, err := p.ReadAt(name, 0); err == nil {
				return strings.TrimRight(string(name), "\x00")
			}
		}
	}
	return ""
}

// reopen opens the file of a descriptor once more. It fails for one that may be executed but not read.
func reopen(fd int) (*os.File, error) { return os.Open("/proc/self/fd/" + strconv.Itoa(fd)) }
