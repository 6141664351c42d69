package passes

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// pieceWriter writes operations over the pieces of their operands.
type pieceWriter struct {
	f      *ir.Func
	m      *ir.Module
	out    *ir.Region
	b      *ir.Builder
	pieces map[*ir.Value][]*ir.Value
}

// op writes one operation; false where it has no form over pieces.
func (w *pieceWriter) op(op *ir.Op) bool {
	if len(op.Regions) > 0 || len(op.Results) != 1 || op.Row.Has(ir.Effect) {
		return false
	}
	lanes, n, ok := piecesOf(op.Results[0].Type)
	if !ok {
		return false
	}
	w.b.Span, w.b.Primal = op.Span, op.Results[0].Primal
	var out []*ir.Value
	switch a := op.Attrs.(type) {
	case ir.ConstAttrs:
		out = w.constant(a, lanes, n)
	case ir.EinsumAttrs:
		out = w.einsum(op, a, n)
	case ir.AxesAttrs:
		out = w.reduce(op, a, n)
	case ir.SliceAddAttrs:
		out = w.sliceAdd(op, lanes)
	default:
		switch {
		case op.Row.Has(ir.Elementwise):
			out = w.elementwise(op, n)
		case op.Row.Has(ir.Structural):
			out = w.moved(op, op.Operands, lanes)
		case op.Row.Name == "size":
			out = w.b.Op("size", op.Attrs)
		}
	}
	if out == nil {
		return false
	}
	for _, x := range out {
		if x.Name == "" && x.Def != nil {
			x.Name = op.Results[0].Name
		}
	}
	w.pieces[op.Results[0]] = out
	return true
}

func (w *pieceWriter) constant(a ir.ConstAttrs, lanes []ir.Dim, n int) []*ir.Value {
	piece := func(i int) *ir.Value {
		c := ir.ConstAttrs{T: a.T.WithDims(lanes...)}
		if len(a.F) > 0 {
			c.F = a.F[i : i+1]
		} else {
			c.I = a.I[i : i+1]
		}
		return w.b.One("const", c)
	}
	switch len(a.F) + len(a.I) {
	case 1:
		return repeated(piece(0), n)
	case n:
		var out []*ir.Value
		for i := range n {
			out = append(out, piece(i))
		}
		return out
	}
	return nil
}

func repeated(x *ir.Value, n int) []*ir.Value {
	out := make([]*ir.Value, n)
	for i := range out {
		out[i] = x
	}
	return out
}

func (w *pieceWriter) elementwise(op *ir.Op, n int) []*ir.Value {
	var out []*ir.Value
	for i := range n {
		in := make([]*ir.Value, len(op.Operands))
		for k, x := range op.Operands {
			in[k] = w.pieces[x][i]
		}
		out = append(out, w.b.One(op.Row.Name, op.Attrs, in...))
	}
	return out
}

// laneSize stands for every dimension of the lanes where the interpreter is
// asked where elements go: two, so that what moves lanes about is seen.
const laneSize = 2

// origin is where an element comes from: piece of operand, operand -1 for zero.
type origin struct{ operand, piece int }

// origins asks the interpreter where the elements of the result of op come
// from when the given operands hold numbers of their own and all others zeros;
// nil where lanes mix.
func (w *pieceWriter) origins(op *ir.Op, from []*ir.Value, lanes []ir.Dim) []origin {
	sizes := map[string]int64{}
	var in []*ir.Tensor
	var first []int // by operand: the number of its first element
	next := 1
	for _, x := range op.Operands {
		for _, d := range x.Type.Dims {
			noteSizes(d, sizes)
		}
		t := ir.NewTensor(x.Type, shapeAt(x.Type.Dims, sizes)...)
		first = append(first, next)
		if slices.Contains(from, x) {
			for i := range t.Len() {
				if t.F != nil {
					t.F[i] = float64(next + i)
				} else {
					t.I[i] = int64(next + i)
				}
			}
		}
		next += t.Len()
		in = append(in, t)
	}
	for _, d := range op.Results[0].Type.Dims {
		noteSizes(d, sizes)
	}
	rs, err := ir.NewEvaluator(w.m, sizes).Apply(op, in)
	if err != nil {
		return nil
	}
	many := 1
	for range lanes {
		many *= laneSize
	}
	n := rs[0].Len() / many
	out := make([]origin, n)
	for i := range rs[0].Len() {
		o, lane := w.origin(op, rs[0], i, first)
		if lane >= 0 && lane != i/n || i >= n && out[i%n] != o {
			return nil
		}
		out[i%n] = o
	}
	return out
}

// origin is where element i of a result comes from, and from which lane, -1
// where the operand has none.
func (w *pieceWriter) origin(op *ir.Op, r *ir.Tensor, i int, first []int) (o origin, lane int) {
	id := 0
	if r.F != nil {
		id = int(r.F[i])
	} else {
		id = int(r.I[i])
	}
	if id == 0 {
		return origin{-1, 0}, -1
	}
	k := len(first) - 1
	for first[k] > id {
		k--
	}
	x, n := op.Operands[k], len(w.pieces[op.Operands[k]])
	lane = (id - first[k]) / n
	if l, _, _ := piecesOf(x.Type); len(l) == 0 {
		lane = -1
	}
	return origin{k, (id - first[k]) % n}, lane
}

func noteSizes(d ir.Dim, sizes map[string]int64) {
	names := map[string]bool{}
	d.Symbols(names)
	for n := range names {
		sizes[n] = laneSize
	}
}

func shapeAt(dims []ir.Dim, sizes map[string]int64) []int {
	var out []int
	for _, d := range dims {
		n, _ := d.Eval(func(s string) (int64, bool) { return sizes[s], true })
		out = append(out, int(n))
	}
	return out
}

// moved is the pieces of an operation that moves elements, from those of some
// of its operands.
func (w *pieceWriter) moved(op *ir.Op, from []*ir.Value, lanes []ir.Dim) []*ir.Value {
	var out []*ir.Value
	for _, o := range w.origins(op, from, lanes) {
		if o.operand < 0 {
			out = append(out, constLike(w.b, op.Results[0].Type.WithDims(lanes...), 0))
			continue
		}
		x := w.pieces[op.Operands[o.operand]][o.piece]
		switch {
		case len(x.Type.Dims) == 0:
			x = w.b.Broadcast(x, lanes)
		case !ir.EqualDims(x.Type.Dims, lanes):
			return nil
		}
		out = append(out, x)
	}
	return out
}

// sliceAdd adds the pieces that go into the box; where nothing was, they are
// what is there.
func (w *pieceWriter) sliceAdd(op *ir.Op, lanes []ir.Dim) []*ir.Value {
	if !op.Results[0].Type.IsFloat() || op.Operands[0] == op.Operands[1] {
		return nil
	}
	into := w.origins(op, op.Operands[1:], lanes)
	var out []*ir.Value
	for i, o := range into {
		x := w.pieces[op.Operands[0]][i]
		if o.operand == 1 {
			y := w.pieces[op.Operands[1]][o.piece]
			if !ir.EqualDims(y.Type.Dims, x.Type.Dims) {
				return nil
			}
			if isSplat(x, 0) {
				x = y
			} else {
				x = w.b.Add(x, y)
			}
		}
		out = append(out, x)
	}
	return out
}

// counter goes through all indices below some sizes, the last the fastest.
func counter(sizes []int, f func(at []int)) {
	at := make([]int, len(sizes))
	for {
		f(at)
		k := len(at) - 1
		for ; k >= 0; k-- {
			if at[k]++; at[k] < sizes[k] {
				break
			}
			at[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// reduce folds pieces from the first to the last.
func (w *pieceWriter) reduce(op *ir.Op, a ir.AxesAttrs, n int) []*ir.Value {
	with := map[string]string{"reduce_sum": "add", "reduce_max": "max", "reduce_prod": "mul"}[op.Row.Name]
	x := op.Operands[0]
	lanes, _, _ := piecesOf(x.Type)
	if with == "" || !x.Type.IsFloat() || a.Axes[0] < len(lanes) {
		return nil
	}
	shape := shapeAt(x.Type.Dims[len(lanes):], nil)
	out := make([]*ir.Value, n)
	i := 0
	counter(shape, func(at []int) {
		to := 0
		for k, p := range at {
			if !slices.Contains(a.Axes, k+len(lanes)) {
				to = to*shape[k] + p
			}
		}
		if y := w.pieces[x][i]; out[to] == nil {
			out[to] = y
		} else {
			out[to] = w.b.One(with, nil, out[to], y)
		}
		i++
	})
	return out
}

// maxProducts bounds the products of a contraction that is taken apart: more
// are better left to the kernel for products of matrices.
const maxProducts = 64

// einsum writes each element as a chain of products added up, the labels that
// go in the order in which they first stand.
func (w *pieceWriter) einsum(op *ir.Op, a ir.EinsumAttrs, n int) []*ir.Value {
	in, out, err := ir.EinsumLabels(a.Spec)
	if err != nil {
		return nil
	}
	lanes, _, _ := piecesOf(op.Results[0].Type)
	size := map[rune]int{} // of labels that are not lanes
	order := out[len(lanes):]
	for k, labels := range in {
		x := op.Operands[k].Type
		l, _, _ := piecesOf(x)
		if len(l) > 0 && (len(l) != len(lanes) || labels[:len(l)] != out[:len(l)]) {
			return nil
		}
		for i, d := range shapeAt(x.Dims[len(l):], nil) {
			c := rune(labels[len(l)+i])
			if size[c] = d; !strings.ContainsRune(order, c) {
				order += string(c)
			}
		}
	}
	var sizes []int
	products := 1
	for _, c := range order {
		sizes = append(sizes, size[c])
		products *= size[c]
	}
	if products == 0 || products > maxProducts {
		return nil
	}
	sums := make([]*ir.Value, n)
	i := 0
	counter(sizes, func(at []int) {
		var factors []*ir.Value
		for k, labels := range in {
			p := 0
			for _, c := range labels {
				if q := strings.IndexRune(order, c); q >= 0 {
					p = p*sizes[q] + at[q]
				}
			}
			x := w.pieces[op.Operands[k]][p]
			if x.Type.Rank() == 0 {
				x = w.b.Broadcast(x, lanes)
			}
			factors = append(factors, x)
		}
		to := i / (products / n)
		sums[to] = w.addProduct(sums[to], factors)
		i++
	})
	return sums
}

// addProduct is sum + the product of the factors, the sum nil for none.
func (w *pieceWriter) addProduct(sum *ir.Value, factors []*ir.Value) *ir.Value {
	x := factors[0]
	if len(factors) == 2 {
		x = w.b.Mul(x, factors[1])
	}
	if sum == nil {
		return x
	}
	return w.b.Add(sum, x)
}
