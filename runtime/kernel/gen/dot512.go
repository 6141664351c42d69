package gen

import "fmt"

// wideDot is dotKernel with registers of 512 bits. A square is as many links
// as 128 bits hold: the quarters of a register are filled from rows that lie
// apart by a quarter of its lanes, so that what is turned within quarters has
// the rows in order. While there are as many links as 256 bits hold, two squares
// are turned at once, with fewer loads: halves of a register are filled, and
// quarters change places last.
type wideDot struct {
	elem
	groups int
	pairs  bool
}

func (d wideDot) name() string {
	stem := "wideDot"
	if d.pairs {
		stem = "widePair"
	}
	return fmt.Sprintf("%s%dF%d", stem, d.groups*d.lanes, d.bits)
}

// links is the number of them in a square, and of rows in a quarter.
func (d wideDot) links() int { return 128 / d.bits }

const wideSums = Z(16)

func (d wideDot) write(a *Asm) {
	what := "the vector b"
	if d.pairs {
		what = "the rows of B, bRow apart"
	}
	doc := fmt.Sprintf("%s is c[i] = Σ a[i,l]·b[l] for %d rows a tile, with %s.\nThe links are contiguous, and so is c.", d.name(), d.groups*d.lanes, what)
	f := a.Func(doc, d.name(), 0, "t *gemmTile")
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
	f.Op("ANDQ", d.links()-1, rRest)
	for g := 0; g < d.groups; g++ {
		f.Op("VPXORQ", wideSums+Z(g), wideSums+Z(g), wideSums+Z(g))
	}
	f.Op("SUBQ", rRest, CX)
	d.squares(f, "line", "half", 4)
	f.Label("half")
	d.squares(f, "twice", "few", 2)
	f.Label("few")
	d.squares(f, "square", "rest", 1)
	f.Label("rest")
	f.Op("TESTQ", rRest, rRest)
	f.Op("JEQ", "store")
	d.loadMask(f)
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

// squares is a loop over so many squares at once while CX has their links; it
// ends by a jump to the label behind.
func (d wideDot) squares(f *Func, loop, behind string, n int) {
	f.Label(loop)
	f.Op("CMPQ", "CX", n*d.links())
	f.Op("JLT", behind)
	d.block(f, n, false)
	f.Op("ADDQ", 16*n, rDotA)
	f.Op("ADDQ", 16*n, rDotB)
	f.Op("SUBQ", n*d.links(), CX)
	f.Op("JMP", loop)
}

// loadMask makes the mask of the last links.
func (d wideDot) loadMask(f *Func) {
	f.Op("MOVQ", rRest, CX)
	f.Op("MOVQ", 1, rSecond)
	f.Op("SHLQ", CX, rSecond)
	f.Op("DECQ", rSecond)
	f.Op("KMOVW", rSecond, wideMask)
}

// block is so many squares of links of every group, or the rest of the links.
func (d wideDot) block(f *Func, squares int, rest bool) {
	f.Op("MOVQ", rDotA, rGroupA)
	if d.pairs {
		f.Op("MOVQ", rDotB, rGroupB)
	}
	for g := 0; g < d.groups; g++ {
		for q := 0; q < squares; q += min(squares, 2) {
			done := q+2 >= squares
			columns := d.columns(f, 0, rGroupA, rDotStep, rDotStep3, q, squares > 1, rest)
			d.below(f, rGroupA, rDotStep, done)
			var twins []Z
			if d.pairs {
				twins = d.columns(f, 1, rGroupB, rPairStep, rPairStep3, q, squares > 1, rest)
				d.below(f, rGroupB, rPairStep, done)
			}
			d.sum(f, wideSums+Z(g), columns, twins, q, rest)
		}
	}
}

// columns loads square q of an operand, or two, and turns it. It leaves the last
// quarter's rows in rSecond. The columns of the first operand stay when the
// second is loaded.
func (d wideDot) columns(f *Func, operand int, p, step, step3 Reg, q int, two, rest bool) []Z {
	if two {
		return d.twoSquares(f, []Z{8, 20}[operand], p, step, step3, q)
	}
	return d.oneSquare(f, Z(8*operand), p, step, step3, q, rest)
}

// below moves a pointer on to the next group where it is done with this one.
func (d wideDot) below(f *Func, p, step Reg, done bool) {
	if done {
		f.Op("LEAQ", Mem{Base: rSecond, Index: step, Scale: d.links()}, p)
	}
}

// oneSquare is columns of one square, in registers from z up.
func (d wideDot) oneSquare(f *Func, z Z, p, step, step3 Reg, q int, rest bool) []Z {
	n, spare := d.links(), z+4
	move := "VMOVU" + d.s
	f.Op("MOVQ", p, rSecond)
	for quarter := 0; quarter < 4; quarter++ {
		if quarter > 0 {
			f.Op("LEAQ", Mem{Base: rSecond, Index: step, Scale: n}, rSecond)
		}
		for i := 0; i < n; i++ {
			m := rowAt(rSecond, step, step3, i)
			m.Disp = 16 * q
			to := z + Z(i)
			switch {
			case quarter == 0 && rest:
				f.Op(move+".Z", m, wideMask, X(to))
			case quarter == 0:
				f.Op(move, m, X(to))
			case rest:
				f.Op(move+".Z", m, wideMask, X(spare))
				f.Op("VINSERTF32X4", quarter, X(spare), to, to)
			default:
				f.Op("VINSERTF32X4", quarter, m, to, to)
			}
		}
	}
	if d.bits == 64 {
		f.Op("VUNPCKLPD", z+1, z, spare)
		f.Op("VUNPCKHPD", z+1, z, spare+1)
		return []Z{spare, spare + 1}
	}
	f.Op("VUNPCKLPS", z+1, z, spare)
	f.Op("VUNPCKHPS", z+1, z, spare+1)
	f.Op("VUNPCKLPS", z+3, z+2, spare+2)
	f.Op("VUNPCKHPS", z+3, z+2, spare+3)
	f.Op("VUNPCKLPD", spare+2, spare, z)
	f.Op("VUNPCKHPD", spare+2, spare, z+1)
	f.Op("VUNPCKLPD", spare+3, spare+1, z+2)
	f.Op("VUNPCKHPD", spare+3, spare+1, z+3)
	return []Z{z, z + 1, z + 2, z + 3}
}

// twoSquares loads squares q and q+1 of a group and leaves their columns in
// registers from to up; Z0 to Z7 are changed. It leaves the last quarter's rows
// in rSecond.
func (d wideDot) twoSquares(f *Func, to Z, p, step, step3 Reg, q int) []Z {
	n := d.links()
	f.Op("MOVQ", p, rSecond)
	for quarter := 0; quarter < 4; quarter++ {
		if quarter > 0 {
			f.Op("LEAQ", Mem{Base: rSecond, Index: step, Scale: n}, rSecond)
		}
		for i := 0; i < n; i++ {
			m, half := rowAt(rSecond, step, step3, i), Z(n*(quarter/2)+i)
			m.Disp = 16 * q
			if quarter%2 == 0 {
				f.Op("VMOVU"+d.s, m, Y(half))
			} else {
				f.Op("VINSERTF64X4", 1, m, half, half)
			}
		}
	}
	// Of the rows of a quarter and those of the next: by link of the first
	// square, and beside it that of the second.
	var turned []Z
	for z := Z(0); z < Z(2*n); z += Z(n) {
		if d.bits == 64 {
			interleave(f, "PD", z, z+1, z+4, z+5)
			turned = append(turned, z+4, z+5)
			continue
		}
		interleave(f, "PS", z, z+1, to+z, to+z+1)
		interleave(f, "PS", z+2, z+3, to+z+2, to+z+3)
		interleave(f, "PD", to+z, to+z+2, z, z+1)
		interleave(f, "PD", to+z+1, to+z+3, z+2, z+3)
		turned = append(turned, z, z+1, z+2, z+3)
	}
	columns := make([]Z, 2*n)
	for l := range n {
		columns[l], columns[n+l] = to+Z(l), to+Z(n+l)
		f.Op("VSHUFF64X2", 0x88, turned[n+l], turned[l], columns[l])
		f.Op("VSHUFF64X2", 0xdd, turned[n+l], turned[l], columns[n+l])
	}
	return columns
}

// interleave is the lower and the upper lanes of each quarter of x and y by turns.
func interleave(f *Func, kind string, x, y, low, high Z) {
	f.Op("VUNPCKL"+kind, y, x, low)
	f.Op("VUNPCKH"+kind, y, x, high)
}

// sum adds the links of a square to the sums of a group, one after the other.
func (d wideDot) sum(f *Func, sum Z, columns, twins []Z, q int, rest bool) {
	end := f.NewLabel("end")
	for l, z := range columns {
		if rest && l > 0 {
			f.Op("CMPQ", rRest, l)
			f.Op("JEQ", end)
		}
		if d.pairs {
			f.Op("VFMADD231"+d.s, twins[l], z, sum)
		} else {
			f.Op("VFMADD231"+d.s+".BCST", Mem{Base: rDotB, Disp: 16*q + l*d.bits/8}, z, sum)
		}
	}
	f.Label(end)
}

// store adds or writes the sums of the tile.
func (d wideDot) store(f *Func) {
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offC}, rGroupA)
	f.Op("CMPQ", Mem{Base: rArgs, Disp: offAdd}, 0)
	f.Op("JEQ", "write")
	for g := 0; g < d.groups; g++ {
		sum := wideSums + Z(g)
		f.Op("VADD"+d.s, Mem{Base: rGroupA, Disp: 64 * g}, sum, sum)
	}
	f.Label("write")
	for g := 0; g < d.groups; g++ {
		f.Op("VMOVU"+d.s, wideSums+Z(g), Mem{Base: rGroupA, Disp: 64 * g})
	}
}

// advance moves on to the rows of the next tile.
func (d wideDot) advance(f *Func) {
	rows := d.groups * d.lanes
	f.Op("ADDQ", 64*d.groups, Mem{Base: rArgs, Disp: offC})
	f.Op("MOVQ", rDotStep, rSecond)
	f.Op("IMULQ", rows, rSecond)
	f.Op("ADDQ", rSecond, Mem{Base: rArgs, Disp: offA})
	if d.pairs {
		f.Op("MOVQ", rPairStep, rSecond)
		f.Op("IMULQ", rows, rSecond)
		f.Op("ADDQ", rSecond, Mem{Base: rArgs, Disp: offB})
	}
}
