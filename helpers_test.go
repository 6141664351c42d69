package dfc

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// line is a program in IR that fits a line to points: a statistic, a split, a
// training with momentum and two metrics, a table of predictions.
type line struct {
	batch, epochs int64
	rate          float64 // 0: one that fits
	above         bool    // a table of the rows above the mean, and its column
	stop          *ir.Stop
	keep          string
}

func (l line) module() *ir.Module {
	m := &ir.Module{Name: "line", Numerics: ir.Numerics}
	rate := l.rate
	if rate == 0 {
		rate = 0.02
	}
	f := ir.ScalarOf(ir.F32)
	m.Symbols = []*ir.Symbol{
		{Name: "Points", Class: ir.Bound, From: "Points"}, {Name: "Train", Class: ir.Bound, From: "Train"},
		{Name: "Test", Class: ir.Bound, From: "Test"}, {Name: "Kind", Class: ir.Bound, From: "Kind"},
		{Name: "B", Class: ir.Batch, Size: l.batch, From: "rows of a step of fit"}}
	kind := ir.IndexOf(ir.Sym("Kind"))

	row := func(name string, body func(b *ir.Builder, f *ir.Func) []*ir.Value) {
		fn := ir.NewFunc(name)
		b := ir.NewBuilder(m, fn)
		rs := body(b, fn)
		b.Return(rs...)
		m.Add(fn)
	}
	col := func(fn *ir.Func, name string, t ir.Type) *ir.Value {
		return fn.AddParam(name, t, ir.Input{Role: ir.Col, Bind: name})
	}
	given := func(fn *ir.Func, name string, t ir.Type) *ir.Value {
		return fn.AddParam(name, t, ir.Input{Role: ir.Given, Bind: name})
	}
	bias := ir.TensorOf(ir.F32, ir.Sym("Kind"))
	predict := func(b *ir.Builder, fn *ir.Func, w, c *ir.Value) *ir.Value {
		x := b.Sub(col(fn, "x", f), given(fn, "centre", f))
		k := col(fn, "kind", kind)
		return b.Add(b.Mul(w, x), b.One("gather", ir.GatherAttrs{Axis: 0}, c, k))
	}
	row("x", func(b *ir.Builder, fn *ir.Func) []*ir.Value { return []*ir.Value{col(fn, "x", f)} })
	row("loss", func(b *ir.Builder, fn *ir.Func) []*ir.Value {
		w := fn.AddParam("w", f, ir.Input{Role: ir.Weight, Bind: "line.w"})
		c := fn.AddParam("c", bias, ir.Input{Role: ir.Weight, Bind: "line.c"})
		e := b.Sub(predict(b, fn, w, c), col(fn, "y", f))
		return []*ir.Value{b.Mul(e, e)}
	})
	row("init", func(b *ir.Builder, fn *ir.Func) []*ir.Value {
		k := fn.AddParam("key", ir.ScalarOf(ir.Key), ir.Input{Role: ir.Seed, Bind: "init"})
		return []*ir.Value{b.One("uniform", ir.UniformAttrs{K: ir.F32}, k)}
	})
	row("zeros", func(b *ir.Builder, fn *ir.Func) []*ir.Value { return []*ir.Value{b.Zeros(bias)} })
	for name, t := range map[string]ir.Type{"w": f, "c": bias} {
		row("slot."+name, func(b *ir.Builder, fn *ir.Func) []*ir.Value {
			fn.AddParam("p", t, ir.Input{})
			return []*ir.Value{b.Zeros(t)}
		})
		row("update."+name, func(b *ir.Builder, fn *ir.Func) []*ir.Value {
			p, g, v := fn.AddParam("p", t, ir.Input{}), fn.AddParam("g", t, ir.Input{}), fn.AddParam("v", t, ir.Input{})
			v = b.Add(b.Mul(v, b.Float(t, 0.8)), g)
			return []*ir.Value{b.Sub(p, b.Mul(v, b.Float(t, rate))), v}
		})
	}
	row("error", func(b *ir.Builder, fn *ir.Func) []*ir.Value {
		e := b.Sub(predict(b, fn, given(fn, "fit/line.w", f), given(fn, "fit/line.c", bias)), col(fn, "y", f))
		return []*ir.Value{b.Mul(e, e)}
	})
	row("root", func(b *ir.Builder, fn *ir.Func) []*ir.Value {
		return []*ir.Value{b.One("sqrt", nil, given(fn, "mse", f))}
	})
	row("predicted", func(b *ir.Builder, fn *ir.Func) []*ir.Value {
		k := col(fn, "kind", kind)
		return []*ir.Value{k, col(fn, "y", f), predict(b, fn, given(fn, "fit/line.w", f), given(fn, "fit/line.c", bias))}
	})
	slot := func(name string, t ir.Type) []ir.Slot { return []ir.Slot{{Name: "v", Type: t, Init: "slot." + name}} }
	if l.above {
		l.addAbove(m, row, col, given)
	}
	keep := l.keep
	if keep == "" {
		keep = "last"
	}
	node := func(name string, b ir.NodeBody) { m.Nodes = append(m.Nodes, &ir.Node{Name: name, Body: b}) }
	node("Kind", &ir.Category{Uses: []ir.FieldRef{{Table: "Points", Field: "kind"}}})
	node("Points", &ir.SourceTable{Reader: ir.Reader{Name: "csv", Paths: []ir.NamedText{{Text: "points.csv"}}},
		Fields: []ir.Field{{Name: "x", Type: f, From: []string{"x"}}, {Name: "y", Type: f, From: []string{"y"}},
			{Name: "kind", Type: kind, Category: "Kind", From: []string{"kind"}}}})
	node("Train", &ir.Derive{Op: "split", Of: "Points", Fractions: []float64{0.8, 0.2}, Part: 0, Seed: 7})
	node("Test", &ir.Derive{Op: "split", Of: "Points", Fractions: []float64{0.8, 0.2}, Part: 1, Seed: 7})
	node("centre", &ir.Reduce{Table: "Train", Fn: "x", Aggs: []ir.Agg{{Op: "mean"}}, Outputs: []ir.Output{{Name: "centre", Type: f}}})
	node("fit", &ir.Train{Model: "line", Table: "Train", Loss: "loss", Symbol: "B", Batch: l.batch, Order: "shuffle", Last: "short",
		Epochs: l.epochs, Seed: 3, Keep: keep, Stop: l.stop,
		Params: []ir.TrainParam{{Path: "line.w", Type: f, Init: "init", Update: "update.w", Slots: slot("w", f)},
			{Path: "line.c", Type: bias, Init: "zeros", Update: "update.c", Slots: slot("c", bias)}},
		Metrics: []ir.Metric{{Name: "rmse", Output: "rmse"}}})
	node("mse", &ir.Reduce{Table: "Test", Fn: "error", Aggs: []ir.Agg{{Op: "mean"}}, Outputs: []ir.Output{{Name: "mse", Type: f}}, Every: "fit"})
	node("rmse", &ir.Compute{Fn: "root", Outputs: []ir.Output{{Name: "rmse", Type: f}}, Every: "fit"})
	node("out", &ir.Write{Format: "csv", Path: "predicted.csv", Table: "Test", Fn: "predicted", Columns: []ir.WriteColumn{
		{Name: "kind", Result: 0, Present: -1}, {Name: "actual", Result: 1, Present: -1}, {Name: "predicted", Result: 2, Present: -1}}})
	if l.above {
		node("Above", &ir.Derive{Op: "where", Of: "Points", Fn: "isAbove"})
		node("least", &ir.Reduce{Table: "Above", Fn: "x", Aggs: []ir.Agg{{Op: "min"}}, Outputs: []ir.Output{{Name: "least", Type: f}}})
		node("total", &ir.Compute{Fn: "total", Outputs: []ir.Output{{Name: "total", Type: f}}})
	}
	text := "slope"
	node("say", &ir.Print{Parts: []ir.Tree{{Text: &text}, {Value: "fit/line.w"}}})
	return m
}

type (
	rowFunc   func(name string, body func(b *ir.Builder, f *ir.Func) []*ir.Value)
	inputFunc func(fn *ir.Func, name string, t ir.Type) *ir.Value
)

// addAbove adds functions for a table whose size only the run knows.
func (l line) addAbove(m *ir.Module, row rowFunc, col, given inputFunc) {
	f := ir.ScalarOf(ir.F32)
	m.Symbols = append(m.Symbols, &ir.Symbol{Name: "Above", Class: ir.Bound, From: "Above"})
	row("isAbove", func(b *ir.Builder, fn *ir.Func) []*ir.Value {
		return []*ir.Value{b.Cmp("gt", col(fn, "x", f), given(fn, "centre", f))}
	})
	row("total", func(b *ir.Builder, fn *ir.Func) []*ir.Value {
		x := fn.AddParam("x", ir.TensorOf(ir.F32, ir.Sym("Above")), ir.Input{Role: ir.Column, Bind: "Above.x"})
		return []*ir.Value{b.Sum(x, 0)}
	})
}

// points writes 600 points on three lines of slope 2 and bounded noise.
func points(t testing.TB, dir string) {
	var b strings.Builder
	b.WriteString("x,y,kind\n")
	for i := range 600 {
		x := float64(i%97) / 20
		fmt.Fprintf(&b, "%g,%g,%s\n", x, 2*x+float64(i%3)*5+0.01*float64(i*7%11-5), []string{"low", "mid", "top"}[i%3])
	}
	save(t, filepath.Join(dir, "points.csv"), b.String())
}

func save(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// bound compiles and binds the line program in a directory.
func (l line) bound(t testing.TB, dir string, workers int) *Bound {
	t.Helper()
	p := l.compiled(t, dir)
	b, err := p.Bind(DataOptions{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func (l line) compiled(t testing.TB, dir string) *Program {
	t.Helper()
	p, err := CompileText(filepath.Join(dir, "line.ir"), []byte(l.module().String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tree reads every file below a directory.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(b)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

// runIn runs a program in a directory, saving every 7 steps to state, and
// returns what it left.
func runIn(t *testing.T, l line, dir string, workers int, resume bool, o RunOptions) (map[string]string, string, error) {
	t.Helper()
	b := l.bound(t, dir, workers)
	var said bytes.Buffer
	o.Stdout, o.Out = &said, filepath.Join(dir, "out")
	if o.EverySteps == 0 && o.Every == 0 {
		o.EverySteps = 7
	}
	if resume {
		o.Resume = filepath.Join(dir, "state")
	} else {
		o.Save = filepath.Join(dir, "state")
	}
	_, err := b.Run(context.Background(), o)
	return tree(t, dir), said.String(), err
}

// boundText compiles and binds a program whose data lies in a directory, without
// some passes.
func boundText(t testing.TB, path, text string, workers int, disabled ...string) *Bound {
	t.Helper()
	p, err := CompileText(path, []byte(text), Options{Verify: true, Disabled: disabled})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bind(DataOptions{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}
