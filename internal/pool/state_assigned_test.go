package pool

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// TestOnePlaceChangesAState reads the package's own source: only the transition functions, which check each
// move and publish it, may assign the state of a worker or of a reload.
func TestOnePlaceChangesAState(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var places []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && assignsState(f) {
				places = append(places, f.Name.Name)
			}
		}
	}
	slices.Sort(places)
	require.Equal(t, []string{"moveReload", "moveWorker"}, places, "change states through these two")
}

// assignsState reports whether the function assigns the State of a worker or a reload, or makes one that has
// a State.
func assignsState(f *ast.FuncDecl) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, to := range n.Lhs {
				selector, ok := to.(*ast.SelectorExpr)
				found = found || ok && selector.Sel.Name == "State"
			}
		case *ast.CompositeLit:
			made, ok := n.Type.(*ast.Ident)
			if !ok || made.Name != "Worker" && made.Name != "Reload" {
				break
			}
			for _, element := range n.Elts {
				pair, ok := element.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				key, ok := pair.Key.(*ast.Ident)
				found = found || ok && key.Name == "State"
			}
		}
		return true
	})
	return found
}

// TestAnImpossibleMoveIsRefused makes moves that the diagrams forbid: nothing changes, and the master is told
// of the bug.
func TestAnImpossibleMoveIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(1).up()
	m := w.pool.slots[0].duty
	w.pool.moveWorker(m, record.WorkerStarting, "")
	require.Equal(t, record.WorkerReady, m.State)
	require.Equal(t, []Effect{Impossible{"worker", m.ID, "ready", "starting"}}, w.pool.take())

	r := w.ask()
	w.pool.moveReload(r, record.ReloadCompleted, "")
	require.Equal(t, record.ReloadRolling, r.State)
	require.Equal(t, []Effect{Impossible{"reload", r.ID, "rolling", "completed"}}, w.pool.take())
}
