package kernel

import "unsafe"

// The driver of the tile kernels. B is read where it lies while it is
// contiguous along n and few rows use it; otherwise panels of it are packed,
// each before the first tiles that run down it. A is read where it lies, with
// free steps, unless its lines are far apart and many panels use it.

// Parts of the scratch, in elements: panels of B, tiles of a C whose columns
// are apart, and A.
const (
	scratchB = mostCols * K0
	scratchC = mostRows * 64
)

// What gemmTile.add says.
const (
	addSum  = 1
	addGoOn = 2
)

// tileRows is whole tiles of every tier.
const tileRows = 24

// panel is one strip of columns of a block and the kernels that fit it.
type panel struct {
	j, w    int // first column, columns
	vectors int
	masked  bool
}

// tiles computes a block of C with the kernels in assembly.
func (g *Gemm[T]) tiles(i0, i1, j0, j1 int, add bool, a, b, c, scratch []T) {
	rows := share(i1-i0, (i1-i0+mostRows-1)/mostRows, tileRows)
	for k0 := 0; k0 < g.K; k0 += K0 {
		k := min(K0, g.K-k0)
		for j := j0; j < j1; j += mostCols {
			s := g.strip(j, min(j+mostCols, j1), i1-i0, k, add || k0 > 0)
			s.kept = s.packB && rows < s.rows
			for i := i0; i < i1; i += rows {
				g.panels(&s, min(rows, i1-i), a[i*g.ARow+k0*g.ACol:], b[k0*g.BRow:], c[i*g.CRow:], scratch)
				s.packB = s.packB && !s.kept
			}
		}
	}
}

// Rows is a product of chains of at most K0 links, block by block of its rows,
// with the panels of B packed once for all of them.
type Rows[T Float] struct {
	g    Gemm[T]
	s    strip
	kept bool
}

// Rows is what computes so many rows; see Rows.Block.
func (g *Gemm[T]) Rows(rows int) Rows[T] {
	r := Rows[T]{g: *g}
	r.g.CRow, r.g.CCol = g.N, 1
	if g.tier < AVX2 || g.swapped || g.N == 1 || g.N > mostCols || rows <= 2 {
		return r
	}
	r.s = g.strip(0, g.N, rows, g.K, false)
	r.kept = r.s.packB
	r.s.kept = r.kept
	return r
}

// Block computes n rows from row i on, at most RowsAtOnce, and writes them to c,
// row by row from its start. Calls that follow have the same b and scratch.
func (r *Rows[T]) Block(i, n int, a, b, c, scratch []T) {
	g := &r.g
	if !r.kept {
		g.Block(0, n, 0, g.N, false, a[i*g.ARow:], b, c, scratch)
		return
	}
	g.panels(&r.s, n, a[i*g.ARow:], b, c, scratch)
	r.s.packB = false
}

// strip is columns j0 to j1 of so many rows.
func (g *Gemm[T]) strip(j0, j1, rows, k int, add bool) strip {
	s := strip{j0: j0, j1: j1, rows: rows, k: k, add: add, goOn: g.goOn}
	s.packA, s.packB = g.packs(rows, j1-j0)
	s.broad = g.broad(rows, s.packA)
	s.best = tallest(g.tier, 2)
	if s.broad && j1-j0 >= 4*g.lanes() {
		s.best = tallest(g.tier, 4)
	}
	return s
}

// strip is columns of a block and one block of the chains.
type strip struct {
	j0, j1       int
	rows         int // of the block
	k            int
	add          bool // to C
	goOn         bool // the chains begin with C
	packA, packB bool
	kept         bool // the panels of B each have a place, for more rows to come
	broad        bool // panels of four registers have a kernel
	best         int  // most rows of the tiles that packed A is for
}

// panels computes m rows of C in a strip.
func (g *Gemm[T]) panels(s *strip, m int, a, b, c, scratch []T) {
	size := int(unsafe.Sizeof(c[0]))
	lanes := g.lanes()
	if s.packA {
		g.packA(scratch[scratchB+scratchC:], a, m, s.k, s.best)
	}
	t := gemmTile{k: s.k, add: b2i(s.add)}
	if s.goOn {
		t.add = addGoOn
	}
	for p := (panel{j: s.j0}); p.next(s, lanes); p.j += p.w {
		t.w = p.w
		strips := 0
		if s.packA && p.vectors != 1 {
			strips = s.best
		}
		if t.a, t.aRow, t.aCol = at(a, 0), g.ARow*size, g.ACol*size; strips > 0 {
			t.a, t.aRow = at(scratch, scratchB+scratchC), size
		}
		t.b, t.bRow = at(b, p.j*g.BCol), g.BRow*size
		if s.packB || s.kept {
			from, width := 0, p.vectors*lanes
			if s.kept {
				from = (p.j - s.j0) * s.k
			}
			if s.packB {
				g.pack(scratch[from:from+s.k*width], b[p.j*g.BCol:], s.k, p.w, width)
			}
			t.b, t.bRow = at(scratch, from), width*size
		}
		if g.CCol == 1 {
			t.c, t.cRow = at(c, p.j), g.CRow*size
			g.down(&t, m, p, strips)
			continue
		}
		g.aside(&t, m, p, strips, c[p.j*g.CCol:], scratch[scratchB:scratchB+scratchC])
	}
}

// next chooses the width of the panel at p.j, false at the end.
func (p *panel) next(s *strip, lanes int) bool {
	n := s.j1 - p.j
	switch {
	case n <= 0:
		return false
	case s.rows == 1 && n >= 8*lanes:
		p.vectors = 8
	case n >= 4*lanes && s.broad:
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

// broad reports whether panels of four registers have a kernel for so many
// rows: with registers of 512 bits for A that is contiguous along one axis.
func (g *Gemm[T]) broad(rows int, packed bool) bool {
	if g.tier == AVX512 {
		return packed || g.ACol == 1 || g.ARow == 1
	}
	return rows == 2
}

// at is the address of element i, which may lie behind the slice where nothing
// is read.
func at[T Float](x []T, i int) unsafe.Pointer {
	var z T
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(x)), i*int(unsafe.Sizeof(z)))
}

// down runs the tiles of m rows down a panel. Where A is packed in strips, the
// tiles are those that packA made them for, strips high at most; 0 where it is
// not.
func (g *Gemm[T]) down(t *gemmTile, m int, p panel, strips int) {
	a := t.a
	for {
		rows, tiles := g.tilesOf(m, p.vectors, strips)
		step := t.aRow
		if strips > 0 {
			step = t.k * t.aRow
			t.aCol = rows * t.aRow
		}
		t.a, t.tiles, t.aNext = a, tiles, rows*step
		g.run(rows, p, t)
		rows *= tiles
		if m -= rows; m == 0 {
			return // no pointer may leave its array
		}
		a, t.c = unsafe.Add(a, rows*step), unsafe.Add(t.c, rows*t.cRow)
	}
}

// run calls the kernel of the tiles.
func (g *Gemm[T]) run(rows int, p panel, t *gemmTile) {
	if g.notes != nil {
		g.notes.note(t, gemmCall{rows: rows, panel: p})
		return
	}
	single := lanesOf[T]() == 8
	switch {
	case g.tier == AVX512 && p.vectors == 4:
		runBroad[T](rows, t)
	case g.tier == AVX512 && single:
		runWideF32(rows, p.vectors, p.masked, t)
	case g.tier == AVX512:
		runWideF64(rows, p.vectors, p.masked, t)
	case single:
		runTileF32(rows, p.vectors, p.masked, t)
	default:
		runTileF64(rows, p.vectors, p.masked, t)
	}
}

// farStep is from how many bytes on links are too far apart for the hardware
// to see which comes next.
const farStep = 2048

// runBroad calls the kernel of four registers of 512 bits.
func runBroad[T Float](rows int, t *gemmTile) {
	size := 32 / lanesOf[T]()
	turned := t.aCol != size
	if far := turned && t.aCol >= farStep; lanesOf[T]() == 8 {
		runBroadF32(rows, turned, far, t)
	} else {
		runBroadF64(rows, turned, far, t)
	}
}

// tallest is the most rows of a tile of so many registers a row.
func tallest(tier Tier, vectors int) int {
	if tier == AVX512 && vectors == 2 {
		return 8
	}
	return 6
}

// tilesOf is the height of the next tiles for m rows, and how many of them;
// strips is the height that A was packed for, 0 for none.
func (g *Gemm[T]) tilesOf(m, vectors, strips int) (rows, tiles int) {
	switch {
	case strips > 0:
		return sharedOut(m, strips)
	case vectors == 1:
		return narrowTilesOf(g.tier, m)
	case vectors == 8:
		return m, 1
	}
	return sharedOut(m, tallest(g.tier, vectors))
}

// sharedOut is tiles of at most best rows. The last rows are shared out so
// that no tile has too few chains.
func sharedOut(m, best int) (rows, tiles int) {
	switch rest := m % best; {
	case m <= best:
		return m, 1
	case rest == 0 || rest >= 4:
		return best, m / best
	case m >= 2*best:
		return best, m/best - 1
	}
	return (m + 1) / 2, 1
}

// narrowTilesOf is tilesOf for one register.
func narrowTilesOf(tier Tier, m int) (rows, tiles int) {
	best := 12
	if tier == AVX512 {
		best = 16
	}
	if m >= best {
		return best, m / best
	}
	for rows = 8; rows > m; {
		rows /= 2
	}
	return rows, 1
}

// aside computes the tiles of a panel beside C, whose columns are apart, and
// moves them there; chains that go on are fetched before.
func (g *Gemm[T]) aside(t *gemmTile, m int, p panel, strips int, c, scratch []T) {
	width := p.vectors * g.lanes()
	t.c, t.cRow = at(scratch, 0), width*int(unsafe.Sizeof(c[0]))
	was := t.add
	if was == addGoOn {
		g.fetch(scratch, c, m, p.w, width)
	} else {
		t.add = 0
	}
	g.down(t, m, p, strips)
	g.move(c, scratch, m, p.w, width, was == addSum)
	t.add = was
}

// fetch reads h rows of w elements of C, whose columns are apart.
func (g *Gemm[T]) fetch(x, c []T, h, w, width int) {
	for i := 0; i < h; i++ {
		row, at := x[i*width:i*width+w], i*g.CRow
		for j := range row {
			row[j] = c[at]
			at += g.CCol
		}
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
	case g.BCol == 1 && w == 4*lanes:
		copyRows128(at(dst, 0), at(src, 0), g.BRow*(32/lanes), k)
	case g.BCol == 1 && w == 8*lanes:
		copyRows256(at(dst, 0), at(src, 0), g.BRow*(32/lanes), k)
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

// packA copies A into the strips of tiles of at most best rows: for each link
// of the chains the rows of a tile beside one another.
func (g *Gemm[T]) packA(dst, a []T, m, k, best int) {
	for i := 0; i < m; {
		rows, tiles := sharedOut(m-i, best)
		if g.ARow == 1 && packStrips(dst[i*k:], rows, k, a[i:], g.ACol, tiles) {
			i += rows * tiles
			continue
		}
		for ; tiles > 0; tiles-- {
			g.packStrip(dst[i*k:(i+rows)*k], a[i*g.ARow:], rows, k)
			i += rows
		}
	}
}

// packStrip is packA for one tile.
func (g *Gemm[T]) packStrip(dst, a []T, rows, k int) {
	done := 0
	if g.ACol == 1 {
		done = turnStrip(dst, a, g.ARow, rows, k)
	}
	for i := 0; i < rows; i++ {
		from := i*g.ARow + done*g.ACol
		for at := i + done*rows; at < len(dst); at += rows {
			dst[at] = a[from]
			from += g.ACol
		}
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

// packStrips packs strips of rows of A that are contiguous down its columns;
// false where it has no kernel for their height.
func packStrips[T Float](dst []T, rows, k int, src []T, step, strips int) bool {
	single, size := lanesOf[T]() == 8, 32/lanesOf[T]()
	to, strip, from := at(dst, 0), rows*k*size, at(src, 0)
	if rows == 8 && strips > 2 {
		// The strips of all would push one another out of the first cache.
		for s := 0; s < strips; s += 2 {
			packStrips(dst[s*rows*k:], rows, k, src[s*rows:], step, min(2, strips-s))
		}
		return true
	}
	switch {
	case rows == 6 && single:
		packSixF32(to, strip, from, step*size, strips, k)
	case rows == 6:
		packSixF64(to, strip, from, step*size, strips, k)
	case rows == 8 && single:
		packEightF32(to, strip, from, step*size, strips, k)
	case rows == 8:
		packEightF64(to, strip, from, step*size, strips, k)
	default:
		return false
	}
	return true
}

// turnStrip packs a strip of rows of A that are contiguous along the links, and
// says how many links that were: whole registers, and none where it has no
// kernel for the height.
func turnStrip[T Float](dst, src []T, step, rows, k int) int {
	lanes := lanesOf[T]()
	if rows == 6 {
		lanes /= 2
	}
	blocks := k / lanes
	switch {
	case blocks == 0 || rows != 6 && rows != 8:
		return 0
	case rows == 8:
		for i := 0; i < rows; i += lanes {
			turn(dst[i:], rows, src[i*step:], step, blocks)
		}
	case lanes == 4:
		turnSixF32(at(dst, 0), at(src, 0), step*4, blocks)
	default:
		turnSixF64(at(dst, 0), at(src, 0), step*8, blocks)
	}
	return blocks * lanes
}
