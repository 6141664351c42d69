package data

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

func num(name string, k ir.Kind, dims ...ir.Dim) ir.Field {
	return ir.Field{Name: name, Type: ir.TensorOf(k, dims...)}
}

func opt(f ir.Field) ir.Field { f.Optional = true; return f }

func member(name, cat string) ir.Field {
	return ir.Field{Name: name, Type: ir.IndexOf(ir.Sym(cat)), Category: cat}
}

func foreign(name, table string, from ...string) ir.Field {
	return ir.Field{Name: name, Type: ir.IndexOf(ir.Sym(table)), Table: table, From: from}
}

func str(name string) ir.Field { return ir.Field{Name: name, Text: "str"} }

func key(name string) ir.Field { return ir.Field{Name: name, Text: "str", IsKey: true} }

func named(f ir.Field, from ...string) ir.Field { f.From = from; return f }

func reader(name, path string, options ...string) ir.Reader {
	r := ir.Reader{Name: name, Paths: []ir.NamedText{{Text: path}}, Options: map[string]string{}}
	for i := 0; i+1 < len(options); i += 2 {
		r.Options[options[i]] = options[i+1]
	}
	return r
}

func tableNode(name string, r ir.Reader, fields ...ir.Field) *ir.Node {
	s := &ir.SourceTable{Reader: r, Fields: fields}
	for _, f := range fields {
		if f.IsKey {
			s.KeyCols = append(s.KeyCols, f.Name)
		}
	}
	return &ir.Node{Name: name, Body: s}
}

func catNode(name string, uses ...string) *ir.Node {
	c := &ir.Category{}
	for _, u := range uses {
		t, f, _ := strings.Cut(u, ".")
		c.Uses = append(c.Uses, ir.FieldRef{Table: t, Field: f})
	}
	return &ir.Node{Name: name, Body: c}
}

func derive(name string, d *ir.Derive) *ir.Node { return &ir.Node{Name: name, Body: d} }

func module(nodes ...*ir.Node) *ir.Module { return &ir.Module{Nodes: nodes} }

// needsAll asks for each field of each source table of a module.
func needsAll(m *ir.Module) Needs {
	n := Needs{}
	for _, node := range m.Nodes {
		if s, ok := node.Body.(*ir.SourceTable); ok {
			for _, f := range s.Fields {
				n.add(node.Name, f.Name)
			}
		}
	}
	return n
}

func mustOpen(t testing.TB, m *ir.Module, o Options) *Dataset {
	t.Helper()
	if o.Needs == nil {
		o.Needs = needsAll(m)
	}
	if o.Dir == "" {
		o.Dir = "testdata"
	}
	ds, err := Open(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ds.Close)
	return ds
}

// fails opens a module and wants an error with a code that holds all texts.
func fails(t *testing.T, m *ir.Module, o Options, code string, texts ...string) {
	t.Helper()
	if o.Needs == nil {
		o.Needs = needsAll(m)
	}
	ds, err := Open(m, o)
	if err == nil {
		ds.Close()
		t.Fatalf("no error; want %s", code)
	}
	wantFault(t, err, code, texts...)
}

func wantFault(t *testing.T, err error, code string, texts ...string) {
	t.Helper()
	var d *source.Diagnostic
	if !errors.As(err, &d) {
		t.Fatalf("no diagnostic: %v", err)
	}
	if d.Code != code {
		t.Fatalf("code %s, want %s: %v", d.Code, code, err)
	}
	if _, ok := source.LookupCode(code); !ok {
		t.Errorf("code %s is not registered", code)
	}
	for _, s := range texts {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("the message lacks %q:\n%v", s, err)
		}
	}
}

// write puts files into a folder of the test and returns it.
func write(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// all reads a whole epoch: copies of the columns, the texts, the row numbers.
func all(t testing.TB, ds *Dataset, table string, spec OrderSpec, size int, reqs ...ColumnReq) ([]*array.Array, [][]string, []int64) {
	t.Helper()
	b, err := ds.Batches(table, reqs, spec, size)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	cols, texts := make([]*array.Array, len(reqs)), make([][]string, len(reqs))
	var rows []int64
	for {
		x, err := b.Next()
		if err == io.EOF {
			return cols, texts, rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, x.Rows()...)
		for i, a := range x.Cols {
			for j := range x.Texts[i].Len() {
				s, ok := x.Texts[i].At(j)
				if !ok {
					s = "(none)"
				}
				texts[i] = append(texts[i], s)
			}
			if a == nil {
				continue
			}
			if a.Shape[0] != x.N {
				t.Fatalf("leading dimension %d of %d rows", a.Shape[0], x.N)
			}
			if cols[i] == nil {
				cols[i] = array.New(a.Kind, append([]int{0}, a.Shape[1:]...)...)
			}
			old := cols[i]
			cols[i] = array.New(a.Kind, append([]int{old.Shape[0] + x.N}, a.Shape[1:]...)...)
			copyElems(cols[i], 0, old, 0, old.Len())
			copyElems(cols[i], old.Len(), a, 0, a.Len())
		}
	}
}

func req(path string, t ir.Type) ColumnReq { return ColumnReq{path, t} }

func f32s(path string) ColumnReq  { return ColumnReq{path, ir.ScalarOf(ir.F32)} }
func bools(path string) ColumnReq { return ColumnReq{path, ir.ScalarOf(ir.Bool)} }
func index(path, dim string) ColumnReq {
	return ColumnReq{path, ir.IndexOf(ir.Sym(dim))}
}
func texts(path string) ColumnReq { return ColumnReq{Path: path} }

func ints(a *array.Array) []int64 {
	var out []int64
	for i := range a.Len() {
		out = append(out, a.Int(i))
	}
	return out
}

func floats(a *array.Array) []float64 {
	var out []float64
	for i := range a.Len() {
		out = append(out, a.Float(i))
	}
	return out
}
