package kernel

import "unsafe"

// multiply computes a block of C with the kernels in assembly that suit it.
func (g *Gemm[T]) multiply(i0, i1, j0, j1 int, add bool, a, b, c, scratch []T) {
	switch {
	case g.N > 1 || g.ACol != 1 || g.goOn:
		g.tiles(i0, i1, j0, j1, add, a, b, c, scratch)
	case i1-i0 < lanesOf[T]() && g.BRow == 1 && g.K >= lanesOf[T]()*K0:
		for i := i0; i < i1; i++ {
			g.single(add, a[i*g.ARow:], b, c[i*g.CRow:], scratch)
		}
	default:
		g.dots(i0, i1, add, a, b, c, scratch)
	}
}

// dots computes rows of C where N is 1 and the links of A lie side by side:
// the lanes of a register are the chains of rows. Rows that fill no register
// go to the tiles.
func (g *Gemm[T]) dots(i0, i1 int, add bool, a, b, c, scratch []T) {
	if i1-i0 < lanesOf[T]() {
		g.tiles(i0, i1, 0, 1, add, a, b, c, scratch)
		return
	}
	rows, lanes := i1-i0, lanesOf[T]()
	if g.BRow == 1 && rows*g.K*(32/lanes) > secondCache {
		rows = dotRows * lanes
	}
	for i := i0; i < i1; i += rows {
		g.dotBand(i, min(i+rows, i1), add, a, b, c, scratch)
	}
}

// Rows that the second cache does not hold are read from end to end, the rows
// of a tile of the largest kernel at a time: that many bytes, and that many
// registers of 256 bits. The hardware then sees lines, and not pieces of K0 links.
const (
	secondCache = 1 << 20
	dotRows     = 8
)

// dotBand is dots for some rows, one block of the chains after the other.
func (g *Gemm[T]) dotBand(i0, i1 int, add bool, a, b, c, scratch []T) {
	for k0 := 0; k0 < g.K; k0 += K0 {
		k := min(K0, g.K-k0)
		x := b[k0*g.BRow:]
		if g.BRow != 1 {
			x = scratch[:k]
			for l := range x {
				x[l] = b[(k0+l)*g.BRow]
			}
		}
		size := 32 / lanesOf[T]()
		t := gemmTile{a: at(a, i0*g.ARow+k0), aRow: g.ARow * size, b: at(x, 0), k: k}
		done := g.runDots(&t, false, i1-i0, add || k0 > 0, c[i0*g.CRow:], g.CRow, scratch[K0:2*K0])
		if rest := i0 + done; rest < i1 {
			s := strip{j1: 1, rows: i1 - rest, k: k, add: add || k0 > 0}
			g.panels(&s, i1-rest, a[rest*g.ARow+k0:], b[k0*g.BRow:], c[rest*g.CRow:], scratch[2*K0:])
		}
	}
}

// runDots runs the kernels for rows with a vector, or with rows of their own,
// over whole registers of rows, and says how many rows that were. c is where
// the results go, cStep apart; where they are not side by side they go through
// the scratch.
func (g *Gemm[T]) runDots(t *gemmTile, pairs bool, rows int, add bool, c []T, cStep int, scratch []T) int {
	done := 0
	for rows-done >= lanesOf[T]() {
		lanes := lanesOf[T]()
		wide := g.tier == AVX512 && rows-done >= 2*lanes
		if wide {
			lanes *= 2
		}
		groups := 1
		if rows-done >= 4*lanes {
			groups = 4
		}
		tiles := (rows - done) / (groups * lanes)
		if cStep != 1 {
			tiles = min(tiles, len(scratch)/(groups*lanes))
		}
		n := tiles * groups * lanes
		u := *t
		u.a, u.tiles = unsafe.Add(t.a, done*t.aRow), tiles
		if pairs {
			u.b = unsafe.Add(t.b, done*t.bRow)
		}
		if cStep == 1 {
			u.c, u.add = at(c, done), b2i(add)
		}
		if g.notes != nil {
			g.notes.note(&u, gemmCall{groups: groups, wide: wide})
		} else if cStep == 1 {
			runDot[T](wide, groups, pairs, &u)
		} else {
			u.c = at(scratch, 0)
			runDot[T](wide, groups, pairs, &u)
			spread(c[done*cStep:], cStep, scratch[:n], add)
		}
		done += n
	}
	return done
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// spread writes or adds numbers to every step-th place.
func spread[T Float](c []T, step int, x []T, add bool) {
	for i, v := range x {
		if add {
			v += c[i*step]
		}
		c[i*step] = v
	}
}

// runDot calls the kernel of so many groups of rows.
func runDot[T Float](wide bool, groups int, pairs bool, t *gemmTile) {
	single := lanesOf[T]() == 8
	switch {
	case wide:
		runWideDot(single, groups, pairs, t)
	case single && pairs && groups == 4:
		pair32F32(t)
	case single && pairs:
		pair8F32(t)
	case single && groups == 4:
		dot32F32(t)
	case single:
		dot8F32(t)
	case pairs && groups == 4:
		pair16F64(t)
	case pairs:
		pair4F64(t)
	case groups == 4:
		dot16F64(t)
	default:
		dot4F64(t)
	}
}

// runWideDot is runDot with registers of 512 bits.
func runWideDot(single bool, groups int, pairs bool, t *gemmTile) {
	switch {
	case single && pairs && groups == 4:
		widePair64F32(t)
	case single && pairs:
		widePair16F32(t)
	case single && groups == 4:
		wideDot64F32(t)
	case single:
		wideDot16F32(t)
	case pairs && groups == 4:
		widePair32F64(t)
	case pairs:
		widePair8F64(t)
	case groups == 4:
		wideDot32F64(t)
	default:
		wideDot8F64(t)
	}
}

// rowPairs computes n products of one element whose operands are rows side by
// side: what is left over is computed one by one.
func (g *Gemm[T]) rowPairs(n int, aStep, bStep, cStep int, add bool, a, b, c, scratch []T) {
	size := 32 / lanesOf[T]()
	done := 0
	for k0 := 0; k0 < g.K; k0 += K0 {
		k := min(K0, g.K-k0)
		t := gemmTile{a: at(a, k0), aRow: aStep * size, b: at(b, k0), bRow: bStep * size, k: k}
		done = g.runDots(&t, true, n, add || k0 > 0, c, cStep, scratch[:2*K0])
	}
	for i := done; i < n; i++ {
		g.single(add, a[i*aStep:], b[i*bStep:], c[i*cStep:], scratch)
	}
}

// single computes one element of C from contiguous operands. The blocks of the
// chain are the rows of a kernel, eight or more at a time, and are then added
// in order.
func (g *Gemm[T]) single(add bool, a, b, c, scratch []T) {
	size := 32 / lanesOf[T]()
	var sum T
	if add {
		sum = c[0]
	}
	k0 := 0
	for blocks := g.K / K0; blocks >= lanesOf[T](); {
		n := min(blocks, K0)
		t := gemmTile{a: at(a, k0), aRow: K0 * size, b: at(b, k0), bRow: K0 * size, k: K0}
		n = g.runDots(&t, true, n, false, scratch, 1, nil)
		for i, v := range scratch[:n] {
			if k0 == 0 && i == 0 && !add {
				sum = v
			} else {
				sum += v
			}
		}
		k0 += n * K0
		blocks -= n
	}
	if k0 == 0 {
		g.tiles(0, 1, 0, 1, add, a, b, c, scratch)
		return
	}
	c[0] = sum
	if k0 < g.K {
		h := *g
		h.K -= k0
		h.tiles(0, 1, 0, 1, true, a[k0:], b[k0:], c, scratch)
	}
}
