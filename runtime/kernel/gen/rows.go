package gen

import "github.com/dfc-lang/dfc/runtime/kernel/macro"

// Rows that lie anywhere: copies from and to them, sums into them. Vectors of
// 256 bits are enough: rows are short, and waiting for memory takes the rest.
func rowsFile() *Asm {
	a := NewAsm("unsafe")
	a.Data("eight", 1<<32, 3<<32|2, 5<<32|4, 7<<32|6)
	rowKernel{name: "gatherRows", doc: "copies rows to x, the rows that idx names", move: copyFrom, fills: true}.write(a)
	rowKernel{name: "writeRows", doc: "copies x to rows, those that idx names, the last one first", move: copyTo, back: true}.write(a)
	for _, l := range []macro.Lane{macro.F32, macro.F64} {
		rowKernel{name: "addRows" + upper(l), doc: "adds x to rows, those that idx names", move: func(f *Func) { addRow(f, suffix(l), false) }}.write(a)
	}
	writeFirsts(a)
	for _, l := range []macro.Lane{macro.F32, macro.F64} {
		foldRows(a, l)
	}
	gatherLines(a, "gatherLines", false)
	gatherLines(a, "gatherLines512", true)
	writeFirstLines(a)
	return a
}

// rowKernel is a walk over indices, in order or backwards.
type rowKernel struct {
	name, doc string
	back      bool
	fills     bool          // x is written, and its lines are asked for
	move      func(f *Func) // a row at rRow and the one of x at rX, of rSize bytes
}

// Registers of these kernels.
const (
	rRows, rIdx, rX, rSize = DI, SI, DX, R8
	rRow, rPos, rPart      = R9, R12, R11 // the position counts indices
	rStep                  = BX           // bytes of the row that are done
)

// writeAhead is how many rows ahead those that are written are asked for.
const writeAhead = 24

func (k rowKernel) write(a *Asm) {
	doc := k.name + " " + k.doc + ", of size bytes, a multiple of 4. Only those from … from+part\nare done, and the ones ahead of them asked for. It returns a position where an\nindex is none of 0 … n and stops there; -1 where there is none."
	f := a.FuncResult(doc, k.name, 0, "bad int", "rows unsafe.Pointer", "x unsafe.Pointer", "idx *int32", "many int", "size int", "n int",
		"from int", "part int", "ahead int")
	for _, p := range []struct {
		name string
		reg  Reg
	}{{"rows", rRows}, {"x", rX}, {"idx", rIdx}, {"many", CX}, {"size", rSize}, {"part", rPart}} {
		f.Op("MOVQ", f.Arg(p.name), p.reg)
	}
	if k.back {
		f.Op("LEAQ", Mem{Base: CX, Disp: -1}, rPos)
		f.Op("MOVQ", rPos, AX)
		f.Op("IMULQ", rSize, AX)
		f.Op("ADDQ", AX, rX)
	} else {
		f.Op("XORL", rPos, rPos)
	}
	f.Label("loop")
	if k.back {
		f.Op("TESTQ", rPos, rPos)
		f.Op("JLT", "done")
	} else {
		f.Op("CMPQ", rPos, CX)
		f.Op("JGE", "done")
	}
	f.Op("MOVLQSX", Mem{Base: rIdx, Index: rPos, Scale: 4}, rRow)
	f.Op("CMPQ", rRow, f.Arg("n"))
	f.Op("JCC", "bad")
	f.Op("MOVQ", rRow, AX)
	f.Op("SUBQ", f.Arg("from"), AX)
	f.Op("CMPQ", AX, rPart)
	f.Op("JCC", "next")
	k.ask(f)
	if k.fills {
		f.Op("PREFETCHT0", Mem{Base: rX})
		f.Op("PREFETCHT0", Mem{Base: rX, Index: rSize, Scale: 1, Disp: -1})
	}
	f.Op("IMULQ", rSize, rRow)
	f.Op("ADDQ", rRows, rRow)
	k.move(f)
	f.Label("next")
	if k.back {
		f.Op("SUBQ", rSize, rX)
		f.Op("DECQ", rPos)
	} else {
		f.Op("ADDQ", rSize, rX)
		f.Op("INCQ", rPos)
	}
	f.Op("JMP", "loop")
	f.Label("bad")
	f.Op("MOVQ", rPos, f.Arg("bad"))
	f.Op("VZEROUPPER")
	f.Op("RET")
	f.Label("done")
	f.Op("MOVQ", -1, f.Arg("bad"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// ask prefetches the first and last line of the row ahead; nothing is read, so
// that no index is bad.
func (k rowKernel) ask(f *Func) {
	f.Op("MOVQ", rPos, AX)
	if k.back {
		f.Op("XORL", R10, R10)
		f.Op("SUBQ", f.Arg("ahead"), AX)
		f.Op("CMOVQLT", R10, AX)
	} else {
		f.Op("LEAQ", Mem{Base: CX, Disp: -1}, R10)
		f.Op("ADDQ", f.Arg("ahead"), AX)
		f.Op("CMPQ", AX, R10)
		f.Op("CMOVQGT", R10, AX)
	}
	askFor(f)
}

// askFor prefetches the row of the position in AX.
func askFor(f *Func) {
	f.Op("MOVLQSX", Mem{Base: rIdx, Index: AX, Scale: 4}, AX)
	f.Op("IMULQ", rSize, AX)
	f.Op("ADDQ", rRows, AX)
	f.Op("PREFETCHT0", Mem{Base: AX})
	f.Op("PREFETCHT0", Mem{Base: AX, Index: rSize, Scale: 1, Disp: -1})
}

// rowPieces runs body over a row: 64 bytes a turn, and what is left in pieces of
// half as many each.
func rowPieces(f *Func, body func(size, disp int)) {
	f.Op("XORL", rStep, rStep)
	f.Op("LEAQ", Mem{Base: rSize, Disp: -64}, AX)
	f.Op("CMPQ", rStep, AX)
	f.Op("JGT", "left")
	f.Label("along")
	body(32, 0)
	body(32, 32)
	f.Op("ADDQ", 64, rStep)
	f.Op("CMPQ", rStep, AX)
	f.Op("JLE", "along")
	f.Label("left")
	for size := 32; size >= 4; size /= 2 {
		skip := f.NewLabel("less")
		f.Op("TESTQ", size, rSize)
		f.Op("JEQ", skip)
		body(size, 0)
		f.Op("ADDQ", size, rStep)
		f.Label(skip)
	}
}

// partOf is a load or store of some bytes, and the register for it.
func partOf(size int) (move string, reg any) {
	switch size {
	case 32:
		return "VMOVUPS", Y(0)
	case 16:
		return "VMOVUPS", X(0)
	case 8:
		return "VMOVSD", X(0)
	}
	return "VMOVSS", X(0)
}

// beginFirsts brings the arguments of what writes first rows into registers.
func beginFirsts(f *Func) {
	for _, p := range []struct {
		name string
		reg  Reg
	}{{"rows", rRows}, {"x", rX}, {"idx", rIdx}, {"first", R10}, {"at", rPart}, {"many", CX}, {"size", rSize}, {"n", R13}} {
		f.Op("MOVQ", f.Arg(p.name), p.reg)
	}
	f.Op("XORL", rPos, rPos)
}

// writeFirsts writes rows in order, those of positions that are the first with
// their index.
func writeFirsts(a *Asm) {
	f := a.FuncResult("writeFirsts copies x to rows, those that idx names, where first is the position: the first of all with this index.\nPositions count from at, and there are many; rows are of size bytes, a multiple of 4. bad is how many are done\nwhere an index is none of 0 … n, -1 where there is none.",
		"writeFirsts", 0, "bad int", "rows unsafe.Pointer", "x unsafe.Pointer", "idx *int32", "first *int32", "at int", "many int", "size int", "n int")
	beginFirsts(f)
	f.Label("loop")
	f.Op("CMPQ", rPos, CX)
	f.Op("JGE", "done")
	f.Op("MOVLQSX", Mem{Base: R10, Index: rPos, Scale: 4}, AX)
	f.Op("MOVLQSX", Mem{Base: rIdx, Index: rPos, Scale: 4}, rRow)
	f.Op("CMPQ", AX, rPart)
	f.Op("JNE", "next")
	f.Op("CMPQ", rRow, R13)
	f.Op("JCC", "bad")
	f.Op("LEAQ", Mem{Base: rPos, Disp: writeAhead}, AX)
	f.Op("LEAQ", Mem{Base: CX, Disp: -1}, BX)
	f.Op("CMPQ", AX, BX)
	f.Op("CMOVQGT", BX, AX)
	askFor(f)
	f.Op("IMULQ", rSize, rRow)
	f.Op("ADDQ", rRows, rRow)
	copyTo(f)
	f.Label("next")
	f.Op("ADDQ", rSize, rX)
	f.Op("INCQ", rPos)
	f.Op("INCQ", rPart)
	f.Op("JMP", "loop")
	f.Label("done")
	f.Op("MOVQ", -1, rPos)
	f.Label("bad")
	f.Op("MOVQ", rPos, f.Arg("bad"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// Rows of whole lines have kernels of their own: they come from the second cache as
// fast as half of the instructions of the others, which go by every length, run.

// gatherLines gathers rows of whole lines, with one store a line where it is wide:
// stores wait for lines that are not in the first cache.
func gatherLines(a *Asm, name string, wide bool) {
	f := a.FuncResult(name+" is gatherRows of all rows, where size is a multiple of 64.", name, 0, "bad int",
		"rows unsafe.Pointer", "x unsafe.Pointer", "idx *int32", "many int", "size int", "n int", "ahead int")
	for _, p := range []struct {
		name string
		reg  Reg
	}{{"rows", rRows}, {"x", rX}, {"idx", rIdx}, {"many", CX}, {"size", rSize}, {"n", R13}, {"ahead", R10}} {
		f.Op("MOVQ", f.Arg(p.name), p.reg)
	}
	f.Op("XORL", rPos, rPos)
	f.Label("loop")
	f.Op("CMPQ", rPos, CX)
	f.Op("JGE", "done")
	f.Op("MOVLQSX", Mem{Base: rIdx, Index: rPos, Scale: 4}, rRow)
	f.Op("CMPQ", rRow, R13)
	f.Op("JCC", "done")
	askAhead(f, Mem{Base: rPos, Index: R10, Scale: 1})
	f.Op("IMULQ", rSize, rRow)
	f.Op("ADDQ", rRows, rRow)
	copyLines(f, rX, rRow, true, wide)
	f.Op("ADDQ", rSize, rX)
	f.Op("INCQ", rPos)
	f.Op("JMP", "loop")
	endLines(f)
}

// writeFirstLines writes rows of whole lines.
func writeFirstLines(a *Asm) {
	f := a.FuncResult("writeFirstLines is writeFirsts where size is a multiple of 64.", "writeFirstLines", 0, "bad int",
		"rows unsafe.Pointer", "x unsafe.Pointer", "idx *int32", "first *int32", "at int", "many int", "size int", "n int")
	beginFirsts(f)
	f.Label("loop")
	f.Op("CMPQ", rPos, CX)
	f.Op("JGE", "done")
	f.Op("MOVLQSX", Mem{Base: R10, Index: rPos, Scale: 4}, AX)
	f.Op("CMPQ", AX, rPart)
	f.Op("JNE", "next")
	f.Op("MOVLQSX", Mem{Base: rIdx, Index: rPos, Scale: 4}, rRow)
	f.Op("CMPQ", rRow, R13)
	f.Op("JCC", "done")
	askAhead(f, Mem{Base: rPos, Disp: writeAhead})
	f.Op("IMULQ", rSize, rRow)
	f.Op("ADDQ", rRows, rRow)
	copyLines(f, rRow, rX, false, false)
	f.Label("next")
	f.Op("ADDQ", rSize, rX)
	f.Op("INCQ", rPos)
	f.Op("INCQ", rPart)
	f.Op("JMP", "loop")
	endLines(f)
}

// askAhead prefetches the row of a position further on, if there is one.
func askAhead(f *Func, position Mem) {
	f.Op("LEAQ", position, AX)
	f.Op("CMPQ", AX, CX)
	f.Op("JGE", "near")
	askFor(f)
	f.Label("near")
}

// copyLines copies the lines of a row, and may ask for those that it fills.
func copyLines(f *Func, to, from Reg, fills, wide bool) {
	at := func(r Reg, disp int) Mem { return Mem{Base: r, Index: rStep, Scale: 1, Disp: disp} }
	f.Op("XORL", rStep, rStep)
	f.Label("line")
	if fills {
		f.Op("PREFETCHT0", at(to, 0))
	}
	if wide {
		f.Op("VMOVUPS", at(from, 0), Z(0))
		f.Op("VMOVUPS", Z(0), at(to, 0))
	} else {
		f.Op("VMOVUPS", at(from, 0), Y(0))
		f.Op("VMOVUPS", at(from, 32), Y(1))
		f.Op("VMOVUPS", Y(0), at(to, 0))
		f.Op("VMOVUPS", Y(1), at(to, 32))
	}
	f.Op("ADDQ", 64, rStep)
	f.Op("CMPQ", rStep, rSize)
	f.Op("JLT", "line")
}

// endLines returns the position at which a loop over rows has stopped, -1 where
// that is behind the last.
func endLines(f *Func) {
	f.Label("done")
	f.Op("MOVQ", -1, AX)
	f.Op("CMPQ", rPos, CX)
	f.Op("CMOVQGE", AX, rPos)
	f.Op("MOVQ", rPos, f.Arg("bad"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// foldRows adds the rows of positions that are not the first to the one that is.
// Nearly all are: eight that are passed at once.
func foldRows(a *Asm, l macro.Lane) {
	name := "foldRows" + upper(l)
	f := a.Func(name+" adds each row whose first is not its position to the row of its first, and makes it 0: positions from …\nto, in order. Rows are of size bytes, a multiple of 4, and no first is greater than its position.",
		name, 0, "rows unsafe.Pointer", "first *int32", "from int", "to int", "size int")
	for _, p := range []struct {
		name string
		reg  Reg
	}{{"rows", rRows}, {"first", rIdx}, {"from", rPos}, {"to", CX}, {"size", rSize}} {
		f.Op("MOVQ", f.Arg(p.name), p.reg)
	}
	at := Mem{Base: rIdx, Index: rPos, Scale: 4}
	f.Op("VXORPS", Y(15), Y(15), Y(15))
	f.Op("VMOVDQU", Static("eight", 0), Y(14))
	f.Label("loop")
	f.Op("LEAQ", Mem{Base: rPos, Disp: 8}, AX)
	f.Op("CMPQ", AX, CX)
	f.Op("JGT", "single")
	f.Op("VMOVD", rPos, X(0))
	f.Op("VPBROADCASTD", X(0), Y(0))
	f.Op("VPADDD", Y(14), Y(0), Y(0))
	f.Op("VPCMPEQD", at, Y(0), Y(0))
	f.Op("VMOVMSKPS", Y(0), R10)
	f.Op("XORL", 255, R10)
	f.Op("JNE", "some")
	f.Op("MOVQ", AX, rPos)
	f.Op("JMP", "loop")
	f.Label("some")
	f.Op("BSFL", R10, R10)
	f.Op("ADDQ", R10, rPos)
	f.Label("single")
	f.Op("CMPQ", rPos, CX)
	f.Op("JGE", "done")
	f.Op("MOVLQSX", at, rRow)
	f.Op("CMPQ", rRow, rPos)
	f.Op("JEQ", "next")
	f.Op("IMULQ", rSize, rRow)
	f.Op("ADDQ", rRows, rRow)
	f.Op("MOVQ", rPos, rX)
	f.Op("IMULQ", rSize, rX)
	f.Op("ADDQ", rRows, rX)
	addRow(f, suffix(l), true)
	f.Label("next")
	f.Op("INCQ", rPos)
	f.Op("JMP", "loop")
	f.Label("done")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

func copyFrom(f *Func) { copyRow(f, rX, rRow) }
func copyTo(f *Func)   { copyRow(f, rRow, rX) }

func copyRow(f *Func, to, from Reg) {
	rowPieces(f, func(size, disp int) {
		move, reg := partOf(size)
		f.Op(move, Mem{Base: from, Index: rStep, Scale: 1, Disp: disp}, reg)
		f.Op(move, reg, Mem{Base: to, Index: rStep, Scale: 1, Disp: disp})
	})
}

// addRow adds a row to another, lanes with the suffix s, and may make it 0.
func addRow(f *Func, s string, clear bool) {
	rowPieces(f, func(size, disp int) {
		x, row := Mem{Base: rX, Index: rStep, Scale: 1, Disp: disp}, Mem{Base: rRow, Index: rStep, Scale: 1, Disp: disp}
		move, reg := partOf(size)
		f.Op(move, row, reg)
		switch {
		case size >= 16:
			f.Op("VADD"+s, x, reg, reg)
		case size == 8:
			f.Op(move, x, X(1))
			f.Op("VADD"+s, X(1), X(0), X(0))
		default: // half a number of f64 is never left
			f.Op("VADDSS", x, X(0), X(0))
		}
		f.Op(move, reg, row)
		if clear {
			zero := any(X(15))
			if size == 32 {
				zero = Y(15)
			}
			f.Op(move, zero, x)
		}
	})
}
