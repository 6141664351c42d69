package runtime

import (
	"errors"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// eachFunc takes one number of each row, and adds numbers to one of each row of
// x and of zeros, as the loss of a class and its derivative do.
func eachFunc(m *ir.Module, k ir.Kind) *ir.Func {
	f := ir.NewFunc("each")
	x := f.AddParam("x", ir.TensorOf(k, batchDim, three), ir.Input{})
	i := f.AddParam("i", ir.IndexOf(three, batchDim), ir.Input{})
	u := f.AddParam("u", ir.TensorOf(k, batchDim), ir.Input{})
	b := ir.NewBuilder(m, f)
	a := ir.GatherAttrs{Axis: 1, BatchDims: 1}
	b.Return(b.One("gather", a, x, i), b.One("scatter_add", a, x, i, u), b.One("scatter_add", a, b.Zeros(x.Type), i, u))
	m.Add(f)
	return f
}

// TestEach compares one element of each line with the interpreter, in few rows
// and in more than one task has.
func TestEach(t *testing.T) {
	for _, k := range []ir.Kind{ir.F32, ir.F64, ir.I64} {
		for _, actual := range []int64{1, 2, 50, ownedElements + 77} {
			m := batchModule()
			compare(t, m, eachFunc(m, k), ir.Sample{}, ownedElements+100, actual, 1)
		}
	}
}

// TestEachFault: the first row whose index is none is named.
func TestEachFault(t *testing.T) {
	m := batchModule()
	eachFunc(m, ir.F32)
	const rows = 3 * ownedElements
	prog, err := Load(m, ir.Sizes{"B": {Actual: rows}}, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	fn, err := prog.Function("each", nil)
	if err != nil {
		t.Fatal(err)
	}
	in := []*array.Array{array.New(ir.F32, rows, 3), array.New(ir.Index, rows), array.New(ir.F32, rows)}
	for _, at := range []int{rows - 1, ownedElements + 5, 7} {
		in[1].I32[at] = 3
		err := fn.Run(in, make([]*array.Array, 3), nil)
		var ft *Fault
		if !errors.As(err, &ft) || ft.Row != int64(at) || ft.Code != CodeIndex {
			t.Errorf("an index at row %d is none: %v", at, err)
		}
	}
}
