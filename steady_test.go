package dfc

import (
	"context"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/train"
)

// example compiles and binds an example.
func example(t *testing.T, name string) *Bound {
	t.Helper()
	p, err := Compile(filepath.Join("examples", name+".df"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bind(DataOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// steps calls do for every training of an example with its planned step.
func steps(t *testing.T, b *Bound, do func(n *ir.Node, body *ir.Train, f *runtime.Function)) {
	t.Helper()
	found := false
	for _, n := range b.module.Nodes {
		body, ok := n.Body.(*ir.Train)
		if !ok {
			continue
		}
		f, err := b.runtime.Function(body.StepFn, train.Donations(body, b.module.Func(body.StepFn)))
		if err != nil {
			t.Fatal(err)
		}
		found = true
		do(n, body, f)
	}
	if !found {
		t.Error("no training")
	}
}

// TestPlannedPeak keeps every arena of the examples, the benchmarks and the
// corpora near what is alive at once.
func TestPlannedPeak(t *testing.T) {
	functions := 0
	for _, pattern := range []string{"examples/*.df", "bench/*.df", "tests/run/*.df", "tests/threads/*.df"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			p, err := Compile(path, Options{})
			if err != nil {
				continue // what is wrong on purpose has tests of its own
			}
			b, err := p.Bind(DataOptions{})
			if err != nil {
				continue // likewise, or its data is made when it is run
			}
			for _, fn := range b.planned() {
				f, err := b.runtime.Function(fn.name, fn.donate)
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				functions++
				if r := f.Plan(); float64(r.Peak) > 1.2*float64(r.Lower) {
					t.Errorf("%s: @%s: arena of %d bytes, %d alive at once", path, fn.name, r.Peak, r.Lower)
				}
			}
			b.Close()
		}
	}
	if functions < 500 {
		t.Errorf("only %d functions were planned", functions)
	}
}

// TestExampleStepsAllocateNothing runs full and short batches of real steps.
func TestExampleStepsAllocateNothing(t *testing.T) {
	for _, name := range []string{"iris", "housing", "pendulum"} {
		b := example(t, name)
		steps(t, b, func(n *ir.Node, body *ir.Train, f *runtime.Function) {
			full := arguments(t, b, body, 1)
			short := arguments(t, b, body, 2)
			fn := b.module.Func(body.StepFn)
			both := func() {
				for part, in := range [][]*array.Array{full, short} {
					out, actual := in[len(fn.Inputs):], map[string]int64(nil)
					if body.Symbol != "" && part == 1 {
						actual = half(body)
					}
					if err := f.Run(in[:len(fn.Inputs)], out, actual); err != nil {
						t.Fatal(err)
					}
				}
			}
			both()
			if allocs := testing.AllocsPerRun(30, both); allocs > 0 {
				t.Errorf("%s %s: %v allocations in two steps", name, n.Name, allocs)
			}
		})
	}
}

var halves = map[*ir.Train]map[string]int64{}

// half are the sizes of a batch of half the rows, made once.
func half(body *ir.Train) map[string]int64 {
	if halves[body] == nil {
		halves[body] = map[string]int64{body.Symbol: body.Batch / 2}
	}
	return halves[body]
}

// arguments makes the inputs of a step, a part of the batch, and behind them
// its results, which stand in the place of what they move.
func arguments(t *testing.T, b *Bound, body *ir.Train, part int64) []*array.Array {
	t.Helper()
	fn := b.module.Func(body.StepFn)
	var all []*array.Array
	for _, p := range fn.Params() {
		shape := make([]int, 0, p.Type.Rank())
		for _, d := range p.Type.Dims {
			n, err := d.Eval(func(name string) (int64, bool) {
				z, ok := b.sizes[name]
				if name == body.Symbol {
					z.Actual /= part
				}
				return z.Actual, ok
			})
			if err != nil {
				t.Fatal(err)
			}
			shape = append(shape, int(n))
		}
		a := array.New(p.Type.Kind, shape...)
		for i := range a.F32 {
			a.F32[i] = 0.01 * float32(1+i%7)
		}
		for i := range a.F64 {
			a.F64[i] = 0.01 * float64(1+i%7)
		}
		all = append(all, a)
	}
	results := make([]*array.Array, len(fn.Results()))
	for i, at := range train.Donations(body, fn) {
		results[i] = all[at]
	}
	return append(all, results...)
}

// allocations counts how often memory is taken between two steps of a pass.
// Near the end of one the reading ahead already begins the next.
type allocations struct {
	Silent
	from, to int64
	before   uint64
	allocs   uint64
}

func (c *allocations) Step(p Progress) {
	if p.Step != c.from && p.Step != c.to {
		return
	}
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	if p.Step == c.from {
		c.before = m.Mallocs
	} else {
		c.allocs = m.Mallocs - c.before
	}
}

// TestExamplesAllocateNothing counts over many steps of whole runs, the
// reading ahead of batches included: from memory, from disk, without a table.
func TestExamplesAllocateNothing(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to int64
	}{{"housing", 3, 50}, {"pendulum", 110, 190}, {"mnist", 3, 130}} {
		b := example(t, c.name)
		for _, spilled := range []bool{false, true} {
			if spilled && c.name != "housing" {
				continue
			}
			if spilled {
				b = onDisk(t, b)
			}
			n := &allocations{from: c.from, to: c.to}
			ctx, cancel := context.WithCancel(context.Background())
			_, err := b.Run(ctx, RunOptions{Out: t.TempDir(), Observer: &ending{n, cancel}})
			if cancel(); Exit(err) != 130 {
				t.Fatal(err)
			}
			if each := float64(n.allocs) / float64(c.to-c.from); each > 0.2 {
				t.Errorf("%s (spilled: %v): %d allocations in %d steps", c.name, spilled, n.allocs, c.to-c.from)
			} else {
				t.Logf("%s (spilled: %v): %d allocations in %d steps", c.name, spilled, n.allocs, c.to-c.from)
			}
		}
	}
}

// onDisk opens the data of a program anew, none of it in memory.
func onDisk(t *testing.T, b *Bound) *Bound {
	t.Helper()
	spilled, err := b.program.Bind(DataOptions{Workers: 2, limit: 1 << 18})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { spilled.Close() })
	return spilled
}

// ending ends a run when they are counted.
type ending struct {
	*allocations
	cancel context.CancelFunc
}

func (e *ending) Step(p Progress) {
	if e.allocations.Step(p); p.Step == e.to {
		e.cancel()
	}
}

// TestPlannedWindows: a program that writes its convolutions as sums over windows
// copies no window, and has no tiny products.
func TestPlannedWindows(t *testing.T) {
	p, err := Compile("bench/windows.df", Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bind(DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, fn := range b.planned() {
		if fn.name != "fit.step" {
			continue
		}
		f, err := b.runtime.Function(fn.name, fn.donate)
		if err != nil {
			t.Fatal(err)
		}
		plan := f.Plan().String()
		if n := strings.Count(plan, "\n  gather "); n != 1 { // that of the label
			t.Errorf("%d gathers in\n%s", n, plan)
		}
		if n := strings.Count(plan, ", regrouped"); n != 5 {
			t.Errorf("%d products are regrouped in\n%s", n, plan)
		}
		return
	}
	t.Error("no step")
}
