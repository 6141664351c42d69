package kernel

// Tiles of the output that the portable kernel packs for, and the blocks that
// its registers hold.
const (
	tileM, tileN = 64, 128
	regM, regN   = 2, 4
)

// portable computes a block of C in plain Go, products rounded before they are
// added.
func (g *Gemm[T]) portable(i0, i1, j0, j1 int, add bool, a, b, c, scratch []T) {
	for i := i0; i < i1; i += tileM {
		for j := j0; j < j1; j += tileN {
			g.piece(i, j, min(tileM, i1-i), min(tileN, j1-j), add, a, b, c, scratch)
		}
	}
}

// piece is the part of portable that fits the scratch.
func (g *Gemm[T]) piece(i0, j0, m, n int, sum bool, a, b, c, scratch []T) {
	for k0 := 0; k0 < g.K; k0 += K0 {
		k := min(K0, g.K-k0)
		add := sum || k0 > 0
		at, bt := a[i0*g.ARow+k0*g.ACol:], b[k0*g.BRow+j0*g.BCol:]
		ct := c[i0*g.CRow+j0*g.CCol:]
		switch {
		case n == 1:
			g.column(m, k, at, bt, ct, scratch, add)
		case m == 1:
			h := g.transposed()
			h.column(n, k, bt, at, ct, scratch, add)
		default:
			g.block(m, n, k, at, bt, ct, scratch, add)
		}
	}
}

// block packs one block of both operands and runs the register kernel over it.
func (g *Gemm[T]) block(m, n, k int, a, b, c, scratch []T, add bool) {
	mp, np := (m+regM-1)/regM*regM, (n+regN-1)/regN*regN
	pa, pb := scratch[:mp*k], scratch[tileM*K0:tileM*K0+np*k]
	packA(pa, a, m, k, g.ARow, g.ACol)
	packB(pb, b, n, k, g.BCol, g.BRow)
	var out [regM * regN]T
	add = add && !g.goOn
	for j := 0; j < n; j += regN {
		sb := pb[j*k : (j+regN)*k]
		for i := 0; i < m; i += regM {
			at := c[i*g.CRow+j*g.CCol:]
			clear(out[:])
			if g.goOn {
				g.begin(&out, at, min(regM, m-i), min(regN, n-j))
			}
			micro(pa[i*k:(i+regM)*k], sb, &out)
			if g.CCol == 1 && i+regM <= m && j+regN <= n {
				storeRow((*[regN]T)(at), (*[regN]T)(out[:regN]), add)
				storeRow((*[regN]T)(at[g.CRow:]), (*[regN]T)(out[regN:]), add)
				continue
			}
			g.store(&out, at, min(regM, m-i), min(regN, n-j), add)
		}
	}
}

func storeRow[T Float](c, x *[regN]T, add bool) {
	if !add {
		*c = *x
		return
	}
	c[0] += x[0]
	c[1] += x[1]
	c[2] += x[2]
	c[3] += x[3]
}

func (g *Gemm[T]) store(out *[regM * regN]T, c []T, m, n int, add bool) {
	for i := 0; i < m; i++ {
		for j := 0; j < n; j++ {
			at := i*g.CRow + j*g.CCol
			if add {
				c[at] += out[i*regN+j]
			} else {
				c[at] = out[i*regN+j]
			}
		}
	}
}

// begin reads the chains that go on.
func (g *Gemm[T]) begin(out *[regM * regN]T, c []T, m, n int) {
	for i := 0; i < m; i++ {
		for j := 0; j < n; j++ {
			out[i*regN+j] = c[i*g.CRow+j*g.CCol]
		}
	}
}

// packA lays out strips of regM rows: for each k the regM elements beside one
// another, missing rows as zeros.
func packA[T Float](dst, src []T, m, k, row, col int) {
	for i := 0; i < m; i += regM {
		d := dst[i*k : (i+regM)*k]
		s0 := src[i*row:]
		if i+1 < m {
			s1 := src[(i+1)*row:]
			for l, at := 0, 0; l < k; l, at = l+1, at+col {
				p := (*[regM]T)(d[l*regM:])
				p[0], p[1] = s0[at], s1[at]
			}
			continue
		}
		for l, at := 0, 0; l < k; l, at = l+1, at+col {
			p := (*[regM]T)(d[l*regM:])
			p[0], p[1] = s0[at], 0
		}
	}
}

// packB is packA for strips of regN columns; row is the stride along n.
func packB[T Float](dst, src []T, n, k, row, col int) {
	for j := 0; j < n; j += regN {
		d := dst[j*k : (j+regN)*k]
		s := src[j*row:]
		if j+regN > n {
			clear(d)
			for r := 0; r < n-j; r++ {
				for l := 0; l < k; l++ {
					d[l*regN+r] = s[r*row+l*col]
				}
			}
			continue
		}
		if row == 1 {
			for l := 0; l < k; l++ {
				*(*[regN]T)(d[l*regN:]) = *(*[regN]T)(s[l*col:])
			}
			continue
		}
		s1, s2, s3 := s[row:], s[2*row:], s[3*row:]
		for l, at := 0, 0; l < k; l, at = l+1, at+col {
			p := (*[regN]T)(d[l*regN:])
			p[0], p[1], p[2], p[3] = s[at], s1[at], s2[at], s3[at]
		}
	}
}

// micro is the register kernel: a 2×4 block of chains over packed strips, from
// what out holds.
func micro[T Float](a, b []T, out *[regM * regN]T) {
	c00, c01, c02, c03 := out[0], out[1], out[2], out[3]
	c10, c11, c12, c13 := out[4], out[5], out[6], out[7]
	for len(a) >= 4*regM && len(b) >= 4*regN {
		p, q := (*[4 * regM]T)(a), (*[4 * regN]T)(b)
		x, y := p[0], p[1]
		c00 += T(x * q[0])
		c10 += T(y * q[0])
		c01 += T(x * q[1])
		c11 += T(y * q[1])
		c02 += T(x * q[2])
		c12 += T(y * q[2])
		c03 += T(x * q[3])
		c13 += T(y * q[3])
		x, y = p[2], p[3]
		c00 += T(x * q[4])
		c10 += T(y * q[4])
		c01 += T(x * q[5])
		c11 += T(y * q[5])
		c02 += T(x * q[6])
		c12 += T(y * q[6])
		c03 += T(x * q[7])
		c13 += T(y * q[7])
		x, y = p[4], p[5]
		c00 += T(x * q[8])
		c10 += T(y * q[8])
		c01 += T(x * q[9])
		c11 += T(y * q[9])
		c02 += T(x * q[10])
		c12 += T(y * q[10])
		c03 += T(x * q[11])
		c13 += T(y * q[11])
		x, y = p[6], p[7]
		c00 += T(x * q[12])
		c10 += T(y * q[12])
		c01 += T(x * q[13])
		c11 += T(y * q[13])
		c02 += T(x * q[14])
		c12 += T(y * q[14])
		c03 += T(x * q[15])
		c13 += T(y * q[15])
		a, b = a[4*regM:], b[4*regN:]
	}
	for len(a) >= regM && len(b) >= regN {
		p, q := (*[regM]T)(a), (*[regN]T)(b)
		x, y := p[0], p[1]
		c00 += T(x * q[0])
		c10 += T(y * q[0])
		c01 += T(x * q[1])
		c11 += T(y * q[1])
		c02 += T(x * q[2])
		c12 += T(y * q[2])
		c03 += T(x * q[3])
		c13 += T(y * q[3])
		a, b = a[regM:], b[regN:]
	}
	*out = [regM * regN]T{c00, c01, c02, c03, c10, c11, c12, c13}
}

// column is one block of a matrix times a vector: four chains at once down
// contiguous rows, otherwise all chains side by side.
func (g *Gemm[T]) column(m, k int, a, b, c, scratch []T, add bool) {
	v := scratch[:k]
	for l := range v {
		v[l] = b[l*g.BRow]
	}
	sum := scratch[K0 : K0+m]
	clear(sum)
	for i := 0; i < m && g.goOn; i++ {
		sum[i] = c[i*g.CRow]
	}
	add = add && !g.goOn
	if g.ACol == 1 {
		rowsTimes(sum, a, v, g.ARow)
	} else {
		for l, x := range v {
			at := a[l*g.ACol:]
			if g.ARow == 1 {
				axpy(sum, at[:m], x)
				continue
			}
			for i := range sum {
				sum[i] += T(at[i*g.ARow] * x)
			}
		}
	}
	for i, s := range sum {
		if add {
			s += c[i*g.CRow]
		}
		c[i*g.CRow] = s
	}
}

func axpy[T Float](y, a []T, x T) {
	a = a[:len(y)]
	for i := range y {
		y[i] += T(a[i] * x)
	}
}

// rowsTimes lets the chains of sum go on with rows times v.
func rowsTimes[T Float](sum, a, v []T, row int) {
	k, i := len(v), 0
	for ; i+4 <= len(sum); i += 4 {
		a0, a1 := a[i*row:][:k], a[(i+1)*row:][:k]
		a2, a3 := a[(i+2)*row:][:k], a[(i+3)*row:][:k]
		s0, s1, s2, s3 := sum[i], sum[i+1], sum[i+2], sum[i+3]
		for l, x := range v {
			s0 += T(a0[l] * x)
			s1 += T(a1[l] * x)
			s2 += T(a2[l] * x)
			s3 += T(a3[l] * x)
		}
		sum[i], sum[i+1], sum[i+2], sum[i+3] = s0, s1, s2, s3
	}
	for ; i < len(sum); i++ {
		s := sum[i]
		for l, x := range a[i*row:][:k] {
			s += T(x * v[l])
		}
		sum[i] = s
	}
}
