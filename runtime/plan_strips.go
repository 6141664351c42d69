package runtime

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Note: strips. The region of a `strips` operation is a plan of its own, made for
// the rows of one strip, and runs once for each strip from the first operation to
// the last: what lies between them is as large as a strip and stays in the second
// cache. Each worker has the storage of one strip and takes whole strips, without
// waiting for others in between. Rows do not depend on one another, so every
// kernel makes the bits that it makes of all rows at once. Only sums over the rows
// see the cut: their chains begin anew every kernel.K0 rows, in strips or not, so
// one worker does the strips of such a unit in order, where each goes on with the
// chains of the one before, and the units are then added as the kernel for all
// rows adds its blocks.

// unitRows is the rows of a unit where sums run over them.
const unitRows = kernel.K0

// The chains of products and of sums down columns are of one length.
var _ [kernel.K0 - kernel.ChainRows]struct{} = [kernel.ChainRows - kernel.K0]struct{}{}

// stripRows is the strip that the body of an operation runs on.
type stripRows struct {
	dim  ir.Dim // stands for the rows
	name string
	size int64           // rows of a strip, at most
	sums map[*ir.Op]bool // operations that sum over the rows
}

// stripsPlan is how a `strips` operation runs.
type stripsPlan struct {
	count  ir.Dim
	body   *plan
	rows   *stripRows
	sliced []bool // by operand: the rows of the strip, and not the whole
	sums   []bool // by result: over all rows
	arenas int    // slot of the storage of a strip for each worker, -1 for none
	parts  []int  // by result: slot of the sums of units, -1 where there are none
}

// capacity is the size of a symbol that the plan is made for.
func (p *plan) capacity(name string) (int64, bool) {
	if p.strip != nil && name == p.strip.name {
		return p.strip.size, true
	}
	return p.prog.capacity(name)
}

// closes reports whether op sums over the rows of strips.
func (p *plan) closes(op *ir.Op) bool { return p.strip != nil && p.strip.sums[op] }

// planStrips plans the region of op for one strip.
func (p *plan) planStrips(op *ir.Op, o *opInfo) {
	a, region := op.Attrs.(ir.StripsAttrs), op.Regions[0]
	rows := &stripRows{dim: a.Rows, size: max(1, min(a.Size, p.size(a.Count))), sums: map[*ir.Op]bool{}}
	rows.name, _ = a.Rows.Symbol()
	s := &stripsPlan{count: a.Count, rows: rows, arenas: -1}
	lead := func(v *ir.Value) bool { return v.Type.Rank() > 0 && v.Type.Dims[0] == a.Rows }
	for _, v := range region.Params {
		s.sliced = append(s.sliced, lead(v))
	}
	for _, v := range region.Results {
		s.sums, s.parts = append(s.sums, !lead(v)), append(s.parts, -1)
		if !lead(v) {
			rows.sums[v.Def] = true
		}
	}
	if len(rows.sums) > 0 {
		rows.size = cutOf(rows.size)
	}
	fn := &ir.Func{Name: p.fn.Name, Span: op.Span, Body: region, Inputs: p.inputsOf(op.Operands)}
	body := emptyPlan(p.prog, fn, nil, p.calls)
	body.strip = rows
	var err error
	if s.body, err = body.planned(); err != nil && p.err == nil {
		p.err = err
	}
	o.strips = s
}

// cutOf is the greatest size of strips up to n that cuts a unit evenly.
func cutOf(n int64) int64 {
	for n = min(n, unitRows); unitRows%n != 0; n-- {
	}
	return n
}

// inputsOf says what feeds values, where they are parameters of the function.
func (p *plan) inputsOf(vs []*ir.Value) []ir.Input {
	out := make([]ir.Input, len(vs))
	for i, v := range vs {
		if v.Def == nil && p.info[v].region == p.fn.Body && v.Index < len(p.fn.Inputs) {
			out[i] = p.fn.Inputs[v.Index]
		}
	}
	return out
}

// stripsStorage gives each worker the storage of a strip, and sums a place for
// each unit.
func (p *plan) stripsStorage(op *ir.Op, o *opInfo) {
	s := o.strips
	if n := roundUp(s.body.peak); n > 0 {
		s.arenas = p.newSlot(inArena, n*int64(len(p.prog.pool.workers)), o.start, o.end, "strips")
	}
	for k, v := range op.Results {
		if s.sums[k] && p.size(s.count) > unitRows {
			s.parts[k] = p.newSlot(inArena, roundUp(p.bytes(v.Type))*(p.size(s.count)/unitRows+1), o.start, o.end, "sums of strips")
		}
	}
}
