package kernel

import "unsafe"

// The driver of the tile kernels. B is read where it lies while it is
// contiguous along n and few rows use it; otherwise a panel of it is packed,
// just before the tiles of the block run down that panel. A is always read
// where it lies, with free steps.

// panel is one strip of columns of a block and the kernels that fit it.
type panel struct {
	j, w    int // first column, columns
	vectors int
	masked  bool
}

// packRows is the number of rows from which packing pays although B is
// contiguous: a packed panel stays in the first cache.
const packRows = 48

// tiles computes a block of C with the kernels in assembly.
func (g *Gemm[T]) tiles(i0, i1, j0, j1 int, add bool, a, b, c, scratch []T) {
	m := i1 - i0
	size := int(unsafe.Sizeof(c[0]))
	pack := g.BCol != 1 || m >= packRows && g.BRow*size >= 512
	var t gemmTile
	for k0 := 0; k0 < g.K; k0 += K0 {
		k := min(K0, g.K-k0)
		sum := add || k0 > 0
		for p := (panel{j: j0}); p.next(m, j1, lanesOf[T]()); p.j += p.w {
			t = gemmTile{k: k, w: p.w, aRow: g.ARow * size, aCol: g.ACol * size}
			t.a = at(a, i0*g.ARow+k0*g.ACol)
			t.b, t.bRow = at(b, k0*g.BRow+p.j*g.BCol), g.BRow*size
			if pack {
				width := p.vectors * lanesOf[T]()
				g.pack(scratch[:k*width], b[k0*g.BRow+p.j*g.BCol:], k, p.w, width)
				t.b, t.bRow = at(scratch, 0), width*size
			}
			if g.CCol == 1 {
				t.c, t.cRow = at(c, i0*g.CRow+p.j), g.CRow*size
				if sum {
					t.add = 1
				}
				g.down(&t, m, p)
				continue
			}
			g.aside(&t, m, p, sum, c[i0*g.CRow+p.j*g.CCol:], scratch[K0*8*lanesOf[T]():])
		}
	}
}

// next chooses the width of the panel at p.j, false at the end.
func (p *panel) next(m, end, lanes int) bool {
	n := end - p.j
	switch {
	case n <= 0:
		return false
	case m == 1 && n >= 8*lanes:
		p.vectors = 8
	case m == 2 && n >= 4*lanes:
		p.vectors = 4
	case n <= lanes:
		p.vectors = 1
	default:
		p.vectors = 2
	}
	p.w = min(n, p.vectors*lanes)
	p.masked = p.w < p.vectors*lanes
	return true
}

// at is the address of element i, which may lie behind the slice where nothing
// is read.
func at[T Float](x []T, i int) unsafe.Pointer {
	var z T
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(x)), i*int(unsafe.Sizeof(z)))
}

// down runs the tiles of m rows down a panel.
func (g *Gemm[T]) down(t *gemmTile, m int, p panel) {
	for {
		rows, tiles := tilesOf(m, p.vectors)
		t.tiles, t.aNext = tiles, rows*t.aRow
		if lanesOf[T]() == 8 {
			runTileF32(rows, p.vectors, p.masked, t)
		} else {
			runTileF64(rows, p.vectors, p.masked, t)
		}
		rows *= tiles
		if m -= rows; m == 0 {
			return // no pointer may leave its array
		}
		t.a, t.c = unsafe.Add(t.a, rows*t.aRow), unsafe.Add(t.c, rows*t.cRow)
	}
}

// tilesOf is the height of the next tiles for m rows, and how many of them.
// The last rows are shared out so that no tile has too few chains.
func tilesOf(m, vectors int) (rows, tiles int) {
	switch {
	case vectors > 2:
		return m, 1
	case vectors == 1 && m >= 12:
		return 12, m / 12
	case vectors == 1:
		for rows = 8; rows > m; {
			rows /= 2
		}
		return rows, 1
	case m <= 6:
		return m, 1
	case m%6 == 0 || m%6 >= 4:
		return 6, m / 6
	case m >= 12:
		return 6, m/6 - 1
	case m == 9:
		return 5, 1
	}
	return 4, 1
}

// aside computes the tiles of a panel beside C, whose columns are apart, and
// moves them there.
func (g *Gemm[T]) aside(t *gemmTile, m int, p panel, sum bool, c, scratch []T) {
	width := p.vectors * lanesOf[T]()
	var z T
	size := int(unsafe.Sizeof(z))
	most := 16 * K0 / width
	for i := 0; i < m; i += most {
		h := min(most, m-i)
		t.c, t.cRow = at(scratch, 0), width*size
		g.down(t, h, p)
		g.move(c[i*g.CRow:], scratch, h, p.w, width, sum)
	}
}

// move writes h rows of w elements to C, whose columns are apart.
func (g *Gemm[T]) move(c, x []T, h, w, width int, sum bool) {
	lanes, i := lanesOf[T](), 0
	if g.CRow == 1 && !sum && w == width {
		for ; i+lanes <= h; i += lanes {
			turn(c[i:], g.CCol, x[i*width:], width, width/lanes)
		}
	}
	for ; i < h; i++ {
		row, at := x[i*width:i*width+w], i*g.CRow
		for _, v := range row {
			if sum {
				v += c[at]
			}
			c[at] = v
			at += g.CCol
		}
	}
}

// pack copies k rows of w columns of B into a panel of rows of width elements.
// What lies beyond w is left as it is, for kernels with a mask.
func (g *Gemm[T]) pack(dst, src []T, k, w, width int) {
	lanes := lanesOf[T]()
	switch {
	case g.BCol == 1 && w == 2*lanes:
		copyRows64(at(dst, 0), at(src, 0), g.BRow*(32/lanes), k)
	case g.BCol == 1:
		for l := 0; l < k; l++ {
			copy(dst[l*width:l*width+w], src[l*g.BRow:])
		}
	default:
		j := 0
		if g.BRow == 1 && k >= lanes {
			whole := k / lanes * lanes
			for ; j+lanes <= w; j += lanes {
				turn(dst[j:], width, src[j*g.BCol:], g.BCol, k/lanes)
				g.gather(dst, src, whole, k, j, j+lanes, width)
			}
		}
		g.gather(dst, src, 0, k, j, w, width)
	}
}

// gather is pack without kernels, for rows l0 to l1 and columns j0 to j1.
func (g *Gemm[T]) gather(dst, src []T, l0, l1, j0, j1, width int) {
	for j := j0; j < j1; j++ {
		from, to := l0*g.BRow+j*g.BCol, l0*width+j
		for l := l0; l < l1; l++ {
			dst[to] = src[from]
			from, to = from+g.BRow, to+width
		}
	}
}

// turn transposes a strip of as many rows as a register has lanes.
func turn[T Float](dst []T, dstStep int, src []T, srcStep, blocks int) {
	if lanesOf[T]() == 8 {
		transposeF32(at(dst, 0), dstStep*4, at(src, 0), srcStep*4, blocks)
	} else {
		transposeF64(at(dst, 0), dstStep*8, at(src, 0), srcStep*8, blocks)
	}
}
