package ir

import (
	"fmt"
	"math"
	"testing"
)

func TestTangents(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		if !c.hasTangent() {
			return
		}
		for _, on := range c.subsets() {
			f, dirs := c.tangentFunc(on), c.directions(on)
			if err := VerifyFunc(&Module{}, f, StageRaw); err != nil {
				t.Errorf("tangent of %v is not linear: %v", on, err)
			}
			got := run(t, f, append(append([]*Tensor{}, c.args...), dirs...)...)
			want := ridders(func(h float64) []float64 { return floats(run(t, c.f, along(c.args, on, dirs, h)...)) })
			near(t, fmt.Sprint("tangent of ", on), floats(got), want, 1e-9)
		}
	})
}

// TestSecondTangents differentiates the tangent function by the rules again,
// and by numbers.
func TestSecondTangents(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		if !c.hasTangent() || len(c.subsets()) == 0 {
			return
		}
		on := c.subsets()[len(c.subsets())-1]
		f, dirs := c.tangentFunc(on), c.directions(on)
		again, ok := jvp(f, on)
		if !ok { // loops are differentiated in passes
			return
		}
		args := append(append([]*Tensor{}, c.args...), dirs...)
		second := c.directions(on)
		got := run(t, again, append(append([]*Tensor{}, args...), second...)...)
		want := ridders(func(h float64) []float64 { return floats(run(t, f, along(args, on, second, h)...)) })
		near(t, "tangent of tangent", floats(got), want, 1e-8)
	})
}

// jvp is the forward derivative of a function without regions, with respect
// to the parameters in on; tangents come behind the parameters.
func jvp(f *Func, on []bool) (*Func, bool) {
	g := NewFunc(f.Name)
	at, tan := map[*Value]*Value{}, map[*Value]*Value{}
	for _, p := range f.Params() {
		at[p] = g.AddParam(p.Name, p.Type, Input{})
	}
	for i, o := range on {
		if o {
			p := f.Params()[i]
			tan[p] = g.AddParam("d"+p.Name, p.Type, Input{})
		}
	}
	b := NewBuilder(nil, g)
	for _, op := range f.Body.Ops {
		if op.Row.Has(Control) {
			return nil, false
		}
		var in []*Value
		t, some := make([]*Value, len(op.Operands)), false
		for i, v := range op.Operands {
			in = append(in, at[v])
			t[i] = tan[v]
			some = some || t[i] != nil
		}
		out := b.Op(op.Row.Name, op.Attrs, in...)
		for i, r := range op.Results {
			at[r] = out[i]
		}
		if !some || op.Flat() {
			continue
		}
		for i, ti := range op.Row.Tangent(b, out[0].Def, t) {
			tan[op.Results[i]] = ti
		}
	}
	var rs []*Value
	for _, r := range f.Results() {
		if tan[r] == nil {
			tan[r] = b.Zeros(r.Type)
		}
		rs = append(rs, tan[r])
	}
	return b.Return(rs...), true
}

// TestTransposes: <ct, T t> = <T' ct, t> for every choice of operands that a
// row is linear in together.
func TestTransposes(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		if c.row.Linear == nil || !c.op.Results[0].Type.IsFloat() {
			return
		}
		for _, on := range c.subsets() {
			if !c.linearIn(on) {
				continue
			}
			dirs := c.directions(on)
			args := append([]*Tensor{}, c.args...)
			y := run(t, c.tangentFunc(on), append(args, dirs...)...)
			ct := drawTensor(c.rng, y[0].Type, -1, 1)
			back := run(t, c.transposeFunc(on), append(args, ct)...)
			left, scale1 := dot([]*Tensor{ct}, y)
			right, scale2 := dot(back, dirs)
			if d := math.Abs(left - right); !(d <= 1e-12*(scale1+scale2)) {
				t.Errorf("transpose of %v: %.17g, by the tangent %.17g", on, right, left)
			}
		}
	})
}

func (c *sampleCase) linearIn(on []bool) bool {
	n := 0
	for i, l := range c.row.Linear(c.op) {
		if on[i] {
			if n++; !l {
				return false
			}
		}
	}
	return n == 1 || !c.row.Has(Bilinear)
}

// transposeFunc is a function of the operands and a cotangent; results are
// the cotangents of the operands in on.
func (c *sampleCase) transposeFunc(on []bool) *Func {
	_, f, op := build(c.row, c.s)
	ct := f.AddParam("ct", op.Results[0].Type, Input{})
	f.Body.Ops = nil // a rule must not read the values of results or linear operands
	b := NewBuilder(nil, f)
	acc := &sums{b: b, at: map[int]*Value{}, op: op}
	lone := &Op{Row: op.Row, Attrs: op.Attrs, Results: op.Results}
	for i, v := range op.Operands {
		if on[i] {
			v = &Value{Type: v.Type}
		}
		lone.Operands = append(lone.Operands, v)
	}
	op.Row.Transpose(b, lone, on, []*Value{ct}, acc)
	var out []*Value
	for i, o := range on {
		if o {
			out = append(out, acc.at[i])
		}
	}
	return b.Return(out...)
}

// sums is the plainest Accumulator.
type sums struct {
	b  *Builder
	op *Op
	at map[int]*Value
}

func (s *sums) Add(i int, v *Value) { s.at[i] = addTangents(s.b, s.at[i], v) }

func (s *sums) Into(i int, f func(*Value) *Value) {
	if s.at[i] == nil {
		s.at[i] = s.b.Zeros(s.op.typeOf(i))
	}
	s.at[i] = f(s.at[i])
}

func dot(xs, ys []*Tensor) (sum, scale float64) {
	x, y := floats(xs), floats(ys)
	for i := range x {
		sum += x[i] * y[i]
		scale += math.Abs(x[i] * y[i])
	}
	return sum, scale
}
