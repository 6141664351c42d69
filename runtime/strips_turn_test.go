package runtime

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// TestInOrder: tasks that wait for the ones before them at several places meet there
// in order, whoever has claimed them.
func TestInOrder(t *testing.T) {
	const tasks, places, runs = 7, 3, 500
	for _, workers := range []int{2, 4} {
		p := newPool(workers)
		turns := make([]turn, tasks)
		var mu sync.Mutex
		met := make([][]int, places)
		round := int64(0)
		j := &job{n: tasks, inOrder: true}
		j.do = func(_ *worker, task int) {
			for k := range places {
				at := round + int64(k) + 1
				if task > 0 {
					turns[task-1].await(at)
				}
				mu.Lock()
				met[k] = append(met[k], task)
				mu.Unlock()
				turns[task].at.Store(at)
			}
		}
		back := &job{n: 2 * tasks, do: func(*worker, int) {}} // helpers claim from the other end
		for range runs {
			p.together(back)
			p.together(j)
			round += places
			for k := range met {
				if !slices.IsSorted(met[k]) || len(met[k]) != tasks {
					t.Fatalf("%d workers: place %d was met in the order %v", workers, k, met[k])
				}
				met[k] = met[k][:0]
			}
		}
		p.close()
	}
}

// TestStripsInTurn: strips that are shared have the bits of one worker, at every run
// and also where rows end within a strip or a unit.
func TestStripsInTurn(t *testing.T) {
	for _, rows := range []int64{64, 250, 256, 400} {
		m, f := stripsFunc(t, 32)
		want := runOnce(t, m, f, rows)
		for _, workers := range []int{2, 3} {
			p, err := Load(m, ir.Sizes{"B": {Actual: rows, Capacity: rows}}, Options{Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			fn, err := p.Function("f", nil)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]*array.Array, len(f.Results()))
			for range 200 {
				if err := fn.Run(randomArgs(f, rows, 3), out, nil); err != nil {
					t.Fatal(err)
				}
				for k := range out {
					sameBits(t, f, out[k], want[k])
				}
			}
			p.Close()
		}
	}
}

// TestStripsFaultInTurn: where a strip is at fault those behind it do not wait for
// its sums, and of several faults the first strip's is told.
func TestStripsFaultInTurn(t *testing.T) {
	m, err := ir.Parse("strips.ir", []byte(`module "strips" numerics 1
dim B batch

func @f(%x: f64[B,8], %i: index<8>[B]) -> f64[8], f64[B] {
  %sum, %y = strips %x, %i {count B, rows r, size 16} (%x: f64[r,8], %i: index<8>[r]) {
    %y = gather %x, %i {axis 1, batch_dims 1} : f64[r]
    %each = broadcast %y {dims [r, 8], axes [0]} : f64[r,8]
    %z = add %x, %each : f64[r,8]
    %sum = reduce_sum %z {axes [0]} : f64[8]
    yield %sum, %y
  } : f64[8], f64[B]
  return %sum, %y
}
`))
	if err != nil {
		t.Fatal(err)
	}
	const rows = 256
	for _, workers := range []int{1, 2, 4} {
		p, err := Load(m, ir.Sizes{"B": {Actual: rows, Capacity: rows}}, Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		fn, err := p.Function("f", nil)
		if err != nil {
			t.Fatal(err)
		}
		x, i := array.New(ir.F64, rows, 8), array.New(ir.Index, rows)
		out := make([]*array.Array, 2)
		for run := range 50 {
			clear(i.I32)
			if run%2 == 1 {
				i.I32[40], i.I32[41], i.I32[200] = 9, 10, 11
			}
			err := fn.Run([]*array.Array{x, i}, out, nil)
			var f *Fault
			if bad := run%2 == 1; bad != errors.As(err, &f) || bad && f.Message != wantFault(9) {
				t.Fatalf("%d workers, run %d: %v", workers, run, err)
			}
		}
		p.Close()
	}
}

func wantFault(index int) string { return fmt.Sprintf("index %d is outside 0..8", index) }
