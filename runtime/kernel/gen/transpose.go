package gen

// transpose writes blocks of lanes × lanes elements.
func transpose(a *Asm, e elem) {
	name := map[int]string{32: "transposeF32", 64: "transposeF64"}[e.bits]
	f := a.Func(name+` copies dst[l·dstStep + i] = src[i·srcStep + l] for one row i for each lane
of a register and l below blocks, at least 1, times as many. Steps are bytes
where they multiply, elements are counted otherwise.`, name, 0,
		"dst unsafe.Pointer", "dstStep int", "src unsafe.Pointer", "srcStep int", "blocks int")
	f.Op("MOVQ", f.Arg("dst"), DI)
	f.Op("MOVQ", f.Arg("dstStep"), R8)
	f.Op("MOVQ", f.Arg("src"), SI)
	f.Op("MOVQ", f.Arg("srcStep"), R9)
	f.Op("MOVQ", f.Arg("blocks"), CX)
	f.Op("LEAQ", Mem{Base: R9, Index: R9, Scale: 2}, R10)
	f.Op("LEAQ", Mem{Base: R8, Index: R8, Scale: 2}, R11)
	f.Label("block")
	columns := loadTransposed(f, e, SI, DX, R9, R10, nil)
	f.Op("MOVQ", DI, BX)
	for l, y := range columns {
		m := Mem{Base: BX}
		switch l % 4 {
		case 1, 2:
			m.Index, m.Scale = R8, l%4
		case 3:
			m.Index, m.Scale = R11, 1
		}
		f.Op("VMOVU"+e.s, y, m)
		if l%4 == 3 {
			f.Op("LEAQ", Mem{Base: BX, Index: R8, Scale: 4}, BX)
		}
	}
	f.Op("MOVQ", BX, DI)
	f.Op("ADDQ", 32, SI)
	f.Op("DECQ", CX)
	f.Op("JNE", "block")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// loader loads half 0 or 1 of a row of a square into a register.
type loader func(row Mem, half int, to X)

// loadTransposed loads a square of as many rows as a register has lanes, and
// leaves its columns in the registers that it names, all from Y0 up. second is
// a register to work with, step3 three times the step. A load other than nil
// is used for all rows, and may keep what it needs in Y9 to Y11.
func loadTransposed(f *Func, e elem, src, second, step, step3 Reg, load loader) []Y {
	if e.bits == 64 {
		return load4(f, src, step, step3, load)
	}
	f.Op("LEAQ", Mem{Base: src, Index: step, Scale: 4}, second)
	for half := 0; half < 2; half++ {
		for i := 0; i < 4; i++ {
			join(f, e, rowAt(src, step, step3, i), rowAt(second, step, step3, i), half, Y(4*half+i), load)
		}
	}
	columns := make([]Y, 8)
	for half := 0; half < 2; half++ {
		at := Y(4 * half)
		t := Y(8)
		f.Op("VUNPCKLPS", at+1, at, t)
		f.Op("VUNPCKHPS", at+1, at, t+1)
		f.Op("VUNPCKLPS", at+3, at+2, t+2)
		f.Op("VUNPCKHPS", at+3, at+2, t+3)
		f.Op("VUNPCKLPD", t+2, t, at)
		f.Op("VUNPCKHPD", t+2, t, at+1)
		f.Op("VUNPCKLPD", t+3, t+1, at+2)
		f.Op("VUNPCKHPD", t+3, t+1, at+3)
		for i := Y(0); i < 4; i++ {
			columns[4*half+int(i)] = at + i
		}
	}
	return columns
}

// join loads the halves of two rows into one register.
func join(f *Func, e elem, low, high Mem, half int, y Y, load loader) {
	if load != nil {
		load(low, half, y.Low())
		load(high, half, 8)
		f.Op("VINSERTF128", 1, X(8), y, y)
		return
	}
	low.Disp += 16 * half
	high.Disp += 16 * half
	f.Op("VMOVU"+e.s, low, y.Low())
	f.Op("VINSERTF128", 1, high, y, y)
}

// load4 is loadTransposed for four rows of float64.
func load4(f *Func, src, step, step3 Reg, load loader) []Y {
	for half := 0; half < 2; half++ {
		for i := 0; i < 2; i++ {
			join(f, f64, rowAt(src, step, step3, i), rowAt(src, step, step3, i+2), half, Y(2*half+i), load)
		}
	}
	for half := Y(0); half < 2; half++ {
		f.Op("VUNPCKLPD", 2*half+1, 2*half, 4+2*half)
		f.Op("VUNPCKHPD", 2*half+1, 2*half, 5+2*half)
	}
	return []Y{4, 5, 6, 7}
}

// rowAt is the address of row i < 4.
func rowAt(base, step, step3 Reg, i int) Mem {
	m := Mem{Base: base}
	switch i {
	case 1, 2:
		m.Index, m.Scale = step, i
	case 3:
		m.Index, m.Scale = step3, 1
	}
	return m
}
