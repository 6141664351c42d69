package gen

import (
	"fmt"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// Reductions: sums in the lanes of reduce.go of package kernel, chains down
// columns, and the greatest element.
func reduceFile() *Asm {
	a := NewAsm()
	a.Data("reduceLanes", ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), 0, 0, 0, 0)
	for _, l := range []macro.Lane{macro.F32, macro.F64} {
		r := reduction{a, l, suffix(l), goType(l)}
		r.sum()
		r.chain()
		r.greatest()
	}
	return a
}

type reduction struct {
	a    *Asm
	lane macro.Lane
	s, t string
}

func (r reduction) shift() int { return map[int]int{32: 2, 64: 3}[r.lane.Bits()] }

func (r reduction) name(stem string) string { return stem + upper(r.lane) }

// window loads the mask of the lanes from rAt to rEnd, fewer than a vector.
func (r reduction) window(f *Func, to Y) {
	f.Op("LEAQ", "reduceLanes<>+32(SB)", rTest)
	f.Op("ADDQ", rAt, rTest)
	f.Op("SUBQ", rEnd, rTest)
	f.Op("VMOVUPS", Mem{Base: rTest}, to)
}

// while runs body, n bytes a turn, as long as n are left.
func while(f *Func, n int, body func()) {
	loop, end := f.NewLabel("loop"), f.NewLabel("end")
	f.Op("LEAQ", Mem{Base: rEnd, Disp: -n}, rLimit)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JGT", end)
	f.Label(loop)
	body()
	f.Op("ADDQ", n, rAt)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JLE", loop)
	f.Label(end)
}

// sum has two registers of lanes. Zeros stand in for the lanes that a tail
// lacks: a lane is never -0, so that they change nothing.
func (r reduction) sum() {
	name, x := r.name("sum"), Mem{Base: SI, Index: rAt, Scale: 1}
	f := r.a.FuncResult(name+" is the sum of n elements in two vectors of lanes, added as a tree.", name, 0, "sum "+r.t, "x *"+r.t, "n int")
	second := x
	second.Disp = 32
	f.Op("MOVQ", f.Arg("x"), SI)
	f.Op("MOVQ", f.Arg("n"), rEnd)
	f.Op("SHLQ", r.shift(), rEnd)
	f.Op("XORL", rAt, rAt)
	f.Op("VXORPS", Y(0), Y(0), Y(0))
	f.Op("VXORPS", Y(1), Y(1), Y(1))
	while(f, 64, func() {
		f.Op("VADD"+r.s, x, Y(0), Y(0))
		f.Op("VADD"+r.s, second, Y(1), Y(1))
	})
	half := f.NewLabel("half")
	f.Op("LEAQ", Mem{Base: rAt, Disp: 32}, rTest)
	f.Op("CMPQ", rTest, rEnd)
	f.Op("JGT", half)
	f.Op("VADD"+r.s, x, Y(0), Y(0))
	f.Op("ADDQ", 32, rAt)
	r.window(f, Y(2))
	f.Op("VMASKMOV"+r.s, x, Y(2), Y(3))
	f.Op("VADD"+r.s, Y(3), Y(1), Y(1))
	f.Op("JMP", "tree")
	f.Label(half)
	r.window(f, Y(2))
	f.Op("VMASKMOV"+r.s, x, Y(2), Y(3))
	f.Op("VADD"+r.s, Y(3), Y(0), Y(0))
	f.Label("tree")
	f.Op("VADD"+r.s, Y(1), Y(0), Y(0))
	r.across(f, func(from, to X) { f.Op("VADD"+r.s, from, to, to) })
	f.Op("VMOVS"+r.s[1:], X(0), f.Arg("sum"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// across folds the lanes of the first register as a tree, half to half.
func (r reduction) across(f *Func, fold func(from, to X)) {
	f.Op("VEXTRACTF128", 1, Y(0), X(1))
	fold(X(1), X(0))
	f.Op("VPERMILPD", 1, X(0), X(1))
	fold(X(1), X(0))
	if r.lane == macro.F32 {
		f.Op("VMOVSHDUP", X(0), X(1))
		fold(X(1), X(0))
	}
}

// chain keeps the sums of some columns in registers and walks down the rows.
func (r reduction) chain() {
	name := r.name("chain")
	f := r.a.FuncResult(name+" lets chains that begin with first go on down n columns of rows that lie stride elements apart, at least one of both.",
		name, 0, "", "dst *"+r.t, "first *"+r.t, "x *"+r.t, "n int", "rows int", "stride int")
	f.Op("MOVQ", f.Arg("dst"), DI)
	f.Op("MOVQ", f.Arg("first"), R13)
	f.Op("MOVQ", f.Arg("x"), SI)
	f.Op("MOVQ", f.Arg("n"), rEnd)
	f.Op("SHLQ", r.shift(), rEnd)
	f.Op("MOVQ", f.Arg("rows"), DX)
	f.Op("MOVQ", f.Arg("stride"), R8)
	f.Op("SHLQ", r.shift(), R8)
	f.Op("XORL", rAt, rAt)
	for n := 8; n > 0; n /= 2 {
		while(f, 32*n, func() { r.strip(f, n, false) })
	}
	f.Op("CMPQ", rAt, rEnd)
	f.Op("JGE", "done")
	r.window(f, tileMask)
	r.strip(f, 1, true)
	f.Label("done")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// strip is the chains of n vectors of columns.
func (r reduction) strip(f *Func, n int, masked bool) {
	down, end := f.NewLabel("down"), f.NewLabel("bottom")
	load := func(i int, y Y) {
		if m := (Mem{Base: R11, Disp: 32 * i}); masked {
			f.Op("VMASKMOV"+r.s, m, tileMask, y)
		} else {
			f.Op("VMOVU"+r.s, m, y)
		}
	}
	f.Op("LEAQ", Mem{Base: R13, Index: rAt, Scale: 1}, R11)
	for i := range n {
		load(i, Y(i))
	}
	f.Op("MOVQ", DX, R12)
	f.Op("TESTQ", R12, R12)
	f.Op("JEQ", end)
	f.Op("LEAQ", Mem{Base: SI, Index: rAt, Scale: 1}, R11)
	f.Label(down)
	for i := range n {
		if masked {
			load(i, Y(14))
			f.Op("VADD"+r.s, Y(14), Y(i), Y(i))
		} else {
			f.Op("VADD"+r.s, Mem{Base: R11, Disp: 32 * i}, Y(i), Y(i))
		}
	}
	f.Op("DECQ", R12)
	f.Op("JEQ", end) // before the pointer could leave its array
	f.Op("ADDQ", R8, R11)
	f.Op("JMP", down)
	f.Label(end)
	for i := range n {
		m := Mem{Base: DI, Index: rAt, Scale: 1, Disp: 32 * i}
		if masked {
			f.Op("VMASKMOV"+r.s, Y(i), tileMask, m)
		} else {
			f.Op("VMOVU"+r.s, Y(i), m)
		}
	}
}

// greatest takes the maximum in both orders, so that of two zeros the positive
// one wins, and notes apart where a NaN was, which a maximum may lose.
func (r reduction) greatest() {
	name, x := r.name("greatest"), Mem{Base: SI, Index: rAt, Scale: 1}
	f := r.a.FuncResult(fmt.Sprintf("%s is the greatest of n elements, at least %d; NaN where any is.", name, 256/r.lane.Bits()),
		name, 0, "most "+r.t, "x *"+r.t, "n int")
	f.Op("MOVQ", f.Arg("x"), SI)
	f.Op("MOVQ", f.Arg("n"), rEnd)
	f.Op("SHLQ", r.shift(), rEnd)
	f.Op("XORL", rAt, rAt)
	f.Op("VMOVU"+r.s, Mem{Base: SI}, Y(0))
	f.Op("VMOVU"+r.s, Mem{Base: SI}, Y(1))
	f.Op("VXORPS", Y(2), Y(2), Y(2))
	one := func(disp int, most Y) {
		m := x
		m.Disp = disp
		f.Op("VMOVU"+r.s, m, Y(3))
		f.Op("VCMP"+r.s, int(macro.Unord), Y(3), Y(3), Y(4))
		f.Op("VOR"+r.s, Y(4), Y(2), Y(2))
		f.Op("VMAX"+r.s, Y(3), most, Y(4))
		f.Op("VMAX"+r.s, most, Y(3), Y(3))
		f.Op("VAND"+r.s, Y(4), Y(3), most)
	}
	while(f, 64, func() {
		one(0, Y(0))
		one(32, Y(1))
	})
	while(f, 32, func() { one(0, Y(0)) })
	f.Note("the last vector, which may lie over others")
	f.Op("LEAQ", Mem{Base: rEnd, Disp: -32}, rAt)
	one(0, Y(0))
	f.Op("VMAX"+r.s, Y(0), Y(1), Y(4))
	f.Op("VMAX"+r.s, Y(1), Y(0), Y(3))
	f.Op("VAND"+r.s, Y(4), Y(3), Y(0))
	r.across(f, func(from, to X) {
		f.Op("VMAX"+r.s, from, to, X(3))
		f.Op("VMAX"+r.s, to, from, X(4))
		f.Op("VAND"+r.s, X(3), X(4), to)
	})
	f.Op("VMOVMSK"+r.s, Y(2), rTest)
	f.Op("TESTL", rTest, rTest)
	f.Op("JEQ", "ordered")
	f.Op("VPCMPEQD", X(0), X(0), X(0))
	f.Label("ordered")
	f.Op("VMOVS"+r.s[1:], X(0), f.Arg("most"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}
