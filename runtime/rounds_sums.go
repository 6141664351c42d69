package runtime

import (
	"math"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// Note: sums over rows. Chains take one row after the other, and have so many
// rows that a block of a product has: a call of the code is one block, and blocks
// are added here. A sum along a line has lanes of its own, which go on over all
// rows; the tree over them is here, too.

// roundSum is a sum over the rows. The code leaves it in carries.
type roundSum struct {
	single bool
	chain  bool    // else a sum in lanes
	start  float64 // of a chain
	dst    view
	fr     *frame
	parts  []roundPart
	after  func(w *worker, lo, hi int) // what follows on the whole result, nil for nothing
	n      int                         // elements of the result
	sum    []uint64                    // those of the blocks so far, where there are several
	w      *worker
}

// roundPart is n elements of a sum, step apart from element at on, in the lanes of
// a carry. A sum in lanes has parts of one element, some side by side.
type roundPart struct {
	carry       int
	at, n, step int
	now         jit.Value // while the program is written
}

// sum is the sum of op, with what is written so far.
func (c *roundsCoder) sum(op *ir.Op, chain bool, start float64) *roundSum {
	s := c.sums[op]
	if s == nil {
		s = &roundSum{single: op.Results[0].Type.Kind == ir.F32, chain: chain, start: start, dst: c.b.view(op.Results[0]), fr: c.b.fr, w: c.b.pool.workers[0]}
		s.n = s.dst.len()
		c.sums[op] = s
	}
	return s
}

// part is part i of a sum, which the current vector goes on with.
func (c *roundsCoder) part(s *roundSum, i int, made roundPart, w jit.Width) *roundPart {
	for i >= len(s.parts) {
		made.carry = len(c.carries)
		made.now = c.carry(w)
		if c.out.In(made.carry, jit.Main); s.chain {
			c.out.In(made.carry, jit.Late)
		}
		s.parts = append(s.parts, made)
	}
	return &s.parts[i]
}

// carry declares a carry.
func (c *roundsCoder) carry(w jit.Width) jit.Value {
	v := c.out.Carry(w)
	c.carries = append(c.carries, v)
	return v
}

// sumProducts writes a product that sums over the rows, as chains.
func (c *roundsCoder) sumProducts(op *ir.Op, x [2]labelled, row rune, out string) bool {
	if len(x[0].rest) > 1 || len(x[1].rest) > 1 || len(x[0].rest)+len(x[1].rest) != len(out) ||
		!strings.ContainsRune(x[0].labels, row) || !strings.ContainsRune(x[1].labels, row) || x[0].rest == x[1].rest && out != "" {
		return false
	}
	a, d := 0, 1
	s, ok := c.matrix(x[0].v)
	if t, also := c.matrix(x[1].v); !ok || also && c.width(x[1].v) > c.width(x[0].v) {
		if also {
			a, d, s, ok = 1, 0, t, true
		}
	}
	sum := c.sum(op, true, 0)
	if !ok {
		return c.sumSingles(op, sum, x, out)
	}
	kept := c.mail(x[d].v)
	if kept == nil {
		return false
	}
	c.in(jit.Late)
	defer c.in(jit.Main)
	n, size, i := c.width(x[a].v), bytesOf(op.Results[0].Type.Kind), 0
	along, across := c.stepOf(sum.dst, out, x[a].rest), c.stepOf(sum.dst, out, x[d].rest)
	for j, m := range kept {
		for from := 0; from < n; {
			count := c.piece(n - from)
			p := c.part(sum, i, roundPart{at: j*across + from*along, n: count, step: along}, c.floatWidth(op))
			for r := range c.lanes {
				at := c.vector*c.lanes + r
				f := c.out.LoadAt(m, c.floatWidth(op), at*size)
				y := c.out.Row(s, at, from, count, c.floatWidth(op))
				p.now = c.out.Do(jit.Fma, c.floatWidth(op), y, f, p.now)
			}
			from += count
			i++
		}
	}
	return true
}

// piece is how many elements of a row are loaded together, of n left: those of a
// vector, of which AVX2 has no part but halves.
func (c *roundsCoder) piece(n int) int {
	if c.set == jit.AVX512 || n >= c.lanes {
		return min(n, c.lanes)
	}
	p := 1
	for 2*p <= n {
		p *= 2
	}
	return p
}

// stepOf is the step of a label in a dense result, 0 for none.
func (c *roundsCoder) stepOf(v view, out, label string) int {
	if label == "" {
		return 0
	}
	return v.stride[strings.Index(out, label)]
}

// sumSingles writes chains of single numbers, in all lanes.
func (c *roundsCoder) sumSingles(op *ir.Op, sum *roundSum, x [2]labelled, out string) bool {
	p, q := c.mail(x[0].v), c.mail(x[1].v)
	if p == nil || q == nil || 2*len(p)*len(q)*c.lanes+c.out.Len() > roundNodes {
		return false
	}
	w, size, k := c.floatWidth(op), bytesOf(op.Results[0].Type.Kind), 0
	for i, m := range p {
		for j, n := range q {
			at := i*c.stepOf(sum.dst, out, x[0].rest) + j*c.stepOf(sum.dst, out, x[1].rest)
			t := c.part(sum, k, roundPart{at: at, n: 1, step: 1}, w)
			for r := range c.lanes {
				off := (c.vector*c.lanes + r) * size
				t.now = c.out.Do(jit.Fma, w, c.out.LoadAt(m, w, off), c.out.LoadAt(n, w, off), t.now)
			}
			k++
		}
	}
	return true
}

// mail lets the elements of v be read one by one in the next round; nil where
// they cannot be.
func (c *roundsCoder) mail(v *ir.Value) []int {
	x := c.elements(v)
	if x == nil || !v.Type.IsFloat() {
		return nil
	}
	m := c.mails[v]
	if m == nil {
		m = &roundMail{vector: -1}
		kind, _ := streamOf(v.Type.Kind)
		for range x {
			m.streams = append(m.streams, c.out.Stream(kind, jit.Still))
		}
		c.mails[v] = m
	}
	if m.vector < c.vector {
		m.vector = c.vector
		for i, y := range x {
			c.out.Keep(m.streams[i], y.value[index(y.width)])
		}
	}
	return m.streams
}

// roundMail is the streams of the elements of a value, and the vector last kept.
type roundMail struct {
	streams []int
	vector  int
}

// reduceSum writes sums of the elements of a row, or over the rows.
func (c *roundsCoder) reduceSum(op *ir.Op) bool {
	v, axes := op.Operands[0], op.Attrs.(ir.AxesAttrs).Axes
	x := c.elements(v)
	if x == nil || !v.Type.IsFloat() {
		return false
	}
	axis, n, last := c.rowAxis(v), c.width(v), len(v.Type.Dims)-1
	switch {
	case !c.b.view(v).dense():
		return false
	case len(axes) == 1 && axes[0] == axis:
		return (axis == last || last == 1) && c.sumRows(op, x, axis < last)
	}
	switch {
	case axis != 0 || len(axes) != last:
		return false
	case n == 1:
		c.values[op.Results[0]] = x
		return true
	}
	c.values[op.Results[0]] = []lanes{c.line(x, op)}
	return true
}

// line is the sum of a line as SumBlock has it.
func (c *roundsCoder) line(x []lanes, op *ir.Op) lanes {
	w := c.floatWidth(op)
	var l [16]jit.Value
	n := c.virtual(w)
	for i, y := range x {
		from := l[i%n]
		if i < n {
			from = c.out.Const(w, 0)
		}
		l[i%n] = c.out.Do(jit.Add, w, from, y.value[index(w)])
	}
	live := min(n, len(x))
	for h := n / 2; h > 0; h /= 2 {
		for i := h; i < min(2*h, live); i++ {
			l[i-h] = c.out.Do(jit.Add, w, l[i-h], l[i])
		}
		live = min(live, h)
	}
	return number(l[0], w)
}

// virtual is the lanes of a sum along a line.
func (c *roundsCoder) virtual(w jit.Width) int { return 64 / int(w) }

// sumRows writes sums over the rows: down columns, which lie side by side, or
// along lines.
func (c *roundsCoder) sumRows(op *ir.Op, x []lanes, columns bool) bool {
	w, cols := c.floatWidth(op), len(x)
	if columns && cols > 1 && (cols >= 4 || c.r.rows <= 16*cols) {
		kept := c.mail(op.Operands[0])
		if kept == nil {
			return false
		}
		sum := c.sum(op, true, math.Copysign(0, -1)) // which changes nothing
		for i, m := range kept {
			p := c.part(sum, i, roundPart{at: i, n: 1, step: 1}, w)
			for r := range c.lanes {
				p.now = c.out.Do(jit.Add, w, p.now, c.out.LoadAt(m, w, (c.vector*c.lanes+r)*int(w)))
			}
		}
		return true
	}
	sum, each := c.sum(op, false, 0), c.virtual(w)/c.lanes
	for i, y := range x {
		for k := range each { // side by side
			c.part(sum, i*each+k, roundPart{at: i, n: 1, step: 1}, w)
		}
		p := &sum.parts[i*each+c.vector%each]
		p.now = c.out.Do(jit.Add, w, p.now, y.value[index(w)])
	}
	return true
}

// ends says what the carries are in the next round.
func (c *roundsCoder) ends() {
	for _, s := range c.sums {
		for i := range s.parts {
			c.out.Next(s.parts[i].carry, s.parts[i].now)
		}
	}
}
