package runtime

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// stripsFunc is a layer, its squares and what their gradient with respect to the
// weights sums, in strips of so many rows.
func stripsFunc(t *testing.T, size int) (*ir.Module, *ir.Func) {
	t.Helper()
	m, err := ir.Parse("strips.ir", []byte(`module "strips" numerics 1
dim B batch

func @f(%x: f64[B,9], %w: f64[8,9] weight "w", %b: f64[8]) -> f64[B], f64[8,9], f64[8], f64[B,8] {
  %most, %dw, %db, %y = strips %x, %w, %b {count B, rows r, size `+fmt.Sprint(size)+`} (%x: f64[r,9], %w: f64[8,9], %b: f64[8]) {
    %z = einsum %x, %w {spec "bi,oi->bo"} : f64[r,8]
    %y = fused %z, %b (%z: f64[r,8], %b: f64[8]) {
      %each = broadcast %b {dims [r, 8], axes [1]} : f64[r,8]
      %s = add %z, %each : f64[r,8]
      %y = tanh %s : f64[r,8]
      yield %y
    } : f64[r,8]
    %dw = einsum %y, %x {spec "bo,bi->oi"} : f64[8,9]
    %q = mul %y, %y : f64[r,8]
    %most = reduce_sum %q {axes [1]} : f64[r]
    %db = reduce_sum %y {axes [0]} : f64[8]
    %turned = reverse %y {axis 1} : f64[r,8]
    yield %most, %dw, %db, %turned
  } : f64[B], f64[8,9], f64[8], f64[B,8]
  return %most, %dw, %db, %y
}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m, ir.StageFlat); err != nil {
		t.Fatal(err)
	}
	return m, m.Func("f")
}

// TestStrips compares with the interpreter for sizes that end in any way, also
// none, and for long sums, which are added in parts.
func TestStrips(t *testing.T) {
	for _, size := range []int{1, 7, 64, 256, 10000} {
		m, f := stripsFunc(t, size)
		for _, rows := range [][2]int64{{1, 1}, {600, 0}, {600, 1}, {600, 255}, {600, 600}, {3000, 2900}} {
			compare(t, m, f, ir.Sample{}, rows[0], rows[1], rows[1])
		}
	}
}

// TestStripsCut: how rows are cut into strips leaves the bits alone.
func TestStripsCut(t *testing.T) {
	var first []*array.Array
	for _, size := range []int{1, 5, 64, 100, 5000} {
		m, f := stripsFunc(t, size)
		out := runOnce(t, m, f, 2900)
		if first == nil {
			first = out
		}
		for k := range out {
			sameBits(t, f, out[k], first[k])
		}
	}
}

// TestStripsProfile: what helpers do counts for the kernels that they help, and
// the report says how rows are cut.
func TestStripsProfile(t *testing.T) {
	m, f := stripsFunc(t, 64)
	var flops []int64
	for _, workers := range []int{1, 3} {
		p := NewProfile()
		prog, err := Load(m, ir.Sizes{"B": {Actual: 2000, Capacity: 2000}}, Options{Workers: workers, Profile: p})
		if err != nil {
			t.Fatal(err)
		}
		fn, err := prog.Function(f.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		text := fn.Plan().Text(Reference)
		for _, part := range []string{"32 strips of 64 rows, ", "GEMM 8×9×64, going on", "×32 w", "columns, going on"} {
			if !strings.Contains(text, part) {
				t.Errorf("%d workers: the plan does not say %q:\n%s", workers, part, text)
			}
		}
		out := make([]*array.Array, len(f.Results()))
		for range 3 {
			if err := fn.Run(randomArgs(f, 2000, 1), out, nil); err != nil {
				t.Fatal(err)
			}
		}
		prog.Close()
		all := int64(0)
		for _, k := range p.Kernels() {
			all += k.AllFlops
		}
		flops = append(flops, all)
	}
	if flops[0] == 0 || flops[0] != flops[1] {
		t.Errorf("flops are %v", flops)
	}
}

// TestStripsBlame: an operation inside is to blame as if it stood outside, and what
// a select leaves out is not.
func TestStripsBlame(t *testing.T) {
	m, err := ir.Parse("strips.ir", []byte(`module "strips" numerics 1
dim B batch

func @f(%x: f64[B,2], %w: f64[2]) -> f64[2] {
  %y = neg %x : f64[B,2]
  %sum = strips %y, %w {count B, rows r, size 2} (%y: f64[r,2], %w: f64[2]) {
    %zero = const {t f64[r,2], f [0]} : f64[r,2]
    %far = log %zero : f64[r,2]
    %near = cmp %zero, %zero {pred "eq"} : bool[r,2]
    %one = select %near, %y, %far : f64[r,2]
    %each = fused %one, %w (%one: f64[r,2], %w: f64[2]) {
      %each = broadcast %w {dims [r, 2], axes [1]} : f64[r,2]
      %shifted = add %one, %each : f64[r,2]
      %root = sqrt %shifted : f64[r,2]
      yield %root
    } : f64[r,2]
    %sum = reduce_sum %each {axes [0]} : f64[2]
    yield %sum
  } : f64[2]
  return %sum
}
`))
	if err != nil {
		t.Fatal(err)
	}
	prog, err := Load(m, ir.Sizes{"B": {Actual: 5, Capacity: 5}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	fn, err := prog.Function("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	x, w := array.New(ir.F64, 5, 2), array.New(ir.F64, 2)
	copy(w.F64, []float64{1, 1})
	x.F64[7] = 3 // the root of 1 - 3, in row 3
	b, err := fn.Blame([]*array.Array{x, w}, nil)
	if err != nil || b == nil || b.Op != "sqrt" || b.Row != 3 || len(b.Operands) != 1 || b.Operands[0] != -2 {
		t.Errorf("to blame is %+v, %v", b, err)
	}
}
