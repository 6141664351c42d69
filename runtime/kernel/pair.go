package kernel

// pair is a number in two parts, the second below half a unit of the first: it
// holds some 100 bits.
type pair struct{ hi, lo float64 }

// sum is x + y, exactly.
func sum(x, y float64) pair {
	s := x + y
	b := s - x
	return pair{s, (x - (s - b)) + (y - b)}
}

// product is x·y but for some 2^-95 of it.
func product(x, y float64) pair {
	p := float64(x * y)
	xh, yh := high(x), high(y)
	xl, yl := x-xh, y-yh
	return pair{p, ((float64(xh*yh) - p) + float64(xh*yl) + float64(xl*yh)) + float64(xl*yl)}
}

func (p pair) plus(q pair) pair {
	s := sum(p.hi, q.hi)
	return sum(s.hi, s.lo+(p.lo+q.lo))
}

func (p pair) minus(q pair) pair { return p.plus(pair{-q.hi, -q.lo}) }

func (p pair) times(q pair) pair {
	r := product(p.hi, q.hi)
	return sum(r.hi, r.lo+(float64(p.hi*q.lo)+float64(p.lo*q.hi)))
}

// over is p/q.
func (p pair) over(q pair) pair {
	d := p.hi / q.hi
	return sum(d, p.minus(q.times(pair{d, 0})).hi/q.hi)
}

func (p pair) value() float64 { return p.hi + p.lo }

// logPair is log(p) to some 2^-56, for p positive and finite.
func logPair(p pair) pair {
	const h, l = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	m, k := split(p.hi)
	f, kf := m-1, float64(k)
	s := f / (2 + f)
	half := product(0.5*f, f)
	y := float64(s*(half.hi+logTail(s))) - half.lo + p.lo/p.hi
	d := sum(f, -half.hi)
	return sum(float64(kf*h), d.hi).plus(pair{y, d.lo + float64(kf*l)})
}

// piHi + piLo is π.
const piHi, piLo = 3.14159265358979323846264338327950288, 1.2246467991473531772e-16

// sinCosPi is sin πr and cos πr of |r| up to ½ in two parts.
func sinCosPi(r float64) (sin, cos pair) {
	switch a := 0.5 - r; {
	case r < 0:
		sin, cos = sinCosPi(-r)
		return pair{-sin.hi, -sin.lo}, cos
	case r > 0.25:
		cos, sin = sinCosPi(a)
		return sin, cos
	}
	a := pair{piHi, piLo}.times(pair{r, 0})
	z := a.times(a)
	s := ma(z.hi, ma(z.hi, ma(z.hi, ma(z.hi, 1.58969099521155010221e-10, -2.50507602534068634195e-08),
		2.75573137070700676789e-06), -1.98412698298579493134e-04), 8.33333333332248946124e-03)
	c := ma(z.hi, ma(z.hi, ma(z.hi, ma(z.hi, ma(z.hi, -1.13596475577881948265e-11, 2.08757232129817482790e-09),
		-2.75573143513906633035e-07), 2.48015872894767294178e-05), -1.38888888888741095749e-03), 4.16666666666666019037e-02)
	sin = a.plus(a.times(z.times(sum(-1.66666666666666324348e-01, float64(z.hi*s)))))
	cos = pair{1, 0}.minus(pair{0.5 * z.hi, 0.5 * z.lo}).plus(pair{float64(float64(z.hi*z.hi) * c), 0})
	return sin, cos
}
