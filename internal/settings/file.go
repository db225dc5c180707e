package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the size of a settings file.
const maxFile = 1 << 20

// readFile reads regular files only: a reload reads the file again, and a pipe would be empty then. Opening a
// pipe must not block either.
func readFile(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file, so a reload could not read it again", path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return content, err
}

func fromFile(path string) source {
	content, err := readFile(path)
	if err != nil {
		return source{problems: []error{fmt.Errorf("settings file: %w", err)}}
	}
	return fromYAML(path, content)
}

// fromYAML reads one document with settings.
func fromYAML(path string, content []byte) source {
	s := source{inFile: true, place: func(_ string, line int) string { return path + ":" + strconv.Itoa(line) }}
	document, problem := parseYAML(content)
	if problem != nil {
		s.problems = append(s.problems, fmt.Errorf("%s:%d: %w", path, problem.line, problem.error))
	}
	if document == nil {
		return s
	}
	var complaints []complaint
	s.entries, complaints = members(document)
	for _, c := range complaints {
		s.problems = append(s.problems, fmt.Errorf("%s:%d: %w", path, c.line, c.error))
	}
	return s
}

// parseYAML returns the root of the document; nil if there is none.
func parseYAML(content []byte) (*yaml.Node, *complaint) {
	if line := firstBadLine(content); line > 0 {
		return nil, &complaint{line, errors.New("not YAML: a character is not printable UTF-8")}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, notYAML(content, err)
	}
	root := dereference(first.Content[0])
	switch err := decoder.Decode(&second); {
	case err == nil:
		return root, &complaint{second.Line, errors.New("a second document begins here, but only one is read")}
	case !errors.Is(err, io.EOF):
		return root, notYAML(content, err)
	}
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, &complaint{root.Line, errors.New("the file should hold keys with values, such as workers: 4")}
	}
	return root, nil
}

// firstBadLine is the line of the first character that YAML forbids; 0 if there is none.
func firstBadLine(content []byte) int {
	line := 1
	for rest := content; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\t' && r != '\r', r == 0x7f:
			return line
		}
	}
	return 0
}

// notYAML finds the line in an error of the parser, which leaves out the first line, and any line for an
// unknown anchor.
func notYAML(content []byte, err error) *complaint {
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if rest, ok := strings.CutPrefix(what, "line "); ok {
		number, rest, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(number); err == nil {
			line, what = n, rest
		}
	} else if rest, ok := strings.CutPrefix(what, "unknown anchor '"); ok {
		name, _, _ := strings.Cut(rest, "'")
		before, _, _ := bytes.Cut(content, []byte("*"+name))
		line += bytes.Count(before, []byte("\n"))
	}
	return &complaint{line, errors.New("not YAML: " + what)}
}
