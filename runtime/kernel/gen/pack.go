package gen

import "fmt"

// packFile is the copies that lay operands out for the tile kernels.
func packFile() *Asm {
	a := NewAsm("unsafe")
	for _, e := range []elem{f32, f64} {
		transpose(a, e)
	}
	for _, e := range []elem{f32, f64} {
		packStrips(a, e, 6)
		packStrips(a, e, 8)
		turnSix(a, e)
	}
	copyRows(a, 64)
	copyRows(a, 128)
	copyRows(a, 256)
	return a
}

// copyRows writes the copy of rows of so many bytes.
func copyRows(a *Asm, bytes int) {
	name := fmt.Sprintf("copyRows%d", bytes)
	f := a.Func(fmt.Sprintf("%s copies n rows of %d bytes, n at least 1, step bytes apart, beside one another.", name, bytes), name, 0,
		"dst unsafe.Pointer", "src unsafe.Pointer", "step int", "n int")
	f.Op("MOVQ", f.Arg("dst"), DI)
	f.Op("MOVQ", f.Arg("src"), SI)
	f.Op("MOVQ", f.Arg("step"), R8)
	f.Op("MOVQ", f.Arg("n"), CX)
	f.Label("row")
	for i := 0; i < bytes/32; i++ {
		f.Op("VMOVUPS", Mem{Base: SI, Disp: 32 * i}, Y(i))
	}
	for i := 0; i < bytes/32; i++ {
		f.Op("VMOVUPS", Y(i), Mem{Base: DI, Disp: 32 * i})
	}
	f.Op("ADDQ", R8, SI)
	f.Op("ADDQ", bytes, DI)
	f.Op("DECQ", CX)
	f.Op("JNE", "row")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// packStrips writes the copy of rows of A, contiguous down a column, into
// strips of the height of a tile: it goes along the rows of the source, which
// are read once.
func packStrips(a *Asm, e elem, rows int) {
	size := e.bits / 8
	name := fmt.Sprintf("pack%sF%d", map[int]string{6: "Six", 8: "Eight"}[rows], e.bits)
	f := a.Func(fmt.Sprintf(`%s copies dst[s·strip + l·%d + i] = src[l·step + s·%d + i] for i < %d,
s < strips and l < n, both at least 1. step and strip are bytes.`, name, rows, rows, rows), name, 0,
		"dst unsafe.Pointer", "strip int", "src unsafe.Pointer", "step int", "strips int", "n int")
	f.Op("MOVQ", f.Arg("dst"), DI)
	f.Op("MOVQ", f.Arg("strip"), R8)
	f.Op("MOVQ", f.Arg("src"), SI)
	f.Op("MOVQ", f.Arg("step"), R9)
	f.Op("MOVQ", f.Arg("strips"), R10)
	f.Op("MOVQ", f.Arg("n"), CX)
	f.Label("row")
	f.Op("MOVQ", SI, DX)
	f.Op("MOVQ", DI, BX)
	f.Op("MOVQ", R10, R11)
	f.Op("PREFETCHT0", Mem{Base: SI, Index: R9, Scale: 8})
	f.Label("strip")
	pieces := pieces(rows * size)
	for i, p := range pieces {
		f.Op(p.op, Mem{Base: DX, Disp: p.at}, p.reg(i))
	}
	for i, p := range pieces {
		f.Op(p.op, p.reg(i), Mem{Base: BX, Disp: p.at})
	}
	f.Op("ADDQ", rows*size, DX)
	f.Op("ADDQ", R8, BX)
	f.Op("DECQ", R11)
	f.Op("JNE", "strip")
	f.Op("ADDQ", R9, SI)
	f.Op("ADDQ", rows*size, DI)
	f.Op("DECQ", CX)
	f.Op("JNE", "row")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// piece is a part of a short run of bytes that one register holds.
type piece struct {
	op        string
	at, bytes int
}

// pieces are registers that hold so many bytes, the widest first.
func pieces(bytes int) (ps []piece) {
	for at := 0; at < bytes; {
		switch left := bytes - at; {
		case left >= 32:
			ps = append(ps, piece{"VMOVUPS", at, 32})
		case left >= 16:
			ps = append(ps, piece{"VMOVUPS", at, 16})
		default:
			ps = append(ps, piece{"VMOVSD", at, 8})
		}
		at += ps[len(ps)-1].bytes
	}
	return ps
}

// reg is register i with the width of the piece.
func (p piece) reg(i int) any {
	if p.bytes == 32 {
		return Y(i)
	}
	return X(i)
}

// turnSix writes the copy of six rows of A, contiguous along its rows, into a
// strip.
func turnSix(a *Asm, e elem) {
	name := map[int]string{32: "turnSixF32", 64: "turnSixF64"}[e.bits]
	f := a.Func(name+` copies dst[l·6 + i] = src[i·step + l] for i < 6 and as many l as
blocks, at least 1, registers of 128 bits hold. step is bytes.`, name, 0,
		"dst unsafe.Pointer", "src unsafe.Pointer", "step int", "blocks int")
	f.Op("MOVQ", f.Arg("dst"), DI)
	f.Op("MOVQ", f.Arg("src"), SI)
	f.Op("MOVQ", f.Arg("step"), R8)
	f.Op("MOVQ", f.Arg("blocks"), CX)
	f.Op("LEAQ", Mem{Base: R8, Index: R8, Scale: 2}, R9)
	f.Op("LEAQ", Mem{Base: SI, Index: R8, Scale: 4}, DX)
	f.Label("block")
	for i := 0; i < 4; i++ {
		f.Op("VMOVU"+e.s, rowAt(SI, R8, R9, i), X(i))
	}
	for i := 0; i < 2; i++ {
		f.Op("VMOVU"+e.s, rowAt(DX, R8, R9, i), X(4+i))
	}
	store := func(op string, x X, at int) { f.Op(op, x, Mem{Base: DI, Disp: at}) }
	if e.bits == 32 {
		f.Op("VUNPCKLPS", X(1), X(0), X(6))
		f.Op("VUNPCKHPS", X(1), X(0), X(7))
		f.Op("VUNPCKLPS", X(3), X(2), X(8))
		f.Op("VUNPCKHPS", X(3), X(2), X(9))
		f.Op("VUNPCKLPS", X(5), X(4), X(10))
		f.Op("VUNPCKHPS", X(5), X(4), X(11))
		for l := 0; l < 4; l++ {
			half := X(l / 2)
			op, last := "VUNPCKLPD", "VMOVLPS"
			if l%2 == 1 {
				op, last = "VUNPCKHPD", "VMOVHPS"
			}
			f.Op(op, 8+half, 6+half, X(0))
			store("VMOVUPS", 0, 24*l)
			store(last, 10+half, 24*l+16)
		}
		f.Op("ADDQ", 96, DI)
	} else {
		for l, op := range []string{"VUNPCKLPD", "VUNPCKHPD"} {
			for i := X(0); i < 6; i += 2 {
				f.Op(op, i+1, i, X(6))
				store("VMOVUPD", 6, 48*l+8*int(i))
			}
		}
		f.Op("ADDQ", 96, DI)
	}
	f.Op("ADDQ", 16, SI)
	f.Op("ADDQ", 16, DX)
	f.Op("DECQ", CX)
	f.Op("JNE", "block")
	f.Op("VZEROUPPER")
	f.Op("RET")
}
