package dfc

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
)

// recurrentNet binds the recurrent net of the benchmarks to a few lines.
func recurrentNet(t *testing.T) *Bound {
	t.Helper()
	var text strings.Builder
	for i := range 64 {
		text.WriteString("c" + strconv.Itoa(i) + ",")
	}
	text.WriteString("kind\n")
	for row := range 128 {
		for i := range 64 {
			text.WriteString(strconv.Itoa((row*row+7*i)%27) + ",")
		}
		text.WriteString(strconv.Itoa(row%4) + "\n")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lines.csv"), []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	p, err := Compile(filepath.Join("bench", "recurrent.df"), Options{Settings: map[string]string{"data": dir}})
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

// TestRecurrentStepAllocatesNothing: nor does any iteration of its loops, in
// full batches and in short ones.
func TestRecurrentStepAllocatesNothing(t *testing.T) {
	b := recurrentNet(t)
	steps(t, b, func(n *ir.Node, body *ir.Train, f *runtime.Function) {
		full, short := arguments(t, b, body, 1), arguments(t, b, body, 2)
		k := len(b.module.Func(body.StepFn).Inputs)
		both := func() {
			for part, in := range [][]*array.Array{full, short} {
				actual := map[string]int64(nil)
				if part == 1 {
					actual = half(body)
				}
				if err := f.Run(in[:k], in[k:], actual); err != nil {
					t.Fatal(err)
				}
			}
		}
		both()
		if allocs := testing.AllocsPerRun(3, both); allocs > 0 {
			t.Errorf("%v allocations in two steps", allocs)
		}
	})
}

// TestRecurrentTape: the reverse loop runs over what the forward loop has
// stacked as it was stacked, step by step and nothing copied in between; a
// step stores five vectors of each line (the state, its product, two gates and
// the candidate) and not what is a few operations away from them; and the
// gradients of the weights are contractions outside of both loops.
func TestRecurrentTape(t *testing.T) {
	b := recurrentNet(t)
	steps(t, b, func(n *ir.Node, body *ir.Train, _ *runtime.Function) {
		var loops []*ir.Op
		outside := 0
		for _, op := range b.module.Func(body.StepFn).Body.Ops {
			switch a := op.Attrs.(type) {
			case ir.ScanAttrs:
				loops = append(loops, op)
			case ir.EinsumAttrs:
				if strings.HasPrefix(a.Spec, "ba") { // steps and lines are summed
					outside++
				}
			}
		}
		if len(loops) != 2 || outside != 2 {
			t.Fatalf("%d loops, %d contractions over all steps\n%s", len(loops), outside, b.module.Func(body.StepFn))
		}
		forward, reverse := loops[0], loops[1]
		a := reverse.Attrs.(ir.ScanAttrs)
		if forward.Attrs.(ir.ScanAttrs).Reverse == a.Reverse {
			t.Error("both loops run the same way")
		}
		stacked := 0
		for _, x := range reverse.Operands[a.Captures+a.Carries:] {
			if x.Def != forward {
				t.Errorf("the reverse loop runs over %s, which the forward loop has not stacked", x.Def)
			}
			if x.Type.Rank() != 3 || x.Type.Dims[0] != a.Count {
				t.Errorf("a stack of type %s", x.Type)
			}
			stacked++
		}
		if stacked != 5 {
			t.Errorf("%d stacks", stacked)
		}
	})
}
