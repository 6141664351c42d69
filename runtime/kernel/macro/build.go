package macro

import "math"

// v is a value of a program under construction: the number of its operation.
type v int

// builder makes a program; equal operations become one.
type builder struct {
	Code
	memo map[Op]v
}

// build makes a program of args arguments; f returns its result.
func build(l Lane, args int, f func(b *builder, x []v) v) *Code {
	b := &builder{Code: Code{Lane: l, Args: args, Outside: -1}, memo: map[Op]v{}}
	x := make([]v, args)
	for i := range x {
		x[i] = b.op(Op{Do: Arg, Bits: uint64(i)})
	}
	b.Result = int(f(b, x))
	b.sweep()
	return &b.Code
}

// sweep drops operations that nothing reads.
func (b *builder) sweep() {
	used := make([]bool, len(b.Ops))
	used[b.Result] = true
	if b.Outside >= 0 {
		used[b.Outside] = true
	}
	at, kept := make([]int, len(b.Ops)), b.Ops[:0:0]
	for i := len(b.Ops) - 1; i >= 0; i-- {
		used[i] = used[i] || i < b.Args
		if used[i] {
			for _, x := range b.Ops[i].Operands() {
				used[x] = true
			}
		}
	}
	for i, o := range b.Ops {
		if used[i] {
			at[i] = len(kept)
			o.A, o.B, o.C = at[o.A], at[o.B], at[o.C]
			kept = append(kept, o)
		}
	}
	b.Ops, b.Result = kept, at[b.Result]
	if b.Outside >= 0 {
		b.Outside = at[b.Outside]
	}
}

func (b *builder) op(o Op) v {
	if n, ok := b.memo[o]; ok {
		return n
	}
	b.Ops = append(b.Ops, o)
	n := v(len(b.Ops) - 1)
	b.memo[o] = n
	return n
}

func (b *builder) two(d Do, x, y v) v      { return b.op(Op{Do: d, A: int(x), B: int(y)}) }
func (b *builder) three(d Do, x, y, z v) v { return b.op(Op{Do: d, A: int(x), B: int(y), C: int(z)}) }

func (b *builder) add(x, y v) v      { return b.two(Add, x, y) }
func (b *builder) sub(x, y v) v      { return b.two(Sub, x, y) }
func (b *builder) mul(x, y v) v      { return b.two(Mul, x, y) }
func (b *builder) div(x, y v) v      { return b.two(Div, x, y) }
func (b *builder) sqrt(x v) v        { return b.op(Op{Do: Sqrt, A: int(x)}) }
func (b *builder) fma(x, y, z v) v   { return b.three(FMA, x, y, z) }
func (b *builder) fnma(x, y, z v) v  { return b.three(FNMA, x, y, z) }
func (b *builder) fms(x, y, z v) v   { return b.three(FMS, x, y, z) }
func (b *builder) min(x, y v) v      { return b.two(Min, x, y) }
func (b *builder) max(x, y v) v      { return b.two(Max, x, y) }
func (b *builder) round(x v) v       { return b.op(Op{Do: Round, A: int(x)}) }
func (b *builder) floor(x v) v       { return b.op(Op{Do: Floor, A: int(x)}) }
func (b *builder) and(x, y v) v      { return b.two(And, x, y) }
func (b *builder) or(x, y v) v       { return b.two(Or, x, y) }
func (b *builder) xor(x, y v) v      { return b.two(Xor, x, y) }
func (b *builder) andn(x, y v) v     { return b.two(AndN, x, y) }
func (b *builder) blend(m, x, y v) v { return b.three(Blend, m, x, y) }
func (b *builder) iadd(x, y v) v     { return b.two(IAdd, x, y) }
func (b *builder) isub(x, y v) v     { return b.two(ISub, x, y) }
func (b *builder) shl(x v, n int) v  { return b.op(Op{Do: Shl, A: int(x), Bits: uint64(n)}) }
func (b *builder) shr(x v, n int) v  { return b.op(Op{Do: Shr, A: int(x), Bits: uint64(n)}) }

func (b *builder) cmp(x v, p Pred, y v) v {
	return b.op(Op{Do: Cmp, A: int(x), B: int(y), Bits: uint64(p)})
}

// bits is a constant by its bits.
func (b *builder) bits(u uint64) v { return b.op(Op{Do: Const, Bits: u}) }

// k is a constant, rounded to the lane.
func (b *builder) k(x float64) v {
	if b.Lane == F32 {
		return b.bits(uint64(math.Float32bits(float32(x))))
	}
	return b.bits(math.Float64bits(x))
}

// rounded is x as a number of the lane.
func (b *builder) rounded(x float64) float64 {
	if b.Lane == F32 {
		return float64(float32(x))
	}
	return x
}

// pick is a constant that depends on the lane.
func (b *builder) pick(single, double float64) v {
	if b.Lane == F32 {
		return b.k(single)
	}
	return b.k(double)
}

// coefficients are those of a polynomial, the highest power first.
type coefficients []float64

// poly is the polynomial c in z. Short ones go by Horner's rule, the fewest
// operations; longer ones by Estrin's, which is a shorter chain to wait for: the
// upper part by itself times a power of z that is a power of two. The first
// coefficient may be one that costs nothing.
func (b *builder) poly(z v, c coefficients) v {
	if len(c) == 1 {
		return b.k(c[0])
	}
	if len(c) == 2 && c[0] == 1 {
		return b.add(z, b.k(c[1]))
	}
	h := 1
	if len(c) > 8 {
		for 2*h < len(c) {
			h *= 2
		}
	}
	at := len(c) - h
	up := b.poly(z, c[:at])
	return b.fma(up, b.power(z, h), b.poly(z, c[at:]))
}

// power is z^h for a power of two.
func (b *builder) power(z v, h int) v {
	for ; h > 1; h /= 2 {
		z = b.mul(z, z)
	}
	return z
}

// of chooses coefficients by the lane.
func (b *builder) of(single, double coefficients) coefficients {
	if b.Lane == F32 {
		return single
	}
	return double
}

// Layout of a float in a lane.

// mantissa is the number of bits of the fraction.
func (b *builder) mantissa() int {
	if b.Lane == F32 {
		return 23
	}
	return 52
}

// bias of the exponent.
func (b *builder) bias() int {
	if b.Lane == F32 {
		return 127
	}
	return 1023
}

// magic + n, for a small whole n, has n in its low bits; adding it rounds to
// a whole number.
func (b *builder) magic() float64 {
	if b.Lane == F32 {
		return 0x1.8p23
	}
	return 0x1.8p52
}

func (b *builder) sign() v        { return b.bits(1 << (b.Lane.Bits() - 1)) }
func (b *builder) signOf(x v) v   { return b.and(x, b.sign()) }
func (b *builder) abs(x v) v      { return b.andn(b.sign(), x) }
func (b *builder) neg(x v) v      { return b.xor(x, b.sign()) }
func (b *builder) inf(sign int) v { return b.k(math.Inf(sign)) }
