package gen

import (
	"fmt"
	"strings"
)

// The argument of a tile kernel, as the driver in runtime/kernel fills it in.
const tileType = `// gemmTile is what a tile kernel works on: rows of tiles of one column panel,
// C[i,j] = Σ A[i,l]·B[l,j] over l < k, each element one chain of fused
// multiply-adds from zero, added to C where add is addSum; with addGoOn the
// chain begins with what C holds. All steps are bytes.
type gemmTile struct {
	a                 unsafe.Pointer // kernels may move it on
	aRow, aCol, aNext int            // aNext leads to the A of the next tile
	b                 unsafe.Pointer
	bRow              int
	c                 unsafe.Pointer
	cRow              int
	k                 int // length of the chains, at least 1
	tiles             int // number of tiles, at least 1; the kernel counts it down
	add               int
	w                 int // columns in use, for kernels with a mask
}
`

// What add says, as in runtime/kernel.
const (
	addSum  = 1
	addGoOn = 2
)

// Offsets of its fields.
const (
	offA = 8 * iota
	offARow
	offACol
	offANext
	offB
	offBRow
	offC
	offCRow
	offK
	offTiles
	offAdd
	offW
)

// elem is what differs between the element types.
type elem struct {
	bits  int
	lanes int    // of a 256-bit register
	s     string // suffix of packed instructions
}

var (
	f32 = elem{32, 8, "PS"}
	f64 = elem{64, 4, "PD"}
)

// scalar is an instruction of one element, VMOVSS for VMOV.
func (e elem) scalar(op string) string { return op + "S" + e.s[1:] }

// tileKernel is one micro-kernel: rows × vectors·lanes accumulators in
// registers. A masked one has w columns, the last of its vectors in part.
type tileKernel struct {
	elem
	rows, vectors int
	masked        bool
}

func (t tileKernel) name() string {
	mask := ""
	if t.masked {
		mask = "Mask"
	}
	return fmt.Sprintf("gemm%dx%dF%d%s", t.rows, t.vectors*t.lanes, t.bits, mask)
}

// The micro-kernels of each element type: rows by vectors. The first of each
// width is the best one, the others are for what is left of the rows; the
// widest are for products of one and two rows, whose chains would otherwise be
// too few to hide the latency of the sums.
var (
	fullTiles   = [][2]int{{6, 2}, {5, 2}, {4, 2}, {3, 2}, {2, 2}, {1, 2}, {12, 1}, {8, 1}, {4, 1}, {2, 1}, {1, 1}, {2, 4}, {1, 8}}
	maskedTiles = fullTiles[:11]
)

func gemmFile() *Asm {
	a := NewAsm("unsafe")
	a.Declare(tileType)
	a.Data("lanes32", ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), 0, 0, 0, 0)
	for _, e := range []elem{f32, f64} {
		for _, t := range fullTiles {
			tileKernel{e, t[0], t[1], false}.write(a)
		}
		for _, t := range maskedTiles {
			tileKernel{e, t[0], t[1], true}.write(a)
		}
	}
	for _, e := range []elem{f32, f64} {
		for _, groups := range []int{4, 1} {
			dotKernel{e, groups, false}.write(a)
			dotKernel{e, groups, true}.write(a)
		}
	}
	fmaRate(a)
	tileSwitch(a, f32)
	tileSwitch(a, f64)
	return a
}

// fmaRate writes the loop that the shares of benchmarks refer to.
func fmaRate(a *Asm) {
	f := a.Func("fmaRate does n times 12 independent fused multiply-adds of a register, for\nbenchmarks: no kernel can be faster.", "fmaRate", 0, "n int")
	f.Op("MOVQ", f.Arg("n"), CX)
	for i := Y(0); i <= 12; i++ {
		f.Op("VXORPS", i, i, i)
	}
	f.Label("loop")
	for i := Y(0); i < 12; i++ {
		f.Op("VFMADD231PS", Y(12), Y(12), i)
	}
	f.Op("DECQ", CX)
	f.Op("JNE", "loop")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// tileSwitch declares how the driver calls a kernel. A switch keeps the
// argument on the stack, which a table of functions would not.
func tileSwitch(a *Asm, e elem) {
	var b strings.Builder
	name := fmt.Sprintf("runTileF%d", e.bits)
	fmt.Fprintf(&b, "// %s calls the kernel of rows × vectors registers.\nfunc %s(rows, vectors int, masked bool, t *gemmTile) {\n", name, name)
	fmt.Fprintf(&b, "if masked {\nswitch rows<<4 | vectors {\n")
	for _, t := range maskedTiles {
		fmt.Fprintf(&b, "case %d<<4 | %d:\n%s(t)\n", t[0], t[1], tileKernel{e, t[0], t[1], true}.name())
	}
	fmt.Fprintf(&b, "}\nreturn\n}\nswitch rows<<4 | vectors {\n")
	for _, t := range fullTiles {
		fmt.Fprintf(&b, "case %d<<4 | %d:\n%s(t)\n", t[0], t[1], tileKernel{e, t[0], t[1], false}.name())
	}
	b.WriteString("}\n}\n")
	a.Declare(b.String())
}

// Registers of a tile kernel beside the accumulators, which come first.
const (
	rArgs, rA, rC    = AX, SI, DI
	rARow, rACol     = R8, R9
	rB, rBRow, rLeft = R12, R11, CX
	rW               = R10
)

// rowBases point to every third row of A; the rows between are reached with a
// scale.
var rowBases = []Reg{DX, BX, R10, R13}

func (t tileKernel) row(i int) Mem {
	m := Mem{Base: rowBases[i/3]}
	if i%3 > 0 {
		m.Index, m.Scale = rARow, i%3
	}
	return m
}

func (t tileKernel) acc(i, v int) Y { return Y(i*t.vectors + v) }

func (t tileKernel) write(a *Asm) {
	doc := fmt.Sprintf("%s is %d×%d elements of C a tile.", t.name(), t.rows, t.vectors*t.lanes)
	f := a.Func(doc, t.name(), 0, "t *gemmTile")
	f.Op("MOVQ", f.Arg("t"), rArgs)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offA}, rA)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offC}, rC)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offARow}, rARow)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offACol}, rACol)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offBRow}, rBRow)
	f.Label("tile")
	t.enter(f)
	f.Label("chain")
	t.step(f)
	f.Op("DECQ", rLeft)
	f.Op("JNE", "chain")
	t.leave(f)
	f.Op("ADDQ", Mem{Base: rArgs, Disp: offANext}, rA)
	f.Op("DECQ", Mem{Base: rArgs, Disp: offTiles})
	f.Op("JNE", "tile")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// mask is the register of the mask in the chain, the last.
const mask = Y(15)

// loadMask makes the mask of the last vector from the number of its columns.
func (t tileKernel) loadMask(f *Func) {
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offW}, rB)
	f.Op("NEGQ", rB)
	f.Op("LEAQ", "lanes32<>+32(SB)", rLeft)
	f.Op("VMOVUPS", Mem{Base: rLeft, Index: rB, Scale: t.bits / 8, Disp: (t.vectors - 1) * 32}, mask)
}

// enter sets up the pointers of a tile and clears the accumulators, or takes
// them from C. The lines of C are asked for now, so that they arrive while the
// chains run.
func (t tileKernel) enter(f *Func) {
	if t.masked {
		t.loadMask(f)
	}
	f.Op("MOVQ", rC, rB)
	for i := 0; i < t.rows; i++ {
		for v := 0; v < t.vectors; v += 2 {
			f.Op("PREFETCHT0", Mem{Base: rB, Disp: 32 * v})
		}
		if i+1 < t.rows {
			f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rB)
		}
	}
	for i, p := range rowBases[:(t.rows+2)/3] {
		if i == 0 {
			f.Op("MOVQ", rA, p)
			continue
		}
		f.Op("LEAQ", Mem{Base: rowBases[i-1], Index: rARow, Scale: 2}, p)
		f.Op("ADDQ", rARow, p)
	}
	for i := 0; i < t.rows*t.vectors; i++ {
		f.Op("VXORPS", Y(i), Y(i), Y(i))
	}
	f.Op("CMPQ", Mem{Base: rArgs, Disp: offAdd}, addGoOn)
	f.Op("JNE", "begin")
	f.Op("MOVQ", rC, rB)
	for i := 0; i < t.rows; i++ {
		for v := 0; v < t.vectors; v++ {
			c := Mem{Base: rB, Disp: 32 * v}
			if t.masked && v == t.vectors-1 {
				f.Op("VMASKMOV"+t.s, c, mask, t.acc(i, v))
			} else {
				f.Op("VMOVU"+t.s, c, t.acc(i, v))
			}
		}
		f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rB)
	}
	f.Label("begin")
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offB}, rB)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offK}, rLeft)
}

// step is one link of all chains.
func (t tileKernel) step(f *Func) {
	if t.rows*t.vectors >= 8 && t.vectors < 4 {
		f.Op("PREFETCHT0", Mem{Base: rB, Index: rBRow, Scale: 8})
		f.Op("PREFETCHT0", Mem{Base: rowBases[0], Index: rACol, Scale: 8})
	}
	n := t.rows * t.vectors
	one := t.rows == 1 && !t.masked // no row shares B, so it is read where it is used
	for v := 0; v < t.vectors && !one; v++ {
		b := Mem{Base: rB, Disp: 32 * v}
		if t.masked && v == t.vectors-1 {
			f.Op("VMASKMOV"+t.s, b, mask, Y(n+v))
		} else {
			f.Op("VMOVU"+t.s, b, Y(n+v))
		}
	}
	for i := 0; i < t.rows; i++ {
		x := Y(n + t.vectors)
		if one {
			x = Y(n)
		}
		f.Op(t.scalar("VBROADCAST"), t.row(i), x)
		for v := 0; v < t.vectors; v++ {
			if one {
				f.Op("VFMADD231"+t.s, Mem{Base: rB, Disp: 32 * v}, x, t.acc(i, v))
			} else {
				f.Op("VFMADD231"+t.s, Y(n+v), x, t.acc(i, v))
			}
		}
	}
	f.Op("ADDQ", rBRow, rB)
	for _, p := range rowBases[:(t.rows+2)/3] {
		f.Op("ADDQ", rACol, p)
	}
}

// leave writes the tile, added to C or over it, and moves on to the rows of C
// below.
func (t tileKernel) leave(f *Func) {
	f.Op("CMPQ", Mem{Base: rArgs, Disp: offAdd}, addSum)
	f.Op("JNE", "store")
	f.Op("MOVQ", rC, rB)
	for i := 0; i < t.rows; i++ {
		for v := 0; v < t.vectors; v++ {
			c, acc := Mem{Base: rB, Disp: 32 * v}, t.acc(i, v)
			if t.masked && v == t.vectors-1 {
				f.Op("VMASKMOV"+t.s, c, mask, Y(14))
				f.Op("VADD"+t.s, Y(14), acc, acc)
			} else {
				f.Op("VADD"+t.s, c, acc, acc)
			}
		}
		f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rB)
	}
	f.Label("store")
	if t.masked {
		f.Op("MOVQ", Mem{Base: rArgs, Disp: offW}, rW)
	}
	for i := 0; i < t.rows; i++ {
		for v := 0; v < t.vectors; v++ {
			c := Mem{Base: rC, Disp: 32 * v}
			if t.masked && v == t.vectors-1 {
				f.Op("LEAQ", c, rB)
				t.storePart(f, t.acc(i, v))
			} else {
				f.Op("VMOVU"+t.s, t.acc(i, v), c)
			}
		}
		f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rC)
	}
}

// storePart writes the first columns of a vector in pieces: a masked store
// costs far more on some processors.
func (t tileKernel) storePart(f *Func, y Y) {
	x := y.Low()
	whole, end := f.NewLabel("whole"), f.NewLabel("end")
	f.Op("CMPQ", rW, t.vectors*t.lanes)
	f.Op("JEQ", whole)
	for n := t.lanes / 2; n > 0; n /= 2 {
		next := f.NewLabel("piece")
		f.Op("TESTQ", n, rW)
		f.Op("JEQ", next)
		switch n * t.bits {
		case 128:
			f.Op("VMOVU"+t.s, x, Mem{Base: rB})
			f.Op("ADDQ", 16, rB)
			f.Op("VEXTRACTF128", 1, y, x)
		case 64:
			f.Op("VMOVSD", x, Mem{Base: rB})
			if t.bits == 32 {
				f.Op("ADDQ", 8, rB)
				f.Op("VMOVHLPS", x, x, x)
			}
		case 32:
			f.Op("VMOVSS", x, Mem{Base: rB})
		}
		f.Label(next)
	}
	f.Op("JMP", end)
	f.Label(whole)
	f.Op("VMOVU"+t.s, y, Mem{Base: rB})
	f.Label(end)
}
