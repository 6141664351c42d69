package runtime

import (
	"math"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// coder writes a tile program as a program for the emitter of machine code.
type coder struct {
	p     *tileProg
	out   *jit.Program
	regs  []lanes
	sound bool // false when something has no code
}

// lanes is a register of a tile program in the emitter: a number in lanes of
// one width, or a truth value as a mask in those of either.
type lanes struct {
	value [2]jit.Value
	known [2]bool
	width jit.Width // of a number; of the mask that came first

	short   bool // an integer of eight bytes that is known to fit into four
	nonzero bool // a number that is known not to be zero

	lo, hi int32   // of a float that was an integer: its range, hi 0 where it is not known
	float  float64 // of a float that is fixed: its value
	fixed  bool
}

func index(w jit.Width) int { return int(w)/4 - 1 }

func number(v jit.Value, w jit.Width) lanes {
	l := lanes{width: w}
	l.value[index(w)], l.known[index(w)] = v, true
	return l
}

// streamOf is how the emitter reads elements of a kind, and the lanes it gives.
func streamOf(k ir.Kind) (jit.Kind, jit.Width) {
	switch k {
	case ir.F64, ir.I64, ir.Key:
		return jit.B8, jit.W8
	case ir.Bool:
		return jit.Bool, jit.W4
	case ir.U8:
		return jit.U8, jit.W4
	case ir.I8:
		return jit.I8, jit.W4
	case ir.U16:
		return jit.U16, jit.W4
	case ir.I16:
		return jit.I16, jit.W4
	}
	return jit.B4, jit.W4
}

// codeOf writes a program whose loads move as how says. after is, by result,
// the loads that share its storage. nil where an instruction has no code.
// Streams are the loads in order, then the results; bounds are those of the
// indices that instructions make.
func codeOf(p *tileProg, how []jit.Access, after [][]int, bounds []int64) *jit.Program {
	c := &coder{out: jit.New(), sound: true}
	var loads []lanes
	for i, l := range p.loads {
		loads = append(loads, c.read(p.kinds[l.reg], how[i]))
	}
	for k, v := range c.program(p, loads, bounds) {
		if !c.write(v, p.kinds[p.results[k]], after[k]) {
			return nil
		}
	}
	if !c.sound {
		return nil
	}
	return c.out
}

// read is the element of a new stream of a kind.
func (c *coder) read(k ir.Kind, how jit.Access) lanes {
	kind, w := streamOf(k)
	return number(c.out.Load(c.out.Stream(kind, how), w), w)
}

// write makes a value a result in a new stream; false where its kind is not
// for results.
func (c *coder) write(v lanes, k ir.Kind, after []int) bool {
	switch kind, _ := streamOf(k); kind {
	case jit.B4, jit.B8, jit.Bool:
		c.out.Output(c.out.Stream(kind, jit.Direct), v.value[index(v.width)], after)
		return true
	}
	return false
}

// program writes a tile program whose loads have the given values and returns
// its results, nil where an instruction has no code.
func (c *coder) program(p *tileProg, loads []lanes, bounds []int64) []lanes {
	c.p, c.regs = p, make([]lanes, len(p.kinds))
	for i, l := range p.loads {
		c.regs[l.reg] = loads[i]
	}
	for _, k := range p.consts {
		c.regs[k.reg] = c.constant(p.kinds[k.reg], k.f, k.i)
	}
	for i, in := range p.instrs {
		if c.instr(in, bounds[i]); !c.sound {
			return nil
		}
	}
	var out []lanes
	for _, r := range p.results {
		out = append(out, c.regs[r])
	}
	return out
}

// constant is a number of a kind, f or i.
func (c *coder) constant(kind ir.Kind, f float64, i int64) lanes {
	_, w := streamOf(kind)
	bits := uint64(i)
	switch kind {
	case ir.F32:
		f = float64(float32(f))
		bits = uint64(math.Float32bits(float32(f)))
	case ir.F64:
		bits = math.Float64bits(f)
	case ir.Bool:
		bits = -uint64(i & 1)
		l := number(c.out.Const(jit.W4, bits), jit.W4)
		l.value[1], l.known[1] = c.out.Const(jit.W8, bits), true
		return l
	}
	l := number(c.out.Const(w, bits), w)
	l.short, l.nonzero = i == int64(int32(i)), i != 0
	l.float, l.fixed = f, kind == ir.F32 || kind == ir.F64
	return l
}

// mask is a truth value in lanes of w.
func (c *coder) mask(r int, w jit.Width) jit.Value {
	l := &c.regs[r]
	if i := index(w); !l.known[i] {
		from := l.value[index(l.width)]
		if w == jit.W8 {
			l.value[i] = c.out.Do(jit.SignExtend, w, from)
		} else {
			l.value[i] = c.out.Do(jit.Low, w, from)
		}
		l.known[i] = true
	}
	return l.value[index(w)]
}

// value is the lanes of a number.
func (c *coder) value(r int) jit.Value { return c.regs[r].value[index(c.regs[r].width)] }

// one is the integer 1, or the float, in lanes of a kind.
func (c *coder) one(k ir.Kind) jit.Value {
	switch k {
	case ir.F32:
		return c.out.Const(jit.W4, uint64(math.Float32bits(1)))
	case ir.F64:
		return c.out.Const(jit.W8, math.Float64bits(1))
	case ir.I64:
		return c.out.Const(jit.W8, 1)
	}
	return c.out.Const(jit.W4, 1)
}

// not is the complement of a mask.
func (c *coder) not(m jit.Value, w jit.Width) jit.Value {
	return c.out.Do(jit.Xor, w, m, c.out.Const(w, math.MaxUint64))
}

// instr writes one instruction.
func (c *coder) instr(in tileInstr, bound int64) {
	kind := in.op.Results[0].Type.Kind
	_, w := streamOf(kind)
	from := c.p.kinds[in.src[0]]
	switch in.op.Row.Name {
	case "stop", "opaque", "cross_sum":
		c.regs[in.dst] = c.regs[in.src[0]]
		return
	case "cmp":
		c.compare(in, from)
		return
	case "convert":
		c.convert(in, from, kind, bound)
		return
	case "select":
		c.choose(in, kind, w)
		return
	}
	switch {
	case kind == ir.Bool:
		c.logic(in)
	case kind == ir.F32 || kind == ir.F64:
		if c.quick(in, kind, w) {
			return
		}
		if m, ok := macro.For(in.op.Row.Name, laneOf(kind), powerOf(in.op)); ok {
			c.regs[in.dst] = number(c.out.Expand(m, c.values(in.src)...), w)
			return
		}
		c.sound = false
	case kind == ir.I32 || kind == ir.I64:
		c.integer(in, w)
	default:
		c.sound = false
	}
}

func laneOf(k ir.Kind) macro.Lane {
	if k == ir.F64 {
		return macro.F64
	}
	return macro.F32
}

func (c *coder) values(regs []int) []jit.Value {
	out := make([]jit.Value, len(regs))
	for i, r := range regs {
		out[i] = c.value(r)
	}
	return out
}

func (c *coder) choose(in tileInstr, kind ir.Kind, w jit.Width) {
	if kind == ir.Bool {
		w = c.regs[in.src[1]].width
		m := c.out.Do(jit.Blend, w, c.mask(in.src[0], w), c.mask(in.src[1], w), c.mask(in.src[2], w))
		c.regs[in.dst] = number(m, w)
		return
	}
	m := c.out.Do(jit.Blend, w, c.mask(in.src[0], w), c.value(in.src[1]), c.value(in.src[2]))
	c.regs[in.dst] = number(m, w)
}

func (c *coder) logic(in tileInstr) {
	w := c.regs[in.src[0]].width
	x, y := c.mask(in.src[0], w), c.mask(in.src[len(in.src)-1], w)
	switch in.op.Row.Name {
	case "and":
		c.regs[in.dst] = number(c.out.Do(jit.And, w, x, y), w)
	case "or":
		c.regs[in.dst] = number(c.out.Do(jit.Or, w, x, y), w)
	case "not":
		c.regs[in.dst] = number(c.not(x, w), w)
	default:
		c.sound = false
	}
}

// compare writes a comparison; its mask has the lanes of what is compared.
func (c *coder) compare(in tileInstr, kind ir.Kind) {
	pred := in.op.Attrs.(ir.CmpAttrs).Pred
	_, w := streamOf(kind)
	if kind == ir.F32 || kind == ir.F64 {
		m, ok := macro.Compare(pred, laneOf(kind))
		if c.sound = ok; ok {
			c.regs[in.dst] = number(c.out.Expand(m, c.values(in.src)...), w)
		}
		return
	}
	x, y := c.value(in.src[0]), c.value(in.src[1])
	if kind == ir.Bool { // as numbers 0 and 1
		x = c.out.Do(jit.And, w, c.mask(in.src[0], w), c.one(ir.I32))
		y = c.out.Do(jit.And, w, c.mask(in.src[1], w), c.one(ir.I32))
	}
	var m jit.Value
	switch pred {
	case "eq":
		m = c.out.Do(jit.IEq, w, x, y)
	case "ne":
		m = c.not(c.out.Do(jit.IEq, w, x, y), w)
	case "lt":
		m = c.out.Do(jit.IGt, w, y, x)
	case "ge":
		m = c.not(c.out.Do(jit.IGt, w, y, x), w)
	case "gt":
		m = c.out.Do(jit.IGt, w, x, y)
	case "le":
		m = c.not(c.out.Do(jit.IGt, w, x, y), w)
	default:
		c.sound = false
	}
	c.regs[in.dst] = number(m, w)
}

// convert writes conversions; for those that fail the code is left.
func (c *coder) convert(in tileInstr, from, to ir.Kind, bound int64) {
	_, w := streamOf(to)
	_, v := streamOf(from)
	src := in.src[0]
	small := v == jit.W4 && from != ir.F32 && from != ir.Bool // integers in four bytes
	whole := small || from == ir.I64
	var r jit.Value
	switch {
	case from == to && from != ir.Index || from == ir.Index && to == ir.I32:
		c.regs[in.dst] = c.regs[src]
		return
	case to == ir.Bool:
		c.truth(in, from, v)
		return
	case from == ir.Bool && (to == ir.F32 || to == ir.F64 || to == ir.I32 || to == ir.I64):
		r = c.out.Do(jit.And, w, c.mask(src, w), c.one(to))
	case from == ir.F32 && to == ir.F64:
		r = c.out.Do(jit.FloatToDouble, w, c.value(src))
	case from == ir.F64 && to == ir.F32:
		r = c.out.Do(jit.DoubleToFloat, w, c.value(src))
	case small && to == ir.F32:
		r = c.out.Do(jit.IntToFloat, w, c.value(src))
	case small && to == ir.F64:
		r = c.out.Do(jit.IntToDouble, w, c.value(src))
	case from == ir.I64 && to == ir.F64:
		r = c.double(c.value(src))
	case from == ir.I64 && to == ir.F32:
		r = c.float(c.value(src))
	case whole && to == ir.Index || from == ir.I64 && to == ir.I32:
		lo, hi := rangeOf(to, bound)
		r = c.narrow(c.value(src), v, lo, hi)
	case small && to == ir.I32:
		r = c.value(src)
	case small && to == ir.I64:
		r = c.out.Do(jit.SignExtend, w, c.value(src))
	case (from == ir.F32 || from == ir.F64) && (to == ir.I32 || to == ir.I64 || to == ir.Index):
		r = c.whole(c.value(src), v, to, bound)
	default:
		c.sound = false
		return
	}
	c.regs[in.dst] = number(r, w)
	c.regs[in.dst].short = small && to == ir.I64
	if to == ir.F32 || to == ir.F64 {
		c.regs[in.dst].lo, c.regs[in.dst].hi = wholeOf(from)
	}
}

// truth writes x ≠ 0.
func (c *coder) truth(in tileInstr, from ir.Kind, w jit.Width) {
	x, zero := c.value(in.src[0]), c.out.Const(w, 0)
	if from == ir.F32 || from == ir.F64 {
		c.regs[in.dst] = number(c.out.DoImm(jit.Cmp, w, jit.NotEqual, x, zero), w)
		return
	}
	c.regs[in.dst] = number(c.not(c.out.Do(jit.IEq, w, x, zero), w), w)
}
