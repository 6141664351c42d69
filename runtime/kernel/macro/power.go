package macro

// Powers that have a program; others are left to the portable kernel.
const (
	leastPower    = -4
	greatestPower = 8
)

// powi is x^n by repeated squaring. Powers beyond the third and below -1 carry
// the errors of their products along.
func powi(n int64) func(b *builder, x []v) v {
	return func(b *builder, x []v) v {
		if n >= -1 && n <= 3 {
			return b.plainPower(x[0], n)
		}
		y := exact{x[0], b.k(0)}
		if n < 0 {
			y.hi = b.div(b.k(1), x[0])
			y.lo = b.mul(b.fnma(y.hi, x[0], b.k(1)), y.hi)
		}
		p := b.exactPower(y, max(n, -n))
		r := b.add(p.hi, p.lo)
		r = b.blend(b.cmp(r, Unord, r), p.hi, r) // infinities and zeros have no errors
		if n&1 != 0 {
			r = b.or(r, b.signOf(x[0]))
		}
		return r
	}
}

// plainPower is x^n rounded at every product.
func (b *builder) plainPower(x v, n int64) v {
	if n < 0 {
		return b.div(b.k(1), b.plainPower(x, -n))
	}
	p := v(-1)
	for ; n > 0; n >>= 1 {
		switch {
		case n&1 == 0:
		case p < 0:
			p = x
		default:
			p = b.mul(p, x)
		}
		if n > 1 {
			x = b.mul(x, x)
		}
	}
	return p
}

// exact is a number in two parts, the second the error of the first.
type exact struct{ hi, lo v }

func (b *builder) exactMul(x, y exact) exact {
	p := b.mul(x.hi, y.hi)
	return exact{p, b.fma(x.hi, y.lo, b.fma(x.lo, y.hi, b.fms(x.hi, y.hi, p)))}
}

func (b *builder) exactPower(x exact, n int64) exact {
	p := exact{-1, -1}
	for ; n > 0; n >>= 1 {
		switch {
		case n&1 == 0:
		case p.hi < 0:
			p = x
		default:
			p = b.exactMul(p, x)
		}
		if n > 1 {
			x = b.exactMul(x, x)
		}
	}
	return p
}

// rem is x - y·floor(x/y), with the sign of y. Where the quotient is small
// enough to be a whole number of a float, its product with y is taken off in
// one rounding, which is none; the rounded quotient may be one too great, and
// then y is added again. Greater quotients and infinite y lie outside.
func rem(b *builder, x []v) v {
	q := b.floor(b.div(x[0], x[1]))
	b.Outside = int(b.or(b.cmp(b.abs(q), NotLe, b.pick(0x1p22, 0x1p51)), b.cmp(b.abs(x[1]), Eq, b.inf(1))))
	r := b.fnma(q, x[1], x[0])
	none := b.cmp(r, Eq, b.k(0))
	r = b.blend(b.xor(r, x[1]), b.add(r, x[1]), r)
	return b.blend(none, b.signOf(x[0]), r)
}
