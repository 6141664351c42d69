package gen

import "fmt"

// rowsFile is what moves and adds rows that indices name: tables of rows are
// larger than the caches, so rows are asked for some positions before their turn.
func rowsFile() *Asm {
	a := NewAsm("unsafe")
	gatherRows(a)
	writeRows(a)
	for _, e := range []elem{f32, f64} {
		addRows(a, e)
		addFirsts(a, e)
	}
	return a
}

// rowsAhead is how many rows are asked for before their turn.
const rowsAhead = 32

const rowsDoc = ` Rows are of bytes, a multiple of 32, and there
are many indices, at least 1. bad is the position of an index outside 0 … n, where it
stopped, -1 where there is none.`

// rowKernel is a loop over positions: R9 is the position, SI the table, BX the
// indices, CX their number, R8 the rows of the table, DX their bytes.
type rowKernel struct {
	*Func
	down bool
}

func newRowKernel(a *Asm, doc, name, table, other string, down bool) rowKernel {
	f := a.FuncResult(doc+rowsDoc, name, 0, "bad int", table+" unsafe.Pointer", other+" unsafe.Pointer",
		"idx *int32", "many int", "n int", "bytes int")
	f.Op("MOVQ", f.Arg(table), SI)
	f.Op("MOVQ", f.Arg(other), DI)
	f.Op("MOVQ", f.Arg("idx"), BX)
	f.Op("MOVQ", f.Arg("many"), CX)
	f.Op("MOVQ", f.Arg("n"), R8)
	f.Op("MOVQ", f.Arg("bytes"), DX)
	k := rowKernel{f, down}
	if down {
		f.Op("LEAQ", Mem{Base: CX, Disp: -1}, R9)
		f.Op("MOVQ", R9, AX)
		f.Op("IMULQ", DX, AX)
		f.Op("ADDQ", AX, DI)
	} else {
		f.Op("XORQ", R9, R9)
	}
	f.Label("row")
	return k
}

// ask prefetches the row of a later position, where there is one.
func (k rowKernel) ask() {
	if k.down {
		k.Op("LEAQ", Mem{Base: R9, Disp: -rowsAhead}, R10)
		k.Op("TESTQ", R10, R10)
		k.Op("JLT", "asked")
	} else {
		k.Op("LEAQ", Mem{Base: R9, Disp: rowsAhead}, R10)
		k.Op("CMPQ", R10, CX)
		k.Op("JGE", "asked")
	}
	k.Op("MOVLQSX", Mem{Base: BX, Index: R10, Scale: 4}, R11)
	k.Op("IMULQ", DX, R11)
	k.Op("ADDQ", SI, R11)
	k.Op("PREFETCHT0", Mem{Base: R11})
	k.Op("PREFETCHT0", Mem{Base: R11, Index: DX, Scale: 1, Disp: -1})
	k.Label("asked")
}

// find puts the address of the row of this position into R11.
func (k rowKernel) find() {
	k.Op("MOVL", Mem{Base: BX, Index: R9, Scale: 4}, R11)
	k.Op("CMPQ", R11, R8)
	k.Op("JAE", "bad")
	k.Op("IMULQ", DX, R11)
	k.Op("ADDQ", SI, R11)
}

// each runs body for each 32 bytes of a row at a and b, which it moves on.
func (k rowKernel) each(label string, a, b Reg, body func()) {
	k.Op("MOVQ", DX, R12)
	k.Label(label)
	body()
	k.Op("ADDQ", 32, a)
	k.Op("ADDQ", 32, b)
	k.Op("SUBQ", 32, R12)
	k.Op("JNE", label)
}

// end closes the loop over positions.
func (k rowKernel) end() {
	if k.down {
		k.Op("SUBQ", DX, DI)
		k.Op("SUBQ", DX, DI)
		k.Op("DECQ", R9)
		k.Op("JGE", "row")
	} else {
		k.Op("INCQ", R9)
		k.Op("CMPQ", R9, CX)
		k.Op("JLT", "row")
	}
	k.Op("MOVQ", -1, R9)
	k.Label("bad")
	k.Op("MOVQ", R9, k.Arg("bad"))
	k.Op("VZEROUPPER")
	k.Op("RET")
}

func gatherRows(a *Asm) {
	k := newRowKernel(a, "gatherRows copies dst[j] = rows[idx[j]].", "gatherRows", "rows", "dst", false)
	k.ask()
	k.find()
	k.each("copy", R11, DI, func() {
		k.Op("VMOVUPS", Mem{Base: R11}, Y(0))
		k.Op("VMOVUPS", Y(0), Mem{Base: DI})
	})
	k.end()
}

func writeRows(a *Asm) {
	k := newRowKernel(a, "writeRows copies rows[idx[j]] = upd[j], the last position first, so that of equal\nindices the first counts.", "writeRows", "rows", "upd", true)
	k.ask()
	k.find()
	k.each("copy", R11, DI, func() {
		k.Op("VMOVUPS", Mem{Base: DI}, Y(0))
		k.Op("VMOVUPS", Y(0), Mem{Base: R11})
	})
	k.end()
}

func addRows(a *Asm, e elem) {
	name := fmt.Sprintf("addRowsF%d", e.bits)
	k := newRowKernel(a, name+" adds acc[idx[j]] += upd[j], in the order of positions.", name, "acc", "upd", false)
	k.ask()
	k.find()
	k.each("add", R11, DI, func() {
		k.Op("VMOVU"+e.s, Mem{Base: R11}, Y(0))
		k.Op("VADD"+e.s, Mem{Base: DI}, Y(0), Y(0))
		k.Op("VMOVU"+e.s, Y(0), Mem{Base: R11})
	})
	k.end()
}

// addFirsts writes the sum by positions that came before: every row is written
// once in order, and the few that share one go back to it.
func addFirsts(a *Asm, e elem) {
	name := fmt.Sprintf("addFirstsF%d", e.bits)
	k := newRowKernel(a, name+` is 0 and addRows after it, where no index is greater than its
position: one that is greater is a bad one.`, name, "acc", "upd", false)
	k.Op("VXORPS", Y(15), Y(15), Y(15))
	k.Op("MOVQ", SI, R13)
	k.Label("next")
	k.Op("MOVL", Mem{Base: BX, Index: R9, Scale: 4}, R11)
	k.Op("CMPQ", R11, R9)
	k.Op("JA", "bad")
	k.Op("JNE", "shared")
	k.each("own", R13, DI, func() {
		k.Op("VADD"+e.s, Mem{Base: DI}, Y(15), Y(0))
		k.Op("VMOVU"+e.s, Y(0), Mem{Base: R13})
	})
	k.Op("INCQ", R9)
	k.Op("CMPQ", R9, CX)
	k.Op("JLT", "next")
	k.Op("JMP", "done")
	k.Label("shared")
	k.Op("IMULQ", DX, R11)
	k.Op("ADDQ", SI, R11)
	k.each("add", R13, DI, func() {
		k.Op("VMOVU"+e.s, Y(15), Mem{Base: R13})
		k.Op("VMOVU"+e.s, Mem{Base: R11}, Y(0))
		k.Op("VADD"+e.s, Mem{Base: DI}, Y(0), Y(0))
		k.Op("VMOVU"+e.s, Y(0), Mem{Base: R11})
		k.Op("ADDQ", 32, R11)
	})
	k.Op("INCQ", R9)
	k.Op("CMPQ", R9, CX)
	k.Op("JLT", "next")
	k.Label("done")
	k.Op("MOVQ", -1, R9)
	k.Label("bad")
	k.Op("MOVQ", R9, k.Arg("bad"))
	k.Op("VZEROUPPER")
	k.Op("RET")
}
