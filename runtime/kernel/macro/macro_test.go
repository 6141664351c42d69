package macro

import (
	"math"
	"testing"
)

// TestPrograms checks the shape of every program: operands come first, every
// operation is read, and equal ones stand once.
func TestPrograms(t *testing.T) {
	for _, row := range Rows() {
		for _, l := range []Lane{F32, F64} {
			c, _ := For(row, l, 3)
			if c == nil {
				continue
			}
			seen, read := map[Op]bool{}, make([]bool, len(c.Ops))
			read[c.Result] = true
			if c.Outside >= 0 {
				read[c.Outside] = true
			}
			for i, o := range c.Ops {
				if (o.Do == Arg) != (i < c.Args) || seen[o] {
					t.Errorf("%v %s: operation %d, %v", l, row, i, o)
				}
				seen[o] = true
				for _, x := range o.Operands() {
					read[x] = true
					if x >= i {
						t.Errorf("%v %s: operation %d reads %d", l, row, i, x)
					}
				}
			}
			for i, r := range read {
				if !r && i >= c.Args {
					t.Errorf("%v %s: nothing reads operation %d", l, row, i)
				}
			}
		}
	}
}

// TestOperandOrder pins what differs from the usual meaning of the names.
func TestOperandOrder(t *testing.T) {
	nan, zero, minus := float32(math.NaN()), float32(0), float32(math.Copysign(0, -1))
	run := func(f func(b *builder, x []v) v, x ...float32) float32 {
		return build(F32, len(x), f).Eval32(x...)
	}
	min := func(b *builder, x []v) v { return b.min(x[0], x[1]) }
	max := func(b *builder, x []v) v { return b.max(x[0], x[1]) }
	if run(min, nan, 1) != 1 || run(max, nan, 1) != 1 || !math.IsNaN(float64(run(min, 1, nan))) || !math.IsNaN(float64(run(max, 1, nan))) {
		t.Error("min and max give their second operand where one is NaN")
	}
	if !math.Signbit(float64(run(max, zero, minus))) || math.Signbit(float64(run(max, minus, zero))) {
		t.Error("max of zeros gives its second operand")
	}
	if run(choice, minus, 1, 2) != 1 || run(choice, zero, 1, 2) != 2 {
		t.Error("blend goes by the sign bit")
	}
	if got := run(func(b *builder, x []v) v { return b.fnma(x[0], x[1], x[2]) }, 2, 3, 10); got != 4 {
		t.Errorf("10 - 2·3 = %v", got)
	}
	if got := run(func(b *builder, x []v) v { return b.andn(x[0], x[1]) }, minus, -3); got != 3 {
		t.Errorf("-3 without its sign is %v", got)
	}
}
