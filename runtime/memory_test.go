package runtime

import (
	"testing"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// TestMemory: what is given is aligned, zero and writable to its end, whether
// it comes from the heap or the system, and may be freed twice.
func TestMemory(t *testing.T) {
	for _, n := range []int64{1, 64, 4096, hugePage - 1, hugePage, 3*hugePage + 12345} {
		m, ok := newMemory(n)
		if !ok {
			t.Fatalf("no %d bytes", n)
		}
		if uintptr(m.base)%align != 0 || n >= hugePage && m.mapped != nil && uintptr(m.base)%hugePage != 0 {
			t.Errorf("%d bytes begin at %p", n, m.base)
		}
		for i, x := range unsafe.Slice((*byte)(m.base), n) {
			if x != 0 {
				t.Fatalf("byte %d of %d is %d", i, n, x)
			}
		}
		for i := range unsafe.Slice((*byte)(m.base), n+align) {
			*(*byte)(unsafe.Add(m.base, i)) = 1
		}
		m.free()
		m.free()
	}
	if _, ok := newMemory(1 << 62); ok {
		t.Error("four exabytes were had")
	}
}

// TestClosed: a function of a closed program says so, and what it computed
// before stays, since results are no part of its memory.
func TestClosed(t *testing.T) {
	m := batchModule()
	f := mlp(m, ir.F32, 64, 256, 2)
	prog, err := Load(m, ir.Sizes{"B": {Actual: 3000}}, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	fn, err := prog.Function("step", nil)
	if err != nil {
		t.Fatal(err)
	}
	if fn.Plan().Peak < hugePage {
		t.Fatalf("the arena of the test is only %d bytes", fn.Plan().Peak)
	}
	in, out := randomArgs(f, 3000, 1), make([]*array.Array, 5)
	if err := fn.Run(in, out, nil); err != nil {
		t.Fatal(err)
	}
	prog.Close()
	prog.Close()
	sum := float32(0)
	for _, a := range out {
		for _, x := range a.F32 {
			sum += x
		}
	}
	if sum != sum {
		t.Error("a result is not a number")
	}
	if err := fn.Run(in, out, nil); err == nil {
		t.Error("a function of a closed program runs")
	}
}
