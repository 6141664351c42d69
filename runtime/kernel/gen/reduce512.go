package gen

import "github.com/dfc-lang/dfc/runtime/kernel/macro"

// Reductions in vectors of 512 bits, of which one holds all lanes of a sum.
func reduce512File() *Asm {
	a := NewAsm()
	for _, l := range []macro.Lane{macro.F32, macro.F64} {
		r := reduction{a, l, suffix(l), goType(l)}
		r.wideSums()
		r.wideChain()
		r.wideGreatest()
	}
	return a
}

const (
	rest     = K(1) // the lanes of a last vector
	rLine    = R8   // bytes of a line or between rows
	rWhole   = R9   // bytes before the last vector
	lineSums = 4    // lines added at once, each of which waits for itself
)

// last cuts off a last vector of 1 to 64 bytes: rWhole is what is before it, and
// rest has its lanes. rLine is the length, rEnd is overwritten.
func (r reduction) last(f *Func) {
	f.Op("LEAQ", Mem{Base: rLine, Disp: -1}, rWhole)
	f.Op("ANDQ", -64, rWhole)
	f.Op("MOVQ", rLine, rEnd)
	f.Op("SUBQ", rWhole, rEnd)
	lanesBelow(f, r.shift(), rest)
}

// wideSums adds up lines that lie one behind the other. Lanes of the last vector
// that are not there are left as they are.
func (r reduction) wideSums() {
	name := r.name("wideSums")
	f := r.a.Func(name+" writes the sums of lines of n elements each, at least one, in the lanes of SumBlock, added as a tree.",
		name, 0, "dst *"+r.t, "x *"+r.t, "n int", "lines int")
	f.Op("MOVQ", f.Arg("dst"), DI)
	f.Op("MOVQ", f.Arg("x"), SI)
	f.Op("MOVQ", f.Arg("n"), rLine)
	f.Op("SHLQ", r.shift(), rLine)
	f.Op("MOVQ", f.Arg("lines"), DX)
	r.last(f)
	some := func(n int, next string) {
		label := f.NewLabel("lines")
		f.Label(label)
		f.Op("SUBQ", n, DX)
		f.Op("JLT", next)
		r.addLines(f, n)
		f.Op("ADDQ", n*r.lane.Bits()/8, DI)
		f.Op("JMP", label)
	}
	some(lineSums, "fewer")
	f.Label("fewer")
	f.Op("ADDQ", lineSums, DX)
	some(1, "done")
	f.Label("done")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// addLines adds up n lines from SI on, moves it behind them and stores the sums.
func (r reduction) addLines(f *Func, n int) {
	from := []Reg{SI, R10, R11, R12}[:n]
	for i := range n {
		f.Op("VPXORD", Z(i), Z(i), Z(i))
		if i > 0 {
			f.Op("LEAQ", Mem{Base: from[i-1], Index: rLine, Scale: 1}, from[i])
		}
	}
	loop, end := f.NewLabel("along"), f.NewLabel("last")
	f.Op("XORL", rAt, rAt)
	f.Op("CMPQ", rAt, rWhole)
	f.Op("JGE", end)
	f.Label(loop)
	for i := range n {
		f.Op("VADD"+r.s, Mem{Base: from[i], Index: rAt, Scale: 1}, Z(i), Z(i))
	}
	f.Op("ADDQ", 64, rAt)
	f.Op("CMPQ", rAt, rWhole)
	f.Op("JLT", loop)
	f.Label(end)
	for i := range n {
		f.Op("VADD"+r.s, Mem{Base: from[i], Index: rAt, Scale: 1}, Z(i), rest, Z(i))
	}
	for i := range n {
		f.Op("VEXTRACTF64X4", 1, Z(i), Y(4+i))
		f.Op("VADD"+r.s, Y(4+i), Y(i), Y(i))
	}
	if n == 1 {
		r.across(f, func(from, to X) { f.Op("VADD"+r.s, from, to, to) })
		f.Op("VMOVS"+r.s[1:], X(0), Mem{Base: DI})
	} else {
		r.fourSums(f)
	}
	f.Op("LEAQ", Mem{Base: from[n-1], Index: rLine, Scale: 1}, SI)
}

// fourSums ends the trees of four lines, two and four to a register.
func (r reduction) fourSums(f *Func) {
	for i := range lineSums {
		f.Op("VEXTRACTF128", 1, Y(i), X(4+i))
		f.Op("VADD"+r.s, X(4+i), X(i), X(i))
	}
	for i := 0; i < lineSums; i += 2 {
		f.Op("VUNPCKLPD", X(i+1), X(i), X(4+i))
		f.Op("VUNPCKHPD", X(i+1), X(i), X(5+i))
		f.Op("VADD"+r.s, X(5+i), X(4+i), X(i))
	}
	if r.lane == macro.F64 {
		f.Op("VMOVUPD", X(0), Mem{Base: DI})
		f.Op("VMOVUPD", X(2), Mem{Base: DI, Disp: 16})
		return
	}
	f.Op("VSHUFPS", 0x88, X(2), X(0), X(4))
	f.Op("VSHUFPS", 0xdd, X(2), X(0), X(5))
	f.Op("VADDPS", X(5), X(4), X(0))
	f.Op("VMOVUPS", X(0), Mem{Base: DI})
}

// chainStrip is the most vectors of columns that are summed at once.
const chainStrip = 8

// wideChain is chain; what is left of the columns is one strip of as many
// vectors as that takes, since each waits for itself.
func (r reduction) wideChain() {
	name := r.name("wideChain")
	f := r.a.Func(name+" lets chains that begin with first go on down n columns of rows that lie stride elements apart, at least one of both.",
		name, 0, "dst *"+r.t, "first *"+r.t, "x *"+r.t, "n int", "rows int", "stride int")
	f.Op("MOVQ", f.Arg("dst"), DI)
	f.Op("MOVQ", f.Arg("first"), R13)
	f.Op("MOVQ", f.Arg("x"), SI)
	f.Op("MOVQ", f.Arg("n"), rEnd)
	f.Op("SHLQ", r.shift(), rEnd)
	f.Op("MOVQ", f.Arg("rows"), DX)
	f.Op("MOVQ", f.Arg("stride"), R8)
	f.Op("SHLQ", r.shift(), R8)
	f.Op("XORL", rAt, rAt)
	while(f, 64*chainStrip, func() { r.wideStrip(f, chainStrip, false) })
	f.Op("SUBQ", rAt, rEnd)
	f.Op("JEQ", "done")
	f.Op("LEAQ", Mem{Base: rEnd, Disp: -1}, rLimit)
	f.Op("SHRQ", 6, rLimit)
	f.Op("MOVQ", rLimit, rTest)
	f.Op("SHLQ", 6, rTest)
	f.Op("SUBQ", rTest, rEnd)
	lanesBelow(f, r.shift(), rest)
	for n := 1; n <= chainStrip; n++ {
		next := f.NewLabel("wider")
		if n < chainStrip {
			f.Op("CMPQ", rLimit, n-1)
			f.Op("JNE", next)
		}
		r.wideStrip(f, n, true)
		if n < chainStrip {
			f.Op("JMP", "done")
			f.Label(next)
		}
	}
	f.Label("done")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// wideStrip is the chains of n vectors of columns, the last of which may be cut.
func (r reduction) wideStrip(f *Func, n int, cut bool) {
	down, end := f.NewLabel("down"), f.NewLabel("bottom")
	under := func(i int, operands ...any) []any { // with the mask before the target
		if last := len(operands) - 1; cut && i == n-1 {
			operands = append(operands[:last:last], rest, operands[last])
		}
		return operands
	}
	f.Op("LEAQ", Mem{Base: R13, Index: rAt, Scale: 1}, R11)
	for i := range n {
		f.Op("VMOVU"+r.s, under(i, Mem{Base: R11, Disp: 64 * i}, Z(i))...)
	}
	f.Op("MOVQ", DX, R12)
	f.Op("TESTQ", R12, R12)
	f.Op("JEQ", end)
	f.Op("LEAQ", Mem{Base: SI, Index: rAt, Scale: 1}, R11)
	f.Label(down)
	for i := range n {
		f.Op("VADD"+r.s, under(i, Mem{Base: R11, Disp: 64 * i}, Z(i), Z(i))...)
	}
	f.Op("DECQ", R12)
	f.Op("JEQ", end) // before the pointer could leave its array
	f.Op("ADDQ", R8, R11)
	f.Op("JMP", down)
	f.Label(end)
	for i := range n {
		f.Op("VMOVU"+r.s, under(i, Z(i), Mem{Base: DI, Index: rAt, Scale: 1, Disp: 64 * i})...)
	}
}

// rangeMax makes VRANGE the greater of two, and of two zeros the positive one.
const rangeMax = 5

// wideGreatest has four maxima at once. Where a NaN was, which a maximum loses,
// is noted apart, for two vectors at a time.
func (r reduction) wideGreatest() {
	name := r.name("wideGreatest")
	f := r.a.FuncResult(name+" is the greatest of n elements, at least one; NaN where any is.", name, 0, "most "+r.t, "x *"+r.t, "n int")
	most := func(x any, z int) { f.Op("VRANGE"+r.s, rangeMax, x, Z(z), Z(z)) }
	note := func(x any, y Z) {
		f.Op("VCMP"+r.s, int(macro.Unord), x, y, K(3))
		f.Op("KORW", K(3), K(2), K(2))
	}
	f.Op("MOVQ", f.Arg("x"), SI)
	f.Op("MOVQ", f.Arg("n"), rLine)
	f.Op("SHLQ", r.shift(), rLine)
	r.last(f)
	f.Op("MOVQ", rWhole, rEnd)
	f.Op("MOVQ", map[macro.Lane]string{macro.F32: "$0xff800000", macro.F64: "$0xfff0000000000000"}[r.lane], rTest)
	f.Op("VPBROADCAST"+whole(r.lane), rTest, Z(0))
	for i := 1; i < 4; i++ {
		f.Op("VMOVA"+r.s, Z(0), Z(i))
	}
	f.Op("KXORW", K(2), K(2), K(2))
	f.Op("XORL", rAt, rAt)
	x := func(i int) Mem { return Mem{Base: SI, Index: rAt, Scale: 1, Disp: 64 * i} }
	while(f, 256, func() {
		for i := 0; i < 4; i += 2 {
			f.Op("VMOVU"+r.s, x(i), Z(4+i))
			note(x(i+1), Z(4+i))
			most(Z(4+i), i)
			most(x(i+1), i+1)
		}
	})
	while(f, 64, func() {
		f.Op("VMOVU"+r.s, x(0), Z(4))
		note(Z(4), Z(4))
		most(Z(4), 0)
	})
	f.Op("VMOVA"+r.s, Z(1), Z(4))
	f.Op("VMOVU"+r.s, x(0), rest, Z(4))
	note(Z(4), Z(4))
	for _, p := range [][2]int{{4, 1}, {3, 2}, {1, 0}, {2, 0}} {
		most(Z(p[0]), p[1])
	}
	f.Op("VEXTRACTF64X4", 1, Z(0), Y(1))
	f.Op("VRANGE"+r.s, rangeMax, Y(1), Y(0), Y(0))
	r.across(f, func(from, to X) { f.Op("VRANGE"+r.s, rangeMax, from, to, to) })
	f.Op("KORTESTW", K(2), K(2))
	f.Op("JEQ", "ordered")
	f.Op("VPCMPEQD", X(0), X(0), X(0))
	f.Label("ordered")
	f.Op("VMOVS"+r.s[1:], X(0), f.Arg("most"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}
