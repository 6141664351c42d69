package tests

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

// TestMisuse asks for what cannot be: forms without data, files that are not
// programs, IR of another version.
func TestMisuse(t *testing.T) {
	dir := t.TempDir()
	p, err := dfc.CompileText("m.df", []byte("print 1\n"), dfc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	compiled := func(_ *dfc.Program, err error) error { return err }
	b, err := p.Bind(dfc.DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	_, unnamed := b.Repeat(t.Context(), "nothing", 1)
	for _, c := range []struct {
		code string
		err  error
	}{
		{"U0010", p.Emit(io.Discard, "plan")},
		{"U0013", p.Emit(io.Discard, "nonsense")},
		{"U0017", unnamed},
		{"U0011", compiled(dfc.Compile(filepath.Join(dir, "absent.df"), dfc.Options{}))},
		{"U0014", compiled(dfc.CompileText("m.ir", []byte("module \"m\" numerics 99\n"), dfc.Options{}))},
		{"E0900", compiled(dfc.CompileText("m.ir", []byte("modul \"m\"\n"), dfc.Options{}))},
	} {
		l := source.AsList(c.err)
		if len(l) != 1 || l[0].Code != c.code {
			t.Errorf("wanted %s, got %v", c.code, c.err)
		}
	}
}
