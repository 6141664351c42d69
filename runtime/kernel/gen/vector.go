package gen

import (
	"cmp"
	"slices"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// A body is a macro program as AVX2 instructions for one vector. Values live in
// registers from the operation that makes them to the last that reads them;
// constants are operands in memory, or in registers where some are left.
type body struct {
	f      *Func
	code   *macro.Code
	pool   *pool
	last   []int          // by operation: the last that reads it
	reg    []Y            // by operation: its register, none where it has none
	free   []Y            // registers, the next one last
	least  int            // the fewest registers that have been free
	fixed  map[uint64]Y   // constants in registers
	inReg  map[uint64]int // how often a constant was wanted in a register
	inMem  map[uint64]int // how often one was read from memory
	outOf  Y              // the mask of lanes outside the domain
	args   func(i int, y Y)
	silent bool
}

const none = Y(-1)

// pool is the constants of a file.
type pool struct {
	order []uint64
	name  string
	words int // words of 64 bits that a constant fills
}

// at is the place of a constant, all lanes equal. Lanes of 32 bits stand twice
// in a word of 64, so that the two widths may share.
func (p *pool) at(l macro.Lane, u uint64) string {
	if l == macro.F32 {
		u = u&0xffffffff | u<<32
	}
	i := slices.Index(p.order, u)
	if i < 0 {
		i = len(p.order)
		p.order = append(p.order, u)
	}
	return Static(p.name, 8*p.words*i)
}

// write places the constants.
func (p *pool) write(a *Asm) {
	var words []uint64
	for _, u := range p.order {
		words = append(words, slices.Repeat([]uint64{u}, p.words)...)
	}
	a.Data(p.name, words...)
}

// suffix of the instructions on floats of a lane.
func suffix(l macro.Lane) string {
	if l == macro.F32 {
		return "PS"
	}
	return "PD"
}

// whole is the suffix of the instructions on integers of a lane.
func whole(l macro.Lane) string {
	if l == macro.F32 {
		return "D"
	}
	return "Q"
}

// newBody prepares code for emission; args loads argument i into a register.
func newBody(f *Func, code *macro.Code, p *pool) *body {
	b := &body{f: f, code: code, pool: p, last: lastReaders(code)}
	b.plan()
	return b
}

// lastReaders is, by operation, the last that reads it; what the program gives
// is read behind its end.
func lastReaders(code *macro.Code) []int {
	last := make([]int, len(code.Ops))
	for i, o := range code.Ops {
		for _, x := range o.Operands() {
			last[x] = i
		}
	}
	last[code.Result] = len(code.Ops)
	if code.Outside >= 0 {
		last[code.Outside] = len(code.Ops)
	}
	return last
}

// plan runs the emission without writing, to learn how many registers are
// left, and gives these to the constants that need one most.
func (b *body) plan() {
	b.silent, b.fixed = true, map[uint64]Y{}
	b.args = func(int, Y) {}
	b.inReg, b.inMem = map[uint64]int{}, map[uint64]int{}
	b.emit()
	all := byNeed(b.inReg, b.inMem)
	for _, u := range all[:min(b.least, len(all))] {
		b.fixed[u] = Y(14 - len(b.fixed))
	}
	b.silent = false
}

// byNeed is the constants, those first that are wanted in registers most often,
// then those read from memory most often.
func byNeed(inReg, inMem map[uint64]int) []uint64 {
	var all []uint64
	for u := range inReg {
		all = append(all, u)
	}
	for u := range inMem {
		if inReg[u] == 0 {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(x, y uint64) int {
		if d := inReg[y] - inReg[x]; d != 0 {
			return d
		}
		if d := inMem[y] - inMem[x]; d != 0 {
			return d
		}
		return cmp.Compare(x, y)
	})
	return all
}

// constants loads those that stay in registers.
func (b *body) constants() {
	var all []uint64
	for u := range b.fixed {
		all = append(all, u)
	}
	slices.Sort(all)
	for _, u := range all {
		b.f.Op("VMOVUPS", b.pool.at(b.code.Lane, u), b.fixed[u])
	}
}

// emit writes the program once and returns the register of the result.
func (b *body) emit() Y {
	n := len(b.code.Ops)
	b.reg = make([]Y, n)
	b.free = b.free[:0]
	for y := Y(14); y >= 0; y-- { // Y15 is the mask of the tail
		if !b.isFixed(y) {
			b.free = append(b.free, y)
		}
	}
	b.least = len(b.free)
	for i, o := range b.code.Ops {
		b.reg[i] = none
		b.one(i, o)
	}
	b.outOf = none
	if b.code.Outside >= 0 {
		b.outOf = b.reg[b.code.Outside]
	}
	return b.reg[b.code.Result]
}

func (b *body) isFixed(y Y) bool {
	for _, f := range b.fixed {
		if f == y {
			return true
		}
	}
	return false
}

func (b *body) take() Y {
	if len(b.free) == 0 {
		panic("gen: a program needs more than 15 registers")
	}
	y := b.free[len(b.free)-1]
	b.free = b.free[:len(b.free)-1]
	b.least = min(b.least, len(b.free))
	return y
}

func (b *body) op(name string, operands ...any) {
	if !b.silent {
		b.f.Op(name, operands...)
	}
}

func (b *body) isConst(x int) bool { return b.code.Ops[x].Do == macro.Const }

// dies reports whether operation i may overwrite the register of x.
func (b *body) dies(x, i int) bool { return !b.isConst(x) && b.last[x] == i }

// any is an operand that may lie in memory.
func (b *body) any(x int) any {
	if !b.isConst(x) {
		return b.reg[x]
	}
	u := b.code.Ops[x].Bits
	if y, ok := b.fixed[u]; ok {
		return y
	}
	if b.silent {
		b.inMem[u]++
		return none
	}
	return b.pool.at(b.code.Lane, u)
}

// inRegister is an operand in a register; a constant that has none is loaded
// into a new one, which own says is to be given back.
func (b *body) inRegister(x int) (y Y, own bool) {
	if !b.isConst(x) {
		return b.reg[x], false
	}
	u := b.code.Ops[x].Bits
	if y, ok := b.fixed[u]; ok {
		return y, false
	}
	if b.silent {
		b.inReg[u]++
	}
	y = b.take()
	if !b.silent {
		b.f.Op("VMOVUPS", b.pool.at(b.code.Lane, u), y)
	}
	return y, true
}

// release frees the registers of operands whose last reader is i, but for dst.
func (b *body) release(i int, dst Y) {
	ops := b.code.Ops[i].Operands()
	for k, x := range ops {
		if b.dies(x, i) && b.reg[x] != dst && !slices.Contains(ops[:k], x) {
			b.free = append(b.free, b.reg[x])
		}
	}
}

func (b *body) one(i int, o macro.Op) {
	switch o.Do {
	case macro.Const:
		return
	case macro.Arg:
		b.reg[i] = b.take()
		b.args(int(o.Bits), b.reg[i])
		return
	case macro.FMA, macro.FNMA, macro.FMS:
		b.reg[i] = b.multiplyAdd(i, o)
		b.release(i, b.reg[i])
		return
	}
	if o.Do == macro.AndN && b.isConst(o.A) {
		o = macro.Op{Do: macro.And, A: o.B, B: b.complement(o.A)}
	}
	if commutes(o.Do) && b.isConst(o.A) {
		o.A, o.B = o.B, o.A
	}
	if o.Do == macro.Cmp && b.isConst(o.A) {
		o.A, o.B = o.B, o.A
		o.Bits = swapped(o.Bits)
	}
	b.simple(i, o)
}

// complement is an operation that holds the complement of constant x.
func (b *body) complement(x int) int {
	u := ^b.code.Ops[x].Bits
	if b.code.Lane == macro.F32 {
		u &= 0xffffffff
	}
	for i, o := range b.code.Ops {
		if o.Do == macro.Const && o.Bits == u {
			return i
		}
	}
	c := *b.code
	c.Ops = append(slices.Clone(c.Ops), macro.Op{Do: macro.Const, Bits: u})
	b.code = &c
	return len(c.Ops) - 1
}

func commutes(d macro.Do) bool {
	switch d {
	case macro.Add, macro.Mul, macro.And, macro.Or, macro.Xor, macro.IAdd:
		return true
	}
	return false
}

// swapped is the predicate of y and x that another is of x and y.
func swapped(p uint64) uint64 {
	switch macro.Pred(p) {
	case macro.Lt:
		return 0x1e
	case macro.Le:
		return 0x1d
	case macro.NotLt:
		return 0x1a
	case macro.NotLe:
		return 0x19
	}
	return p
}

// simple is an operation whose target is a register of its own.
func (b *body) simple(i int, o macro.Op) {
	first := o.A
	if o.Do == macro.Blend {
		first = o.C // the operand that must lie in a register
	}
	x, own := b.inRegister(first)
	var y any
	if o.Do.Operands() > 1 {
		y = b.any(o.B)
	}
	m := none
	if o.Do == macro.Blend {
		m = b.reg[o.A]
	}
	b.release(i, none)
	if own {
		b.free = append(b.free, x)
	}
	d := b.take()
	b.reg[i] = d
	switch name := b.instruction(o.Do); o.Do {
	case macro.Sqrt:
		b.op(name, x, d)
	case macro.Round:
		b.op(name, 8, x, d)
	case macro.Floor:
		b.op(name, 9, x, d)
	case macro.Shl, macro.Shr:
		b.op(name, int(o.Bits), x, d)
	case macro.Cmp:
		b.op(name, int(o.Bits), y, x, d)
	case macro.Blend:
		b.op(name, m, y, x, d)
	default:
		b.op(name, y, x, d)
	}
}

func (b *body) instruction(d macro.Do) string {
	s := suffix(b.code.Lane)
	switch d {
	case macro.Blend:
		return "VBLENDV" + s
	case macro.Floor, macro.Round:
		return "VROUND" + s
	}
	return instruction(b.code.Lane, d)
}

// instruction is the name of those that vectors of all widths share.
func instruction(l macro.Lane, d macro.Do) string {
	s, w := suffix(l), whole(l)
	switch d {
	case macro.IAdd:
		return "VPADD" + w
	case macro.ISub:
		return "VPSUB" + w
	case macro.Shl:
		return "VPSLL" + w
	case macro.Shr:
		return "VPSRL" + w
	}
	return map[macro.Do]string{macro.Add: "VADD", macro.Sub: "VSUB", macro.Mul: "VMUL", macro.Div: "VDIV", macro.Sqrt: "VSQRT",
		macro.Min: "VMIN", macro.Max: "VMAX", macro.And: "VAND", macro.Or: "VOR", macro.Xor: "VXOR", macro.AndN: "VANDN",
		macro.Cmp: "VCMP"}[d] + s
}

// multiplyAdd picks the form of A·B + C by which operand may be overwritten
// and which lies in memory: 231 overwrites C, 213 A with C in memory, 132 A
// with B in memory.
func (b *body) multiplyAdd(i int, o macro.Op) Y {
	name := map[macro.Do]string{macro.FMA: "VFMADD", macro.FNMA: "VFNMADD", macro.FMS: "VFMSUB"}[o.Do]
	s := suffix(b.code.Lane)
	if b.isConst(o.A) || b.dies(o.B, i) && !b.dies(o.A, i) && !b.isConst(o.B) {
		o.A, o.B = o.B, o.A // then A lies in a register
	}
	once := o.A != o.B && o.A != o.C && o.B != o.C
	switch {
	case b.dies(o.C, i) && o.C != o.A && o.C != o.B:
		d := b.reg[o.C]
		b.op(name+"231"+s, b.any(o.B), b.reg[o.A], d)
		return d
	case once && b.dies(o.A, i) && !b.isConst(o.B):
		d := b.reg[o.A]
		b.op(name+"213"+s, b.any(o.C), b.reg[o.B], d)
		return d
	case once && b.dies(o.A, i) && !b.isConst(o.C):
		d := b.reg[o.A]
		b.op(name+"132"+s, b.any(o.B), b.reg[o.C], d)
		return d
	}
	d := b.take()
	b.op("VMOVUPS", b.any(o.C), d)
	b.op(name+"231"+s, b.any(o.B), b.reg[o.A], d)
	return d
}
