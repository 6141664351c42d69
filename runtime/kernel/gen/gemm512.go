package gen

import (
	"fmt"
	"strings"
)

// The tile kernels of AVX-512. They take the argument of those of AVX2, and
// every element is the same chain; a register has twice the lanes, there are
// twice as many of them, and the columns of a tail are lanes of a mask.

// The element types with registers of 512 bits.
var (
	wide32 = elem{32, 16, "PS"}
	wide64 = elem{64, 8, "PD"}
)

// wideKernel is one micro-kernel: rows × vectors·lanes accumulators.
type wideKernel struct {
	elem
	rows, vectors int
	masked        bool
}

// The micro-kernels of each element type: rows by vectors. Most of a product is
// done by those of broadKernel; these read A by free steps. Eight rows of two
// registers are enough chains to hide the latency of the sums. Those of one
// register are for few columns, that of eight is for products of one row.
var (
	wideTiles       = [][2]int{{8, 2}, {7, 2}, {6, 2}, {5, 2}, {4, 2}, {3, 2}, {2, 2}, {1, 2}, {16, 1}, {8, 1}, {4, 1}, {2, 1}, {1, 1}, {1, 8}}
	wideMaskedTiles = wideTiles[:13]
)

func gemm512File() *Asm {
	a := NewAsm()
	for _, e := range []elem{wide32, wide64} {
		for _, t := range wideTiles {
			wideKernel{e, t[0], t[1], false}.write(a)
		}
		for _, t := range wideMaskedTiles {
			wideKernel{e, t[0], t[1], true}.write(a)
		}
		for rows := broadRows; rows > 0; rows-- {
			broadKernel{e, rows, false, false}.write(a)
			broadKernel{e, rows, true, false}.write(a)
		}
		broadKernel{e, broadRows, true, true}.write(a)
	}
	for _, e := range []elem{wide32, wide64} {
		for _, groups := range []int{4, 1} {
			wideDot{e, groups, false}.write(a)
			wideDot{e, groups, true}.write(a)
		}
	}
	fmaRate512(a)
	for _, e := range []elem{wide32, wide64} {
		wideSwitch(a, e)
		broadSwitch(a, e)
	}
	return a
}

// fmaRate512 is fmaRate with registers of 512 bits.
func fmaRate512(a *Asm) {
	f := a.Func("fmaRate512 is fmaRate with registers of 512 bits.", "fmaRate512", 0, "n int")
	f.Op("MOVQ", f.Arg("n"), CX)
	for i := Z(0); i <= 12; i++ {
		f.Op("VPXORQ", i, i, i)
	}
	f.Label("loop")
	for i := Z(0); i < 12; i++ {
		f.Op("VFMADD231PS", Z(12), Z(12), i)
	}
	f.Op("DECQ", CX)
	f.Op("JNE", "loop")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// wideSwitch declares how the driver calls a kernel; see tileSwitch.
func wideSwitch(a *Asm, e elem) {
	var b strings.Builder
	name := fmt.Sprintf("runWideF%d", e.bits)
	fmt.Fprintf(&b, "// %s calls the kernel of rows × vectors registers of 512 bits.\nfunc %s(rows, vectors int, masked bool, t *gemmTile) {\n", name, name)
	cases := func(tiles [][2]int, masked bool) {
		fmt.Fprintf(&b, "switch rows<<4 | vectors {\n")
		for _, t := range tiles {
			fmt.Fprintf(&b, "case %d<<4 | %d:\n%s(t)\n", t[0], t[1], wideKernel{e, t[0], t[1], masked}.name())
		}
		b.WriteString("}\n")
	}
	b.WriteString("if masked {\n")
	cases(wideMaskedTiles, true)
	b.WriteString("return\n}\n")
	cases(wideTiles, false)
	b.WriteString("}\n")
	a.Declare(b.String())
}

// broadSwitch declares how the driver calls a broad kernel.
func broadSwitch(a *Asm, e elem) {
	var b strings.Builder
	name := fmt.Sprintf("runBroadF%d", e.bits)
	fmt.Fprintf(&b, "// %s calls the kernel of rows × %d registers of 512 bits.\nfunc %s(rows int, turned, far bool, t *gemmTile) {\nswitch {\n", name, broadVectors, name)
	write := func(when string, k broadKernel) {
		fmt.Fprintf(&b, "case %srows == %d:\n%s(t)\n", when, k.rows, k.name())
	}
	write("far && ", broadKernel{e, broadRows, true, true})
	for _, turned := range []bool{true, false} {
		when := ""
		if turned {
			when = "turned && "
		}
		for rows := broadRows; rows > 0; rows-- {
			write(when, broadKernel{e, rows, turned, false})
		}
	}
	b.WriteString("}\n}\n")
	a.Declare(b.String())
}

func (t wideKernel) name() string {
	mask := ""
	if t.masked {
		mask = "Mask"
	}
	return fmt.Sprintf("wide%dx%dF%d%s", t.rows, t.vectors*t.lanes, t.bits, mask)
}

// wideBases point to every fifth row of A; the rows between are reached with
// one step, scaled, or three.
var wideBases = []Reg{SI, DX, BX, R13}

const (
	rARow3   = R10
	wideMask = K(1)
)

func (t wideKernel) bases() []Reg { return wideBases[:(t.rows+4)/5] }

func (t wideKernel) row(i int) Mem {
	m := Mem{Base: wideBases[i/5]}
	switch r := i % 5; r {
	case 0:
	case 3:
		m.Index, m.Scale = rARow3, 1
	default:
		m.Index, m.Scale = rARow, r
	}
	return m
}

func (t wideKernel) acc(i, v int) Z { return Z(i*t.vectors + v) }

// partial reports whether the vector has the mask.
func (t wideKernel) partial(v int) bool { return t.masked && v == t.vectors-1 }

func (t wideKernel) write(a *Asm) {
	doc := fmt.Sprintf("%s is %d×%d elements of C a tile.", t.name(), t.rows, t.vectors*t.lanes)
	f := a.Func(doc, t.name(), 0, "t *gemmTile")
	f.Op("MOVQ", f.Arg("t"), rArgs)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offC}, rC)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offARow}, rARow)
	f.Op("LEAQ", Mem{Base: rARow, Index: rARow, Scale: 2}, rARow3)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offACol}, rACol)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offBRow}, rBRow)
	if t.masked {
		t.loadMask(f)
	}
	f.Label("tile")
	t.enter(f)
	f.Label("chain")
	t.step(f)
	f.Op("DECQ", rLeft)
	f.Op("JNE", "chain")
	t.leave(f)
	f.Op("DECQ", Mem{Base: rArgs, Disp: offTiles})
	f.Op("JEQ", "done") // before the pointer could leave its array
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offANext}, rB)
	f.Op("ADDQ", rB, Mem{Base: rArgs, Disp: offA})
	f.Op("JMP", "tile")
	f.Label("done")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// loadMask makes the mask of the last vector from the number of its columns.
func (t wideKernel) loadMask(f *Func) {
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offW}, rLeft)
	f.Op("SUBQ", (t.vectors-1)*t.lanes, rLeft)
	f.Op("MOVQ", 1, rB)
	f.Op("SHLQ", rLeft, rB)
	f.Op("DECQ", rB)
	f.Op("KMOVW", rB, wideMask)
}

// enter sets up the pointers of a tile and clears the accumulators. The lines
// of C are asked for now, so that they arrive while the chains run, unless
// those are short.
func (t wideKernel) enter(f *Func) {
	f.Op("MOVQ", rC, rB)
	for i := 0; i < t.rows && t.vectors <= 2; i++ {
		for v := 0; v < t.vectors; v++ {
			f.Op("PREFETCHT0", Mem{Base: rB, Disp: 64 * v})
		}
		if i+1 < t.rows {
			f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rB)
		}
	}
	for i, p := range t.bases() {
		if i == 0 {
			f.Op("MOVQ", Mem{Base: rArgs, Disp: offA}, p)
			continue
		}
		f.Op("LEAQ", Mem{Base: wideBases[i-1], Index: rARow, Scale: 4}, p)
		f.Op("ADDQ", rARow, p)
	}
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offB}, rB)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offK}, rLeft)
	for i := 0; i < t.rows*t.vectors; i++ {
		f.Op("VPXORQ", Z(i), Z(i), Z(i))
	}
}

// step is one link of all chains.
func (t wideKernel) step(f *Func) {
	if t.rows*t.vectors >= 8 && t.vectors == 2 {
		f.Op("PREFETCHT0", Mem{Base: rB, Index: rBRow, Scale: 8})
		f.Op("PREFETCHT0", Mem{Base: wideBases[0], Index: rACol, Scale: 8})
	}
	n := t.rows * t.vectors
	fma := "VFMADD231" + t.s
	// No row shares B in a tile of one, so it is read where it is used.
	one := t.rows == 1 && !t.masked
	for v := 0; v < t.vectors && !one; v++ {
		b := Mem{Base: rB, Disp: 64 * v}
		if t.partial(v) {
			f.Op("VMOVU"+t.s+".Z", b, wideMask, Z(n+v))
		} else {
			f.Op("VMOVU"+t.s, b, Z(n+v))
		}
	}
	x := Z(n + t.vectors)
	for i := 0; i < t.rows; i++ {
		if t.vectors == 1 && !one {
			f.Op(fma+".BCST", t.row(i), Z(n), t.acc(i, 0))
			continue
		}
		f.Op(t.scalar("VBROADCAST"), t.row(i), x)
		for v := 0; v < t.vectors; v++ {
			if one {
				f.Op(fma, Mem{Base: rB, Disp: 64 * v}, x, t.acc(i, v))
			} else {
				f.Op(fma, Z(n+v), x, t.acc(i, v))
			}
		}
	}
	f.Op("ADDQ", rBRow, rB)
	for _, p := range t.bases() {
		f.Op("ADDQ", rACol, p)
	}
}

// leave writes the tile, added to C or over it, and moves on to the rows of C
// below.
func (t wideKernel) leave(f *Func) {
	f.Op("CMPQ", Mem{Base: rArgs, Disp: offAdd}, 0)
	f.Op("JEQ", "store")
	f.Op("MOVQ", rC, rB)
	for i := 0; i < t.rows; i++ {
		for v := 0; v < t.vectors; v++ {
			c, acc := Mem{Base: rB, Disp: 64 * v}, t.acc(i, v)
			if t.partial(v) {
				f.Op("VADD"+t.s, c, acc, wideMask, acc)
			} else {
				f.Op("VADD"+t.s, c, acc, acc)
			}
		}
		f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rB)
	}
	f.Label("store")
	for i := 0; i < t.rows; i++ {
		for v := 0; v < t.vectors; v++ {
			c, acc := Mem{Base: rC, Disp: 64 * v}, t.acc(i, v)
			if t.partial(v) {
				f.Op("VMOVU"+t.s, acc, wideMask, c)
			} else {
				f.Op("VMOVU"+t.s, acc, c)
			}
		}
		f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rC)
	}
}
