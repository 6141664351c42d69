package gen

import (
	"slices"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// A wide body is a macro program as AVX-512 instructions for one vector. It is
// written as a body is, but masks lie in registers of their own, and constants
// in memory are single numbers that an instruction spreads over the lanes.
type wide struct {
	f      *Func
	code   *macro.Code
	pool   *pool
	last   []int  // by operation: the last that reads it
	mask   []bool // by operation: its value is a mask, in k
	reg    []Z
	k      []K
	free   []Z // registers, the next one last
	freeK  []K
	ownZ   []Z // registers lent to operands of the operation at hand
	ownK   []K
	least  int            // the fewest registers that have been free
	fixed  map[uint64]Z   // constants in registers
	inReg  map[uint64]int // how often a constant was wanted in a register
	inMem  map[uint64]int // how often one was read from memory
	outOf  K              // the mask of lanes outside the domain, 0 where there is none
	args   func(i int, z Z)
	silent bool
}

// wideTail is the mask of the lanes that are there; K0 cannot be a mask.
const wideTail = K(7)

// newWide prepares code for emission; args loads argument i into a register.
func newWide(f *Func, code *macro.Code, p *pool) *wide {
	b := &wide{f: f, code: code, pool: p, last: lastReaders(code), mask: masks(code)}
	b.plan()
	return b
}

// masks is, by operation, whether its value is a mask of nothing but truth.
func masks(code *macro.Code) []bool {
	m := make([]bool, len(code.Ops))
	for i, o := range code.Ops {
		switch o.Do {
		case macro.Cmp:
			m[i] = true
		case macro.And, macro.Or, macro.Xor, macro.AndN:
			m[i] = m[o.A] && m[o.B]
		}
	}
	return m
}

// plan runs the emission without writing, to learn how many registers are
// left, and gives these to the constants that need one most.
func (b *wide) plan() {
	b.silent, b.fixed = true, map[uint64]Z{}
	b.args = func(int, Z) {}
	b.inReg, b.inMem = map[uint64]int{}, map[uint64]int{}
	b.emit()
	all := byNeed(b.inReg, b.inMem)
	for _, u := range all[:min(b.least, len(all))] {
		b.fixed[u] = Z(31 - len(b.fixed))
	}
	b.silent = false
}

// constants loads those that stay in registers.
func (b *wide) constants() {
	var all []uint64
	for u := range b.fixed {
		all = append(all, u)
	}
	slices.Sort(all)
	for _, u := range all {
		b.op(b.spread(), b.pool.at(b.code.Lane, u), b.fixed[u])
	}
}

// spread is the instruction that loads a number into all lanes.
func (b *wide) spread() string { return "VBROADCASTS" + suffix(b.code.Lane)[1:] }

// emit writes the program once and returns the register of the result.
func (b *wide) emit() Z {
	n := len(b.code.Ops)
	b.reg, b.k = make([]Z, n), make([]K, n)
	b.free, b.freeK = b.free[:0], b.freeK[:0]
	for z := Z(31 - len(b.fixed)); z >= 0; z-- {
		b.free = append(b.free, z)
	}
	for k := wideTail - 1; k > 0; k-- {
		b.freeK = append(b.freeK, k)
	}
	b.least = len(b.free)
	for i, o := range b.code.Ops {
		b.one(i, o)
	}
	b.outOf = 0
	if x := b.code.Outside; x >= 0 {
		b.outOf = b.maskOf(x)
	}
	if b.mask[b.code.Result] {
		panic("gen: the result of a tile kernel is a mask")
	}
	return b.reg[b.code.Result]
}

func (b *wide) take() Z {
	if len(b.free) == 0 {
		panic("gen: a program needs more than 32 registers")
	}
	z := b.free[len(b.free)-1]
	b.free = b.free[:len(b.free)-1]
	b.least = min(b.least, len(b.free))
	return z
}

func (b *wide) takeK() K {
	if len(b.freeK) == 0 {
		panic("gen: a program needs more than 6 masks")
	}
	k := b.freeK[len(b.freeK)-1]
	b.freeK = b.freeK[:len(b.freeK)-1]
	return k
}

func (b *wide) op(name string, operands ...any) {
	if !b.silent {
		b.f.Op(name, operands...)
	}
}

func (b *wide) isConst(x int) bool { return b.code.Ops[x].Do == macro.Const }

// dies reports whether operation i may overwrite the register of x.
func (b *wide) dies(x, i int) bool { return !b.isConst(x) && !b.mask[x] && b.last[x] == i }

// inRegister is an operand in a register; a constant or a mask that has none
// gets one for as long as the operation lasts.
func (b *wide) inRegister(x int) Z {
	switch {
	case b.mask[x]:
		z := b.lend()
		b.op("VPMOVM2"+whole(b.code.Lane), b.k[x], z)
		return z
	case b.isConst(x):
		return b.constant(b.code.Ops[x].Bits)
	}
	return b.reg[x]
}

// constant is one in a register.
func (b *wide) constant(u uint64) Z {
	if z, ok := b.fixed[u]; ok {
		return z
	}
	if b.silent {
		b.inReg[u]++
	}
	z := b.lend()
	if !b.silent {
		b.op(b.spread(), b.pool.at(b.code.Lane, u), z)
	}
	return z
}

func (b *wide) lend() Z {
	z := b.take()
	b.ownZ = append(b.ownZ, z)
	return z
}

// operand is what may lie in memory; more is for the name of the instruction.
type operand struct {
	at   any
	more string
}

func (b *wide) any(x int) operand {
	if !b.isConst(x) {
		return operand{b.inRegister(x), ""}
	}
	return b.anyConstant(b.code.Ops[x].Bits)
}

func (b *wide) anyConstant(u uint64) operand {
	if z, ok := b.fixed[u]; ok {
		return operand{z, ""}
	}
	if b.silent {
		b.inMem[u]++
		return operand{}
	}
	return operand{b.pool.at(b.code.Lane, u), ".BCST"}
}

// maskOf is an operand in a register of masks, that of its sign bits.
func (b *wide) maskOf(x int) K {
	if b.mask[x] {
		return b.k[x]
	}
	z := b.inRegister(x)
	k := b.takeK()
	b.ownK = append(b.ownK, k)
	b.op("VPMOV"+whole(b.code.Lane)+"2M", z, k)
	return k
}

// release frees the registers of operands whose last reader is i, but for dst,
// and those that were lent to it.
func (b *wide) release(i int, dst Z) {
	ops := b.code.Ops[i].Operands()
	for n, x := range ops {
		if b.last[x] != i || b.isConst(x) || slices.Contains(ops[:n], x) {
			continue
		}
		switch {
		case b.mask[x]:
			b.freeK = append(b.freeK, b.k[x])
		case b.reg[x] != dst:
			b.free = append(b.free, b.reg[x])
		}
	}
	b.free = append(b.free, b.ownZ...)
	b.freeK = append(b.freeK, b.ownK...)
	b.ownZ, b.ownK = b.ownZ[:0], b.ownK[:0]
}

// to releases what i reads last and gives it a register.
func (b *wide) to(i int) Z {
	b.release(i, -1)
	b.reg[i] = b.take()
	return b.reg[i]
}
