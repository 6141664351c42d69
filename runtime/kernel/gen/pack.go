package gen

// packFile is the copies that lay operands out for the tile kernels.
func packFile() *Asm {
	a := NewAsm("unsafe")
	for _, e := range []elem{f32, f64} {
		transpose(a, e)
	}
	for _, e := range []elem{f32, f64} {
		packSix(a, e)
		turnSix(a, e)
	}
	copyRows(a)
	return a
}

// copyRows writes the copy of rows of two registers.
func copyRows(a *Asm) {
	f := a.Func("copyRows64 copies n rows of 64 bytes, n at least 1, step bytes apart, beside one another.", "copyRows64", 0,
		"dst unsafe.Pointer", "src unsafe.Pointer", "step int", "n int")
	f.Op("MOVQ", f.Arg("dst"), DI)
	f.Op("MOVQ", f.Arg("src"), SI)
	f.Op("MOVQ", f.Arg("step"), R8)
	f.Op("MOVQ", f.Arg("n"), CX)
	f.Label("row")
	f.Op("VMOVUPS", Mem{Base: SI}, Y(0))
	f.Op("VMOVUPS", Mem{Base: SI, Disp: 32}, Y(1))
	f.Op("VMOVUPS", Y(0), Mem{Base: DI})
	f.Op("VMOVUPS", Y(1), Mem{Base: DI, Disp: 32})
	f.Op("ADDQ", R8, SI)
	f.Op("ADDQ", 64, DI)
	f.Op("DECQ", CX)
	f.Op("JNE", "row")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// packSix writes the copy of rows of A, contiguous down a column, into strips
// of six: it goes along the rows of the source, which are read once.
func packSix(a *Asm, e elem) {
	name := map[int]string{32: "packSixF32", 64: "packSixF64"}[e.bits]
	f := a.Func(name+` copies dst[s·strip + l·6 + i] = src[l·step + s·6 + i] for i < 6,
s < strips and l < n, both at least 1. step and strip are bytes.`, name, 0,
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
	f.Label("strip")
	if e.bits == 32 {
		f.Op("VMOVUPS", Mem{Base: DX}, X(0))
		f.Op("VMOVSD", Mem{Base: DX, Disp: 16}, X(1))
		f.Op("VMOVUPS", X(0), Mem{Base: BX})
		f.Op("VMOVSD", X(1), Mem{Base: BX, Disp: 16})
	} else {
		f.Op("VMOVUPD", Mem{Base: DX}, Y(0))
		f.Op("VMOVUPD", Mem{Base: DX, Disp: 32}, X(1))
		f.Op("VMOVUPD", Y(0), Mem{Base: BX})
		f.Op("VMOVUPD", X(1), Mem{Base: BX, Disp: 32})
	}
	f.Op("ADDQ", 6*e.bits/8, DX)
	f.Op("ADDQ", R8, BX)
	f.Op("DECQ", R11)
	f.Op("JNE", "strip")
	f.Op("ADDQ", R9, SI)
	f.Op("ADDQ", 6*e.bits/8, DI)
	f.Op("DECQ", CX)
	f.Op("JNE", "row")
	f.Op("VZEROUPPER")
	f.Op("RET")
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
