package array

import (
	"testing"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
)

// TestNew: all elements are there, zero, and begin at a cache line where there
// are several, at a large page where there are many.
func TestNew(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 1000, 1 << 21, 1<<21 + 3} {
		for _, k := range []ir.Kind{ir.F32, ir.F64, ir.U8, ir.I16} {
			a := New(k, n)
			size, at := map[ir.Kind]int{ir.F32: 4, ir.F64: 8, ir.U8: 1, ir.I16: 2}[k], uintptr(0)
			switch k {
			case ir.F32:
				at = uintptr(unsafe.Pointer(unsafe.SliceData(a.F32)))
			case ir.F64:
				at = uintptr(unsafe.Pointer(unsafe.SliceData(a.F64)))
			case ir.U8:
				at = uintptr(unsafe.Pointer(unsafe.SliceData(a.U8)))
			case ir.I16:
				at = uintptr(unsafe.Pointer(unsafe.SliceData(a.I16)))
			}
			if n*size >= 4*line && at%line != 0 || n*size >= worthHuge && at%hugePage != 0 {
				t.Errorf("%d of %s begin at %#x", n, k, at)
			}
			if got := len(a.F32) + len(a.F64) + len(a.U8) + len(a.I16); got != n {
				t.Errorf("%d elements of %s, not %d", got, k, n)
			}
			for i := range n {
				if a.Float(i) != 0 {
					t.Fatalf("element %d of %d of %s is not zero", i, n, k)
				}
			}
		}
	}
}
