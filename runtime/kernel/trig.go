package kernel

import (
	"math"
	"math/bits"
)

// Sin and Cos are below 1 ulp, of huge arguments below 2; after msun, with the
// reduction of huge arguments of Payne and Hanek.
func Sin(x float64) float64 {
	if x == 0 {
		return x // with its sign
	}
	q, y0, y1 := reducePi2(x)
	return quadrant(q, y0, y1)
}

// Cos is the cosine.
func Cos(x float64) float64 {
	q, y0, y1 := reducePi2(x)
	return quadrant(q+1, y0, y1)
}

func quadrant(q int, y0, y1 float64) float64 {
	switch q & 3 {
	case 0:
		return sinKernel(y0, y1)
	case 1:
		return cosKernel(y0, y1)
	case 2:
		return -sinKernel(y0, y1)
	}
	return -cosKernel(y0, y1)
}

// sinKernel is sin(x+y) for |x| ≤ π/4 and y a tail of x.
func sinKernel(x, y float64) float64 {
	z := float64(x * x)
	r := ma(z, ma(z, ma(z, ma(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08),
		2.75573137070700676789e-06), -1.98412698298579493134e-04), 8.33333333332248946124e-03)
	v := float64(z * x)
	if y == 0 {
		return x + float64(v*(float64(z*r)-1.66666666666666324348e-01))
	}
	return x - ((float64(z*(float64(0.5*y)-float64(v*r))) - y) + float64(v*1.66666666666666324348e-01))
}

// cosKernel is cos(x+y).
func cosKernel(x, y float64) float64 {
	z := float64(x * x)
	r := float64(z * ma(z, ma(z, ma(z, ma(z, ma(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09),
		-2.75573143513906633035e-07), 2.48015872894767294178e-05), -1.38888888888741095749e-03), 4.16666666666666019037e-02))
	hz := float64(0.5 * z)
	w := 1 - hz
	return w + (((1 - w) - hz) + (float64(z*r) - float64(x*y)))
}

// reducePi2 is x = q π/2 + y0 + y1 with |y0| ≤ π/4; q is right modulo 4.
func reducePi2(x float64) (q int, y0, y1 float64) {
	const (
		p1, p1t = 1.57079632673412561417e+00, 6.07710050650619224932e-11
		p2, p2t = 6.07710050630396597660e-11, 2.02226624879595063154e-21
		p3, p3t = 2.02226624871116645580e-21, 8.47842766036889956997e-32
	)
	a := math.Abs(x)
	switch {
	case a <= math.Pi/4:
		return 0, x, 0
	case !(a <= math.MaxFloat64):
		return 0, math.NaN(), 0
	case a > 1e6:
		return reduceHuge(x)
	}
	fn := math.RoundToEven(float64(x * (2 / math.Pi)))
	r := x - float64(fn*p1)
	w := float64(fn * p1t)
	y0 = r - w
	ex := exponent(x)
	if ex-exponent(y0) > 16 {
		t := r
		w = float64(fn * p2)
		r = t - w
		w = float64(fn*p2t) - ((t - r) - w)
		y0 = r - w
		if ex-exponent(y0) > 49 {
			t = r
			w = float64(fn * p3)
			r = t - w
			w = float64(fn*p3t) - ((t - r) - w)
			y0 = r - w
		}
	}
	return int(fn), y0, (r - y0) - w
}

func exponent(x float64) int { return int(math.Float64bits(x) >> 52 & 0x7ff) }

// reduceHuge multiplies by 192 bits of 4/π chosen by the exponent of x.
func reduceHuge(x float64) (q int, y0, y1 float64) {
	b := math.Float64bits(math.Abs(x))
	exp := int(b>>52) - 1023 - 52
	m := b&(1<<52-1) | 1<<52
	digit, shift := uint(exp+61)/64, uint(exp+61)%64
	var z [3]uint64
	for i := range z {
		z[i] = fourOverPi[digit+uint(i)]<<shift | fourOverPi[digit+uint(i)+1]>>(64-shift)
	}
	z2hi, _ := bits.Mul64(z[2], m)
	z1hi, z1lo := bits.Mul64(z[1], m)
	lo, c := bits.Add64(z1lo, z2hi, 0)
	hi, _ := bits.Add64(z[0]*m, z1hi, c)
	// hi:lo is x/(π/4) modulo 8 with 61 bits before the point of hi.
	j := int(hi >> 61)
	hi, lo = hi<<3|lo>>61, lo<<3
	neg := false
	if j&1 == 1 { // past the middle: count back from the next multiple
		j++
		hi, lo = ^hi, -lo
		if lo == 0 {
			hi++
		}
		neg = true
	}
	f := float64(float64(hi>>11)*0x1p-53) + float64(float64(hi&(1<<11-1))*0x1p-64)
	f += float64(float64(lo>>11) * 0x1p-117)
	y0 = f * (math.Pi / 4)
	if neg {
		y0 = -y0
	}
	q = j / 2
	if x < 0 {
		return -q, -y0, 0
	}
	return q, y0, 0
}

// fourOverPi is 4/π in digits of 64 bits, the first before the point.
var fourOverPi = [...]uint64{
	0x0000000000000001, 0x45f306dc9c882a53, 0xf84eafa3ea69bb81, 0xb6c52b3278872083, 0xfca2c757bd778ac3,
	0x6e48dc74849ba5c0, 0x0c925dd413a32439, 0xfc3bd63962534e7d, 0xd1046bea5d768909, 0xd338e04d68befc82,
	0x7323ac7306a673e9, 0x3908bf177bf25076, 0x3ff12fffbc0b301f, 0xde5e2316b414da3e, 0xda6cfd9e4f96136e,
	0x9e8c7ecd3cbfd45a, 0xea4f758fd7cbe2f6, 0x7a0e73ef14a525d4, 0xd7f6bf623f1aba10, 0xac06608df8f6d757,
	0, 0,
}

var (
	atanC = [...]float64{3.33333333333329318027e-01, -1.99999999998764832476e-01, 1.42857142725034663711e-01,
		-1.11111104054623557880e-01, 9.09088713343650656196e-02, -7.69187620504482999495e-02, 6.66107313738753120669e-02,
		-5.83357013379057348645e-02, 4.97687799461593236017e-02, -3.65315727442169155270e-02, 1.62858201153657823623e-02}
	atanHi = [...]float64{4.63647609000806093515e-01, 7.85398163397448278999e-01, 9.82793723247329054082e-01, 1.57079632679489655800}
	atanLo = [...]float64{2.26987774529616870924e-17, 3.06161699786838301793e-17, 1.39033110312309984516e-17, 6.12323399573676603587e-17}
)

// Atan is the arc tangent, below 1 ulp; after msun.
func Atan(x float64) float64 {
	a := math.Abs(x)
	if x != x || a < 0x1p-27 {
		return x
	}
	id := -1
	switch {
	case a >= 0x1p66:
		return math.Copysign(atanHi[3]+atanLo[3], x)
	case a < 0.4375:
	case a < 0.6875:
		id, a = 0, (float64(2*a)-1)/(2+a)
	case a < 1.1875:
		id, a = 1, (a-1)/(a+1)
	case a < 2.4375:
		id, a = 2, (a-1.5)/(1+float64(1.5*a))
	default:
		id, a = 3, -1/a
	}
	z := float64(a * a)
	s := float64(z * horner(z, atanC[:]))
	if id < 0 {
		return math.Copysign(a-float64(a*s), x)
	}
	return math.Copysign(atanHi[id]-((float64(a*s)-atanLo[id])-a), x)
}

// Atan2 is the angle of the point (x, y), with the special cases of C.
func Atan2(y, x float64) float64 {
	switch {
	case x != x || y != y:
		return math.NaN()
	case y == 0:
		if math.Signbit(x) {
			return math.Copysign(math.Pi, y)
		}
		return y
	case x == 0:
		return math.Copysign(math.Pi/2, y)
	case math.IsInf(x, 0) && math.IsInf(y, 0):
		if x > 0 {
			return math.Copysign(math.Pi/4, y)
		}
		return math.Copysign(3*math.Pi/4, y)
	case math.IsInf(x, 0):
		if x > 0 {
			return math.Copysign(0, y)
		}
		return math.Copysign(math.Pi, y)
	case math.IsInf(y, 0):
		return math.Copysign(math.Pi/2, y)
	}
	q := math.Abs(y / x)
	if x > 0 {
		return math.Copysign(Atan(q), y)
	}
	// π in two parts, so that angles near π keep their last bit.
	return math.Copysign(math.Pi-(Atan(q)-1.2246467991473532e-16), y)
}
