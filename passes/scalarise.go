package passes

import "github.com/dfc-lang/dfc/ir"

// scalarise takes small tensors apart in the bodies of loops: a state f64[2]
// becomes two numbers, f64[B,2] two columns f64[B], and what moved its elements
// about is gone. What is left of a body is elementwise and becomes one loop, so
// that a step of an integrator is one program and not one kernel an operation.
// A loop changes as a whole or not at all: where one value is large, or one
// operation has no meaning element by element, tensors are the better form.
//
// Tensors are kept until here, since derivatives of tensors are compact.
func scalarise(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		z := &scalariser{v: v, f: f}
		z.region(f.Body)
		if z.changed {
			v.tidy(f)
		}
	}
	return nil
}

// Limits of scalarise: elements of one tensor, and operations of a body once
// its tensors are apart.
const (
	maxPieces   = 32
	maxScalarOp = 1024
)

type scalariser struct {
	v       *deriver
	f       *ir.Func
	changed bool
}

// region takes the loops in r apart, innermost first.
func (z *scalariser) region(r *ir.Region) {
	ops := r.Ops
	r.Ops = nil
	b, e := at(z.v.m, z.f, r), env{}
	for _, op := range ops {
		for _, s := range op.Regions {
			z.region(s)
		}
		e.rewire(op)
		if a, ok := op.Attrs.(ir.ScanAttrs); ok {
			if body := z.body(op.Regions[0], a); body != nil {
				b.Span, b.Primal = op.Span, ""
				e.bind(op.Results, z.loop(b, op, body))
				z.changed = true
				continue
			}
		}
		r.Ops = append(r.Ops, op)
	}
	r.Results = e.list(r.Results)
}

// piecesOf says how a value falls apart: over its leading dimensions, which are
// symbols, every element of the rest is a value of its own.
func piecesOf(t ir.Type) (lanes []ir.Dim, n int, ok bool) {
	k := 0
	for k < len(t.Dims) {
		if _, is := t.Dims[k].Symbol(); !is {
			break
		}
		k++
	}
	n = 1
	for _, d := range t.Dims[k:] {
		c, known := d.Const()
		if !known || c < 1 || c > maxPieces {
			return nil, 0, false
		}
		n *= int(c)
	}
	return t.Dims[:k], n, n <= maxPieces
}

// apart is the body of a loop after its tensors are apart.
type apart struct {
	region *ir.Region
	counts []int // by parameter and by result: its pieces
	yields []int
}

// body writes r again over pieces; nil where something in it cannot be taken
// apart, or nothing need be.
func (z *scalariser) body(r *ir.Region, a ir.ScanAttrs) *apart {
	w := &pieceWriter{f: z.f, m: z.v.m, out: &ir.Region{}, pieces: map[*ir.Value][]*ir.Value{}}
	w.b = at(z.v.m, z.f, w.out)
	p := &apart{region: w.out}
	some := false
	for _, x := range r.Params {
		lanes, n, ok := piecesOf(x.Type)
		if !ok {
			return nil
		}
		some = some || n > 1
		for range n {
			w.pieces[x] = append(w.pieces[x], addParam(z.f, w.out, x.Type.WithDims(lanes...), x))
		}
		p.counts = append(p.counts, n)
	}
	for _, op := range r.Ops {
		if !w.op(op) || len(w.out.Ops) > maxScalarOp {
			return nil
		}
		for _, x := range op.Results {
			some = some || len(w.pieces[x]) > 1
		}
	}
	if !some {
		return nil
	}
	for _, x := range r.Results {
		p.yields = append(p.yields, len(w.pieces[x]))
		w.out.Results = append(w.out.Results, w.pieces[x]...)
	}
	return p
}

// loop writes the loop op with its new body, and puts its results together.
func (z *scalariser) loop(b *ir.Builder, op *ir.Op, p *apart) []*ir.Value {
	a := op.Attrs.(ir.ScanAttrs)
	was := []int{a.Captures, a.Carries, a.Xs}
	var operands []*ir.Value
	var now [3]int
	i := 0
	for k, n := range was {
		for range n {
			pieces := takeApart(b, op.Operands[i], p.counts[i], k == 2)
			operands = append(operands, pieces...)
			now[k] += len(pieces)
			i++
		}
	}
	na := a
	na.Captures, na.Carries, na.Xs = now[0], now[1], now[2]
	rs := b.OpWith("scan", na, []*ir.Region{p.region}, operands...)
	var out []*ir.Value
	for k, x := range op.Results {
		y := putTogether(b, rs[:p.yields[k]], x.Type)
		rs = rs[p.yields[k]:]
		dress(y, x)
		out = append(out, y)
	}
	return out
}

// takeApart is the n pieces of x, over its first dimension too where stacked.
func takeApart(b *ir.Builder, x *ir.Value, n int, stacked bool) []*ir.Value {
	t := x.Type
	if stacked {
		t = t.Inner()
	}
	lanes, _, _ := piecesOf(t)
	front := x.Type.Dims[:x.Type.Rank()-t.Rank()+len(lanes)]
	if len(front) == x.Type.Rank() {
		return one(x)
	}
	var out []*ir.Value
	for i := range n {
		c := ir.SliceAttrs{}
		rest := n
		for k, d := range x.Type.Dims {
			start, size := ir.N(0), d
			if k >= len(front) {
				many, _ := d.Const()
				rest /= int(many)
				start, size = ir.N(int64(i/rest)%many), ir.N(1)
			}
			c.Starts, c.Sizes, c.Steps = append(c.Starts, start), append(c.Sizes, size), append(c.Steps, 1)
		}
		out = append(out, b.One("reshape", ir.ReshapeAttrs{Dims: front}, b.One("slice", c, x)))
	}
	return out
}

// putTogether is the value of type t that falls apart into pieces.
func putTogether(b *ir.Builder, pieces []*ir.Value, t ir.Type) *ir.Value {
	front := pieces[0].Type.Dims
	if len(front) == t.Rank() {
		return pieces[0]
	}
	wide := append(append([]ir.Dim{}, front...), ir.N(1))
	var parts []*ir.Value
	for _, x := range pieces {
		parts = append(parts, b.One("reshape", ir.ReshapeAttrs{Dims: wide}, x))
	}
	x := b.One("concat", ir.AxisAttrs{Axis: len(front)}, parts...)
	if ir.EqualDims(x.Type.Dims, t.Dims) {
		return x
	}
	return b.One("reshape", ir.ReshapeAttrs{Dims: t.Dims}, x)
}
