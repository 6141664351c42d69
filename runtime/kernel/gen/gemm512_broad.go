package gen

import "fmt"

// broadKernel is a tile of up to six rows and four registers of 512 bits. It
// has the fewest instructions for its work, which counts where the core is
// shared with another hardware thread: four links of the chains a turn, and
// little but loads and multiply-adds in them. So A lies side by side along
// the links, or, turned, down the rows; packed strips are the second. Rows of
// A are pieces of a line that no hardware sees the next of, and links that are
// far apart are for it no line at all, so those of the next tile are asked for
// while this one is computed.
type broadKernel struct {
	elem
	rows        int
	turned, far bool
}

const (
	broadVectors = 4
	broadRows    = 6
	broadLinks   = 4 // of one turn

	// farLinks is from how long chains on the lines of C are asked for ahead.
	farLinks = 64
)

// Registers beside those of other tiles: three steps of A and of B.
const (
	rBroadA3 = R10 // of A: of rows, turned of links
	rBRow3   = R13
	rLower   = DX // the fourth row of A

	rAhead, rAheadLower = BX, AX // of the next tile; the second takes the place of the arguments
)

func (t broadKernel) name() string {
	turned := ""
	if t.turned {
		turned = "Turned"
	}
	if t.far {
		turned = "Far"
	}
	return fmt.Sprintf("broad%dx%dF%d%s", t.rows, broadVectors*t.lanes, t.bits, turned)
}

func (t broadKernel) acc(i, v int) Z { return Z(i*broadVectors + v) }

func (t broadKernel) write(a *Asm) {
	along := "the links of A side by side"
	if t.turned {
		along = "the rows of A side by side"
	}
	if t.far {
		along += "\nand its links far apart"
	}
	doc := fmt.Sprintf("%s is %d×%d elements of C a tile, with %s.", t.name(), t.rows, broadVectors*t.lanes, along)
	f := a.Func(doc, t.name(), 0, "t *gemmTile")
	f.Op("MOVQ", f.Arg("t"), rArgs)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offC}, rC)
	step := offARow
	if t.turned {
		step = offACol
	}
	f.Op("MOVQ", Mem{Base: rArgs, Disp: step}, rARow)
	f.Op("LEAQ", Mem{Base: rARow, Index: rARow, Scale: 2}, rBroadA3)
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offBRow}, rBRow)
	f.Op("LEAQ", Mem{Base: rBRow, Index: rBRow, Scale: 2}, rBRow3)
	f.Label("tile")
	t.enter(f)
	t.chains(f)
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

// enter clears the accumulators, or has them go on with C, and asks for the lines
// of C where the chains are long enough for them to arrive.
func (t broadKernel) enter(f *Func) {
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offK}, rLeft)
	f.Op("CMPQ", rLeft, farLinks)
	f.Op("JLT", "near")
	f.Op("MOVQ", rC, rB)
	for i := 0; i < t.rows; i++ {
		for v := 0; v < broadVectors; v++ {
			f.Op("PREFETCHT0", Mem{Base: rB, Disp: 64 * v})
		}
		if i+1 < t.rows {
			f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rB)
		}
	}
	f.Label("near")
	for i := 0; i < t.rows*broadVectors; i++ {
		f.Op("VPXORQ", Z(i), Z(i), Z(i))
	}
	f.Op("CMPQ", Mem{Base: rArgs, Disp: offAdd}, addGoOn)
	f.Op("JNE", "begin")
	f.Op("MOVQ", rC, rB)
	for i := 0; i < t.rows; i++ {
		for v := 0; v < broadVectors; v++ {
			f.Op("VMOVU"+t.s, Mem{Base: rB, Disp: 64 * v}, t.acc(i, v))
		}
		if i+1 < t.rows {
			f.Op("ADDQ", Mem{Base: rArgs, Disp: offCRow}, rB)
		}
	}
	f.Label("begin")
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offA}, SI)
	if t.split() {
		f.Op("LEAQ", Mem{Base: SI, Index: rBroadA3, Scale: 1}, rLower)
	}
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offB}, rB)
	if t.ahead() {
		f.Op("MOVQ", Mem{Base: rArgs, Disp: offANext}, rAhead)
		f.Op("ADDQ", SI, rAhead)
		if !t.turned {
			f.Op("LEAQ", Mem{Base: rAhead, Index: rBroadA3, Scale: 1}, rAheadLower)
		}
	}
}

// ahead reports whether the kernel asks for the A of the next tile: where
// there may be one.
func (t broadKernel) ahead() bool { return t.rows == broadRows && (t.far || !t.turned) }

// ask asks for half of these rows, the upper and the lower in turns.
func (t broadKernel) ask(f *Func, base Reg) {
	for i := 0; i < 3; i++ {
		f.Op("PREFETCHT0", stepped(base, rARow, rBroadA3, i, 0))
	}
	f.Op("ADDQ", 2*broadLinks*t.bits/8, base)
}

// split reports whether a second pointer leads to the rows from the fourth on.
func (t broadKernel) split() bool { return !t.turned && t.rows > 3 }

// chains are all links, some at a time and then one by one.
func (t broadKernel) chains(f *Func) {
	f.Op("SUBQ", broadLinks, rLeft)
	f.Op("JLT", "rest")
	f.Label("turn")
	t.turn(f, rAhead)
	f.Op("SUBQ", broadLinks, rLeft)
	if t.ahead() && !t.turned {
		f.Op("JLT", "rest")
		t.turn(f, rAheadLower)
		f.Op("SUBQ", broadLinks, rLeft)
	}
	f.Op("JGE", "turn")
	f.Label("rest")
	f.Op("ADDQ", broadLinks, rLeft)
	f.Op("JEQ", "leave")
	f.Label("single")
	t.link(f, 0)
	t.advance(f, 1)
	f.Op("DECQ", rLeft)
	f.Op("JNE", "single")
	f.Label("leave")
	f.Op("MOVQ", f.Arg("t"), rArgs)
}

// turn is some links at once.
func (t broadKernel) turn(f *Func, ahead Reg) {
	if t.ahead() && !t.turned {
		t.ask(f, ahead)
	}
	for l := 0; l < broadLinks; l++ {
		if t.ahead() && t.turned {
			f.Op("PREFETCHT0", stepped(ahead, rARow, rBroadA3, l, (t.rows-1)*t.bits/8))
		}
		t.link(f, l)
	}
	if t.ahead() && t.turned {
		f.Op("LEAQ", Mem{Base: ahead, Index: rARow, Scale: broadLinks}, ahead)
	}
	t.advance(f, broadLinks)
}

// stepped is n steps, fewer than four, behind a pointer.
func stepped(base, one, three Reg, n, disp int) Mem {
	m := Mem{Base: base, Disp: disp}
	switch n {
	case 0:
	case 3:
		m.Index, m.Scale = three, 1
	default:
		m.Index, m.Scale = one, n
	}
	return m
}

// a is an element of A: row i, link l of the turn.
func (t broadKernel) a(i, l int) Mem {
	size := t.bits / 8
	switch {
	case t.turned:
		return stepped(SI, rARow, rBroadA3, l, i*size)
	case i >= 3:
		return stepped(rLower, rARow, rBroadA3, i-3, l*size)
	}
	return stepped(SI, rARow, rBroadA3, i, l*size)
}

// link is one link of all chains.
func (t broadKernel) link(f *Func, l int) {
	n := t.rows * broadVectors
	fma := "VFMADD231" + t.s
	b := func(v int) Mem { return stepped(rB, rBRow, rBRow3, l, 64*v) }
	one := t.rows == 1 // no row shares B, so it is read where it is used
	for v := 0; v < broadVectors && !one; v++ {
		f.Op("VMOVU"+t.s, b(v), Z(n+v))
	}
	for i := 0; i < t.rows; i++ {
		x := Z(n + broadVectors + i%2)
		f.Op(t.scalar("VBROADCAST"), t.a(i, l), x)
		for v := 0; v < broadVectors; v++ {
			if one {
				f.Op(fma, b(v), x, t.acc(i, v))
			} else {
				f.Op(fma, Z(n+v), x, t.acc(i, v))
			}
		}
	}
}

// advance moves the pointers on by one link or by those of a turn.
func (t broadKernel) advance(f *Func, links int) {
	if t.turned {
		f.Op("LEAQ", Mem{Base: SI, Index: rARow, Scale: links}, SI)
	} else {
		f.Op("ADDQ", links*t.bits/8, SI)
		if t.split() {
			f.Op("ADDQ", links*t.bits/8, rLower)
		}
	}
	f.Op("LEAQ", Mem{Base: rB, Index: rBRow, Scale: links}, rB)
}

// leave writes the tile, added to C or over it, and moves on to the rows of C
// below.
func (t broadKernel) leave(f *Func) {
	f.Op("MOVQ", Mem{Base: rArgs, Disp: offCRow}, rLeft)
	f.Op("CMPQ", Mem{Base: rArgs, Disp: offAdd}, addSum)
	f.Op("JNE", "store")
	f.Op("MOVQ", rC, rB)
	for i := 0; i < t.rows; i++ {
		for v := 0; v < broadVectors; v++ {
			f.Op("VADD"+t.s, Mem{Base: rB, Disp: 64 * v}, t.acc(i, v), t.acc(i, v))
		}
		f.Op("ADDQ", rLeft, rB)
	}
	f.Label("store")
	for i := 0; i < t.rows; i++ {
		for v := 0; v < broadVectors; v++ {
			f.Op("VMOVU"+t.s, t.acc(i, v), Mem{Base: rC, Disp: 64 * v})
		}
		f.Op("ADDQ", rLeft, rC)
	}
}
