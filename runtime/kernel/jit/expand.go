package jit

import (
	"fmt"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// inline is, by operation of macros, ours.
var inline = map[macro.Do]Op{macro.Add: Add, macro.Sub: Sub, macro.Mul: Mul, macro.Div: Div, macro.Sqrt: Sqrt,
	macro.FMA: Fma, macro.FNMA: Fnma, macro.FMS: Fms, macro.Min: Min, macro.Max: Max, macro.Round: Round, macro.Floor: Round,
	macro.And: And, macro.Or: Or, macro.Xor: Xor, macro.AndN: AndNot, macro.Cmp: Cmp, macro.Blend: Blend,
	macro.IAdd: IAdd, macro.ISub: ISub, macro.Shl: Shl, macro.Shr: Shr}

// Expand puts the operations of a macro in place and returns its result. Where
// the macro is not valid the loops are left.
func (p *Program) Expand(c *macro.Code, args ...Value) Value {
	w := Width(c.Lane.Bits() / 8)
	at := make([]Value, len(c.Ops))
	for i, o := range c.Ops {
		switch o.Do {
		case macro.Arg:
			at[i] = args[o.Bits]
			continue
		case macro.Const:
			at[i] = p.Const(w, o.Bits)
			continue
		}
		op, ok := inline[o.Do]
		if !ok {
			panic(fmt.Sprintf("jit: no code for %v", o.Do))
		}
		imm := uint8(o.Bits)
		if o.Do == macro.Floor {
			imm = 1
		}
		var x [3]Value
		for k, n := range o.Operands() {
			x[k] = at[n]
		}
		at[i] = p.DoImm(op, w, imm, x[:o.Do.Operands()]...)
	}
	if c.Outside >= 0 {
		p.Leave(at[c.Outside])
	}
	return at[c.Result]
}
