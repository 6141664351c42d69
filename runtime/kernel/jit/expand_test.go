package jit

import (
	"math"
	"math/rand"
	"testing"
	"unsafe"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// TestMacros compares the code of every macro with its evaluator, on numbers
// of all sizes.
func TestMacros(t *testing.T) {
	needCode(t)
	r := rand.New(rand.NewSource(3))
	for _, row := range macro.Rows() {
		for _, lane := range []macro.Lane{macro.F32, macro.F64} {
			c, ok := macro.For(row, lane, 3)
			if !ok {
				continue
			}
			t.Run(row+lane.String(), func(t *testing.T) { checkMacro(t, c, row == "select", r) })
		}
	}
	for _, pred := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
		for _, lane := range []macro.Lane{macro.F32, macro.F64} {
			c, _ := macro.Compare(pred, lane)
			t.Run(pred+lane.String(), func(t *testing.T) { checkMacro(t, c, false, r) })
		}
	}
}

func checkMacro(t *testing.T, c *macro.Code, masked bool, r *rand.Rand) {
	for _, s := range sets() {
		checkMacroOn(t, s, c, masked, r)
	}
}

func checkMacroOn(t *testing.T, set Set, c *macro.Code, masked bool, r *rand.Rand) {
	w := Width(c.Lane.Bits() / 8)
	p := New()
	var args []Value
	for i := range c.Args {
		k := kindOf(w)
		if masked && i == 0 {
			k = Bool
		}
		args = append(args, p.Load(p.Stream(k, Direct), w))
	}
	out := p.Stream(kindOf(w), Direct)
	p.Output(out, p.Expand(c, args...), nil)
	m := Memory{Set: set}
	defer m.Close()
	f, err := m.Add(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Seal(); err != nil {
		t.Fatal(err)
	}
	const n = 4003
	a := f.NewArgs()
	var in []*buffer
	for s, st := range p.streams {
		b := newBuffer(st.kind, 1, n)
		for i := range n {
			b.set(i, number(r, w))
		}
		in = append(in, b)
		a.Stream(s, b.start(), 0)
	}
	end := n
	for from := 0; from < n; { // code may leave in front of lanes it is not for
		for s, b := range in {
			a.Stream(s, unsafe.Add(b.start(), from<<b.kind.shift()), 0)
		}
		count := end - from
		row, at := f.Run(a, 1, count)
		if row == 1 {
			break
		}
		from += at
		size := f.Turn(count, at)
		out := in[len(in)-1]
		for i := from; i < min(from+size, n); i++ {
			v, _ := c.Eval(values(in, i, w)...)
			out.set(i, v)
		}
		from += size
		if from >= n {
			break
		}
	}
	for i := range n {
		x := values(in, i, w)
		want, _ := c.Eval(x...)
		if got := in[len(in)-1].get(i); !same(kindOf(w), w, got, want&ones(w, true)) {
			t.Fatalf("%v: element %d of %#x: %#x, want %#x\n%v", set, i, x, got, want, c)
		}
	}
}

func values(in []*buffer, i int, w Width) []uint64 {
	var x []uint64
	for _, b := range in[:len(in)-1] {
		v := b.get(i)
		if b.kind == Bool {
			v = ones(w, v != 0)
		}
		x = append(x, v)
	}
	return x
}

// number is the bits of a float of any size, or something special.
func number(r *rand.Rand, w Width) uint64 {
	x := r.NormFloat64() * math.Pow(2, float64(r.Intn(16)-8))
	switch r.Intn(12) {
	case 0:
		x = []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1, -1, 1e-310, 1e300}[r.Intn(9)]
	case 1:
		x = math.Float64frombits(r.Uint64())
	case 2:
		if w == W4 {
			return uint64(r.Uint32())
		}
	}
	if w == W4 {
		return b32(float32(x))
	}
	return b64(x)
}
