package gen

import "fmt"

// dotKernel is rows of A times a vector, or times rows of B of their own: the
// links of a row lie side by side, so that blocks of rows are transposed in
// registers and every lane is the chain of one row. Several groups of rows at
// once hide the latency of the sums.
type dotKernel struct {
	elem
	groups int
	pairs  bool
}

func (d dotKernel) name() string {
	stem := "dot"
	if d.pairs {
		stem = "pair"
	}
	return fmt.Sprintf("%s%dF%d", stem, d.groups*d.lanes, d.bits)
}

// Registers of dot kernels beside those of the columns, which are the first.
const (
	rDotA, rDotB        = SI, DI // of the first row, at the links of the block
	rDotStep, rDotStep3 = R8, R9
	rPairStep           = R10
	rPairStep3          = R11
	rSecond             = BX
	rGroupA, rGroupB    = DX, R12
	rRest               = R13
	dotSums             = Y(12)
)

func (d dotKernel) write(a *Asm) {
	what := "the vector b"
	frame := 0
	if d.pairs {
		what, frame = "the rows of B, bRow apart", d.lanes*32
	}
	doc := fmt.Sprintf("%s is c[i] = Σ a[i,l]·b[l] for %d rows a tile, with %s.\nThe links are contiguous, and so is c.", d.name(), d.groups*d.lanes, what)
	f := a.Func(doc, d.name(), frame, "t *gemmTile")
	f.Op("MOVQ", f.Arg("t"), rArgs)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offARow}, rDotStep)
	f.Op("LEAQ", Mem{Base: rDotStep, Index: rDotStep, Scale: 2}, rDotStep3)
	if d.pairs {
		f.Op("MOVQ", Mem{Base: rArgs, Disp: offBRow}, rPairStep)
		f.Op("LEAQ", Mem{Base: rPairStep, Index: rPairStep, Scale: 2}, rPairStep3)
	}
	f.Label("tile")
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offA}, rDotA)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offB}, rDotB)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offK}, CX)
	f.Op("MOVQ", CX, rRest)
	f.Op("ANDQ", d.lanes-1, rRest)
	for g := 0; g < d.groups; g++ {
		f.Op("VXORPS", dotSums+Y(g), dotSums+Y(g), dotSums+Y(g))
	}
	f.Op("SUBQ", rRest, CX)
	f.Op("JEQ", "rest")
	f.Op("SUBQ", 2*d.lanes, CX)
	f.Op("JLT", "half")
	f.Label("line")
	d.block(f, 2, false)
	f.Op("ADDQ", 64, rDotA)
	f.Op("ADDQ", 64, rDotB)
	f.Op("SUBQ", 2*d.lanes, CX)
	f.Op("JGE", "line")
	f.Label("half")
	f.Op("ADDQ", 2*d.lanes, CX)
	f.Op("JEQ", "rest")
	d.block(f, 1, false)
	f.Op("ADDQ", 32, rDotA)
	f.Op("ADDQ", 32, rDotB)
	f.Label("rest")
	f.Op("TESTQ", rRest, rRest)
	f.Op("JEQ", "store")
	d.block(f, 1, true)
	f.Label("store")
	d.store(f)
	f.Op("DECQ", Mem{Base: rArgs, Disp: offTiles})
	f.Op("JEQ", "done")
	d.advance(f)
	f.Op("JMP", "tile")
	f.Label("done")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// block is so many squares of links of every group, or the rest of the links. A
// group goes on while it has the cache line: with rows far apart, the lines of
// the other groups would push it out.
func (d dotKernel) block(f *Func, squares int, rest bool) {
	f.Op("MOVQ", rDotA, rGroupA)
	if d.pairs {
		f.Op("MOVQ", rDotB, rGroupB)
	}
	for g := 0; g < d.groups; g++ {
		for q := 0; q < squares; q++ {
			d.square(f, dotSums+Y(g), q, rest)
		}
		d.below(f, rGroupA, rDotStep, squares)
		if d.pairs {
			d.below(f, rGroupB, rPairStep, squares)
		}
	}
}

// square adds one square of links to the sums of a group, and moves on by it.
func (d dotKernel) square(f *Func, sum Y, q int, rest bool) {
	columns := d.columns(f, rGroupA, rDotStep, rDotStep3, rest)
	f.Op("ADDQ", 32, rGroupA)
	if d.pairs {
		for l, y := range columns {
			f.Op("VMOVU"+d.s, y, Mem{Base: "SP", Disp: 32 * l})
		}
		columns = d.columns(f, rGroupB, rPairStep, rPairStep3, rest)
		f.Op("ADDQ", 32, rGroupB)
	}
	end := f.NewLabel("end")
	for l, y := range columns {
		if rest && l > 0 {
			f.Op("CMPQ", rRest, l)
			f.Op("JEQ", end)
		}
		if d.pairs {
			f.Op("VFMADD231"+d.s, Mem{Base: "SP", Disp: 32 * l}, y, sum)
			continue
		}
		f.Op(d.scalar("VBROADCAST"), Mem{Base: rDotB, Disp: 32*q + l*d.bits/8}, Y(8))
		f.Op("VFMADD231"+d.s, y, Y(8), sum)
	}
	f.Label(end)
}

// below moves a pointer behind so many squares to the first link of the next
// group.
func (d dotKernel) below(f *Func, p, step Reg, squares int) {
	f.Op("LEAQ", Mem{Base: p, Index: step, Scale: 4, Disp: -32 * squares}, p)
	if d.bits == 32 {
		f.Op("LEAQ", Mem{Base: p, Index: step, Scale: 4}, p)
	}
}

// columns loads a square of one group of rows.
func (d dotKernel) columns(f *Func, p, step, step3 Reg, rest bool) []Y {
	var load loader
	if rest {
		load = d.masks(f)
	}
	return loadTransposed(f, d.elem, p, rSecond, step, step3, load)
}

// masks makes the masks of the two halves of the last links, and is a loader
// that uses them.
func (d dotKernel) masks(f *Func) loader {
	low, high := Y(10), Y(11)
	half, size := d.lanes/2, d.bits/8
	f.Op("MOVQ", rRest, rSecond)
	f.Op("NEGQ", rSecond)
	f.Op("LEAQ", "lanes32<>+32(SB)", CX)
	f.Op("VMOVUPS", Mem{Base: CX, Index: rSecond, Scale: size}, low)
	f.Op("VEXTRACTF128", 1, low, high.Low())
	return func(m Mem, at int, to X) {
		m.Disp += at * half * size
		f.Op("VMASKMOV"+d.s, m, X(low)+X(at), to)
	}
}

// store adds or writes the sums of the tile.
func (d dotKernel) store(f *Func) {
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offC}, rGroupA)
	f.Op("CMPQ", Mem{Base: rArgs, Disp: offAdd}, 0)
	f.Op("JEQ", "write")
	for g := 0; g < d.groups; g++ {
		sum := dotSums + Y(g)
		f.Op("VADD"+d.s, Mem{Base: rGroupA, Disp: 32 * g}, sum, sum)
	}
	f.Label("write")
	for g := 0; g < d.groups; g++ {
		f.Op("VMOVU"+d.s, dotSums+Y(g), Mem{Base: rGroupA, Disp: 32 * g})
	}
}

// advance moves on to the rows of the next tile.
func (d dotKernel) advance(f *Func) {
	f.Op("ADDQ", 32*d.groups, Mem{Base: rArgs, Disp: offC})
	rows := d.groups * d.lanes
	f.Op("MOVQ", rDotStep, rSecond)
	f.Op("IMULQ", rows, rSecond)
	f.Op("ADDQ", rSecond, Mem{Base: rArgs, Disp: offA})
	if d.pairs {
		f.Op("MOVQ", rPairStep, rSecond)
		f.Op("IMULQ", rows, rSecond)
		f.Op("ADDQ", rSecond, Mem{Base: rArgs, Disp: offB})
	}
}
