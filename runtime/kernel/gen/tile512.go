package gen

import (
	"slices"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// The tile kernels again, for vectors of 512 bits, but for those that wait for
// the divider: it takes twice as long for twice as many lanes.
func tile512File() *Asm {
	a, p := NewAsm(), &pool{name: "wideConst", words: 1}
	write := func(name string, code *macro.Code) bool {
		if divides(code) {
			return false
		}
		writeWideTile(a, p, name, code)
		return true
	}
	tileTables(a, "wide", "of 512 bits", write)
	p.write(a)
	return a
}

// divides reports whether a program does little beside a quotient or a root.
func divides(code *macro.Code) bool {
	most := map[macro.Lane]int{macro.F32: 4, macro.F64: light}[code.Lane]
	return len(code.Ops) <= most && slices.ContainsFunc(code.Ops, func(o macro.Op) bool { return o.Do == macro.Div || o.Do == macro.Sqrt })
}

// writeWideTile is the kernel of writeTile for vectors of 512 bits. A body
// works under a mask of its lanes, which are all of them but in a tail, so that
// it stands once; light ones are repeated without a mask before.
func writeWideTile(a *Asm, p *pool, name string, code *macro.Code) {
	f := tileFunc(a, name, code)
	k := &wideTile{f: f, b: newWide(f, code, p), lane: code.Lane}
	k.write()
}

type wideTile struct {
	f    *Func
	b    *wide
	lane macro.Lane
}

func (k *wideTile) write() {
	f, code := k.f, k.b.code
	shift := map[macro.Lane]int{macro.F32: 2, macro.F64: 3}[k.lane]
	f.Op("MOVQ", f.Arg("dst"), rDst)
	for i, x := range operandNames[:code.Args] {
		f.Op("MOVQ", f.Arg(x), rOperand[i])
	}
	f.Op("MOVQ", f.Arg("n"), rEnd)
	f.Op("SHLQ", shift, rEnd)
	f.Op("XORL", rAt, rAt)
	k.b.constants()
	if len(code.Ops) <= light {
		k.four()
	}
	f.Op("LEAQ", Mem{Base: rEnd, Disp: -64}, rLimit)
	f.Op("KXNORW", wideTail, wideTail, wideTail)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JGT", "tail")
	f.Op("PCALIGN", 32)
	f.Label("one")
	k.vector(0, true)
	f.Op("ADDQ", 64, rAt)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JLE", "one")
	f.Label("tail")
	f.Op("SUBQ", rAt, rEnd)
	f.Op("JLE", "whole")
	lanesBelow(f, shift, wideTail)
	f.Op("LEAQ", Mem{Base: rLimit, Disp: 64}, rEnd)
	f.Op("JMP", "one")
	f.Label("whole")
	f.Op("LEAQ", Mem{Base: rLimit, Disp: 64}, rAt)
	if code.Outside >= 0 {
		f.Label("done")
	}
	f.Op("SHRQ", shift, rAt)
	f.Op("MOVQ", rAt, f.Arg("done"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// lanesBelow is the mask of as many lanes as rEnd has bytes, 1 to 63; rEnd is
// the register that shifts count by.
func lanesBelow(f *Func, shift int, k K) {
	if shift > 0 {
		f.Op("SHRQ", shift, rEnd)
	}
	f.Op("MOVL", 1, rTest)
	f.Op("SHLL", rEnd, rTest)
	f.Op("DECL", rTest)
	f.Op("KMOVW", rTest, k)
}

// four runs four vectors a turn while there are as many.
func (k *wideTile) four() {
	f := k.f
	f.Op("LEAQ", Mem{Base: rEnd, Disp: -256}, rLimit)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JGT", "fourEnd")
	f.Op("PCALIGN", 32)
	f.Label("four")
	for i := range 4 {
		k.vector(64*i, false)
	}
	f.Op("ADDQ", 256, rAt)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JLE", "four")
	f.Label("fourEnd")
}

// vector is one vector at the position and disp bytes on.
func (k *wideTile) vector(disp int, masked bool) {
	f, move := k.f, "VMOVU"+suffix(k.lane)
	k.b.args = func(i int, z Z) {
		m := Mem{Base: rOperand[i], Index: rAt, Scale: 1, Disp: disp}
		if masked {
			f.Op(move+".Z", m, wideTail, z)
		} else {
			f.Op(move, m, z)
		}
	}
	z := k.b.emit()
	if out := k.b.outOf; out != 0 {
		if masked {
			f.Op("KANDW", wideTail, out, out)
		}
		f.Op("KORTESTW", out, out)
		f.Op("JNE", "done")
	}
	m := Mem{Base: rDst, Index: rAt, Scale: 1, Disp: disp}
	if masked {
		f.Op(move, z, wideTail, m)
	} else {
		f.Op(move, z, m)
	}
}
