package gen

import "fmt"

// firstsFile is the sum of rows that start from zeros.
func firstsFile() *Asm {
	a := NewAsm("unsafe")
	for _, e := range []elem{f32, f64} {
		addFirsts(a, e)
	}
	placeFirsts(a)
	return a
}

// placeFirsts writes the search for first positions by hash. The table has a power
// of two of places, by which the hash is multiplied and not shifted: only the
// processors with AVX2 that have BMI2 as well shift by a register in one operation.
func placeFirsts(a *Asm) {
	f := a.Func(`placeFirsts is firstOf of positions from … to: table has places, a power of two, and in it stand the
positions before from.`, "placeFirsts", 0, "dst *int32", "idx *int32", "table *uint16", "places int", "from int", "to int")
	for _, p := range []struct {
		name string
		reg  Reg
	}{{"dst", DX}, {"idx", SI}, {"table", DI}, {"places", R8}, {"from", R12}, {"to", CX}} {
		f.Op("MOVQ", f.Arg(p.name), p.reg)
	}
	place := Mem{Base: DI, Index: R9, Scale: 2}
	f.Op("LEAQ", Mem{Base: R8, Disp: -1}, R10)
	f.Op("JMP", "test")
	f.Label("own")
	f.Op("MOVL", R12, Mem{Base: DX, Index: R12, Scale: 4})
	f.Op("INCQ", R12)
	f.Op("MOVW", R12, place) // the position, plus one
	f.Label("test")
	f.Op("CMPQ", R12, CX)
	f.Op("JGE", "done")
	f.Label("next")
	f.Op("MOVL", Mem{Base: SI, Index: R12, Scale: 4}, AX)
	f.Op("IMUL3L", -1640531527, AX, R9) // 2654435769 modulo 2^32
	f.Op("IMULQ", R8, R9)
	f.Op("SHRQ", 32, R9)
	f.Label("look")
	f.Op("MOVWLZX", place, R11)
	f.Op("TESTL", R11, R11)
	f.Op("JEQ", "own")
	f.Op("DECL", R11)
	f.Op("CMPL", AX, Mem{Base: SI, Index: R11, Scale: 4})
	f.Op("JEQ", "again")
	f.Op("INCL", R9)
	f.Op("ANDL", R10, R9)
	f.Op("JMP", "look")
	f.Label("again")
	f.Op("MOVL", R11, Mem{Base: DX, Index: R12, Scale: 4})
	f.Op("INCQ", R12)
	f.Op("CMPQ", R12, CX)
	f.Op("JLT", "next")
	f.Label("done")
	f.Op("RET")
}

// addFirsts writes the sum by positions that came before: every row is written
// once in order, and the few that share one go back to it.
func addFirsts(a *Asm, e elem) {
	name := fmt.Sprintf("addFirstsF%d", e.bits)
	f := a.FuncResult(name+` is 0 and addRows after it: acc[idx[j]] += upd[j] from zeros, in the order of positions,
where no index is greater than its position. Rows are of bytes, a multiple of 32, and there are many, at
least 1. bad is the position of an index that is greater, where it stopped, -1 where there is none.`,
		name, 0, "bad int", "acc unsafe.Pointer", "upd unsafe.Pointer", "idx *int32", "many int", "bytes int")
	f.Op("MOVQ", f.Arg("acc"), SI)
	f.Op("MOVQ", f.Arg("upd"), DI)
	f.Op("MOVQ", f.Arg("idx"), BX)
	f.Op("MOVQ", f.Arg("many"), CX)
	f.Op("MOVQ", f.Arg("bytes"), DX)
	f.Op("XORQ", R9, R9)
	f.Op("VXORPS", Y(15), Y(15), Y(15))
	f.Op("MOVQ", SI, R13)
	f.Label("next")
	f.Op("MOVL", Mem{Base: BX, Index: R9, Scale: 4}, R11)
	f.Op("CMPQ", R11, R9)
	f.Op("JA", "bad")
	f.Op("JNE", "shared")
	alongRow(f, "own", func() {
		f.Op("VADD"+e.s, Mem{Base: DI}, Y(15), Y(0))
		f.Op("VMOVU"+e.s, Y(0), Mem{Base: R13})
	})
	f.Op("INCQ", R9)
	f.Op("CMPQ", R9, CX)
	f.Op("JLT", "next")
	f.Op("JMP", "done")
	f.Label("shared")
	f.Op("IMULQ", DX, R11)
	f.Op("ADDQ", SI, R11)
	alongRow(f, "add", func() {
		f.Op("VMOVU"+e.s, Y(15), Mem{Base: R13})
		f.Op("VMOVU"+e.s, Mem{Base: R11}, Y(0))
		f.Op("VADD"+e.s, Mem{Base: DI}, Y(0), Y(0))
		f.Op("VMOVU"+e.s, Y(0), Mem{Base: R11})
		f.Op("ADDQ", 32, R11)
	})
	f.Op("INCQ", R9)
	f.Op("CMPQ", R9, CX)
	f.Op("JLT", "next")
	f.Label("done")
	f.Op("MOVQ", -1, R9)
	f.Label("bad")
	f.Op("MOVQ", R9, f.Arg("bad"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// alongRow runs body for each 32 bytes of the rows at R13 and DI, which it
// moves on.
func alongRow(f *Func, label string, body func()) {
	f.Op("MOVQ", DX, R12)
	f.Label(label)
	body()
	f.Op("ADDQ", 32, R13)
	f.Op("ADDQ", 32, DI)
	f.Op("SUBQ", 32, R12)
	f.Op("JNE", label)
}
