package macro

import "math"

// sin r/r - 1 over r², and (cos r - 1 + r²/2)/r⁴, in r² for |r| ≤ π/4; f32
// after the Cephes library, f64 after msun.
var (
	sin32 = coefficients{-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1}
	cos32 = coefficients{2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2}
	sin64 = coefficients{1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
		-1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01}
	cos64 = coefficients{-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
		2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02}
)

// quadrant finds n = x/(π/2) rounded to a whole number, in the low bits of t,
// and r = x - n π/2, with π/2 in three parts. The first difference is exact, and
// up to the bound the parts not taken are far below the least r that a float
// can have; beyond it lies outside.
func (b *builder) quadrant(x v) (t, r v) {
	magic := b.k(b.magic())
	t = b.fma(x, b.k(2/math.Pi), magic)
	n := b.sub(t, magic)
	r = b.fnma(n, b.pick(0x1.921fb6p+0, 0x1.921fb54442d18p+0), x)
	r = b.fnma(n, b.pick(-0x1.777a5cp-25, 0x1.1a62633145c07p-54), r)
	r = b.fnma(n, b.pick(-0x1.ee59dap-50, -0x1.f1976b7ed8fbcp-110), r)
	b.Outside = int(b.cmp(b.pick(0x1p16, 0x1p30), Lt, b.abs(x)))
	return t, r
}

// sinCos is the sine of the quadrant in the low bits of t: its lowest bit says
// sine or cosine of r, the next one the sign.
func (b *builder) sinCos(t, r v) v {
	z := b.mul(r, r)
	s := b.fma(b.mul(r, z), b.poly(z, b.of(sin32, sin64)), r)
	c := b.fma(b.mul(z, z), b.poly(z, b.of(cos32, cos64)), b.fnma(b.k(0.5), z, b.k(1)))
	top := b.Lane.Bits() - 1
	return b.xor(b.blend(b.shl(t, top), c, s), b.signOf(b.shl(t, top-1)))
}

// sin keeps the sign of zeros.
func sin(b *builder, x []v) v {
	y := b.sinCos(b.quadrant(x[0]))
	return b.blend(b.cmp(x[0], Eq, b.k(0)), x[0], y)
}

// cos is the sine one quadrant on.
func cos(b *builder, x []v) v {
	t, r := b.quadrant(x[0])
	return b.sinCos(b.iadd(t, b.bits(1)), r)
}

// (atan x/x - 1)/x² in x² for |x| ≤ 1.
var (
	atan32 = coefficients{-2.3869972e-03, 1.3507771e-02, -3.587154e-02, 6.250169e-02, -8.6568803e-02,
		1.1033764e-01, -1.4278568e-01, 1.999974e-01, -3.333333e-01}
	atan64 = coefficients{1.806195461861215e-05, -1.9996189377901382e-04, 1.0496035084968515e-03, -3.4958859739163094e-03,
		8.368931178450162e-03, -1.5535152475414177e-02, 2.3696731580048622e-02, -3.1277189066996385e-02,
		3.749486812535247e-02, -4.260356632601652e-02, 4.737749579527779e-02, -5.2579733342841106e-02,
		5.881506877793656e-02, -6.666564699289104e-02, 7.692298971033217e-02, -9.090908590891934e-02,
		1.1111111093490827e-01, -1.4285714285384132e-01, 1.999999999999753e-01, -3.333333333333333e-01}
)

// atan2 is the angle of the point (x[1], x[0]): the arc tangent of the lesser
// over the greater coordinate, put into its octant. The quotient is 0 at the
// origin and 1 where both are infinite.
func atan2(b *builder, x []v) v {
	ay, ax := b.abs(x[0]), b.abs(x[1])
	low, high := b.min(ax, ay), b.max(ax, ay)
	q := b.blend(b.cmp(low, Eq, high), b.k(1), b.div(low, high))
	q = b.blend(b.cmp(low, Eq, b.k(0)), low, q)
	z := b.mul(q, q)
	a := b.fma(b.mul(q, z), b.poly(z, b.of(atan32, atan64)), q)
	halfHi, halfLo := b.pick(0x1.921fb6p+0, 0x1.921fb54442d18p+0), b.pick(-0x1.777a5cp-25, 0x1.1a62633145c07p-54)
	a = b.blend(b.cmp(ax, Lt, ay), b.sub(halfHi, b.sub(a, halfLo)), a)
	piHi, piLo := b.pick(0x1.921fb6p+1, 0x1.921fb54442d18p+1), b.pick(-0x1.777a5cp-24, 0x1.1a62633145c07p-53)
	a = b.blend(x[1], b.sub(piHi, b.sub(a, piLo)), a)
	a = b.xor(a, b.signOf(x[0]))
	return b.or(a, b.cmp(x[0], Unord, x[1]))
}
