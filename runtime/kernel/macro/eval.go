package macro

import "math"

// Eval runs a program on one lane: args and the result are bits. It is the
// meaning of a program; outside reports that the lane is outside its domain.
func (c *Code) Eval(args ...uint64) (result uint64, outside bool) {
	x := make([]uint64, len(c.Ops))
	for i, o := range c.Ops {
		switch {
		case o.Do == Arg:
			x[i] = args[o.Bits]
		case o.Do == Const:
			x[i] = o.Bits
		case c.Lane == F32:
			x[i] = uint64(eval32(o, uint32(x[o.A]), uint32(x[o.B]), uint32(x[o.C])))
		default:
			x[i] = eval64(o, x[o.A], x[o.B], x[o.C])
		}
	}
	return x[c.Result], c.Outside >= 0 && x[c.Outside] != 0
}

// Eval32 runs a program of f32 lanes.
func (c *Code) Eval32(args ...float32) float32 {
	u := make([]uint64, len(args))
	for i, x := range args {
		u[i] = uint64(math.Float32bits(x))
	}
	r, _ := c.Eval(u...)
	return math.Float32frombits(uint32(r))
}

// Eval64 runs a program of f64 lanes.
func (c *Code) Eval64(args ...float64) float64 {
	u := make([]uint64, len(args))
	for i, x := range args {
		u[i] = math.Float64bits(x)
	}
	r, _ := c.Eval(u...)
	return math.Float64frombits(r)
}

func eval32(o Op, a, b, c uint32) uint32 {
	x, y, z := math.Float32frombits(a), math.Float32frombits(b), math.Float32frombits(c)
	var r float32
	switch o.Do {
	case Add:
		r = x + y
	case Sub:
		r = x - y
	case Mul:
		r = x * y
	case Div:
		r = x / y
	case Sqrt:
		r = float32(math.Sqrt(float64(x)))
	case FMA:
		r = FMA32(x, y, z)
	case FNMA:
		r = FMA32(-x, y, z)
	case FMS:
		r = FMA32(x, y, -z)
	case Round:
		r = float32(math.RoundToEven(float64(x)))
	case Floor:
		r = float32(math.Floor(float64(x)))
	case Min:
		if r = y; x < y {
			r = x
		}
	case Max:
		if r = y; x > y {
			r = x
		}
	case Cmp:
		return uint32(mask(Pred(o.Bits), x < y, x == y, x > y))
	case IAdd:
		return a + b
	case ISub:
		return a - b
	case Shl:
		return a << o.Bits
	case Shr:
		return a >> o.Bits
	case Blend:
		return uint32(choose(a>>31 != 0, uint64(b), uint64(c)))
	default:
		return uint32(logic(o.Do, uint64(a), uint64(b)))
	}
	return math.Float32bits(r)
}

func eval64(o Op, a, b, c uint64) uint64 {
	x, y, z := math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(c)
	var r float64
	switch o.Do {
	case Add:
		r = x + y
	case Sub:
		r = x - y
	case Mul:
		r = x * y
	case Div:
		r = x / y
	case Sqrt:
		r = math.Sqrt(x)
	case FMA:
		r = math.FMA(x, y, z)
	case FNMA:
		r = math.FMA(-x, y, z)
	case FMS:
		r = math.FMA(x, y, -z)
	case Round:
		r = math.RoundToEven(x)
	case Floor:
		r = math.Floor(x)
	case Min:
		if r = y; x < y {
			r = x
		}
	case Max:
		if r = y; x > y {
			r = x
		}
	case Cmp:
		return mask(Pred(o.Bits), x < y, x == y, x > y)
	case IAdd:
		return a + b
	case ISub:
		return a - b
	case Shl:
		return a << o.Bits
	case Shr:
		return a >> o.Bits
	case Blend:
		return choose(a>>63 != 0, b, c)
	default:
		return logic(o.Do, a, b)
	}
	return math.Float64bits(r)
}

func choose(m bool, x, y uint64) uint64 {
	if m {
		return x
	}
	return y
}

func logic(d Do, a, b uint64) uint64 {
	switch d {
	case And:
		return a & b
	case Or:
		return a | b
	case Xor:
		return a ^ b
	case AndN:
		return b &^ a
	}
	panic("macro: no meaning of " + d.String())
}

// mask is all ones where the predicate holds of two numbers of which at most
// one of less, equal and greater is true.
func mask(p Pred, less, equal, greater bool) uint64 {
	var r bool
	switch p {
	case Eq:
		r = equal
	case Ne:
		r = !equal
	case Lt:
		r = less
	case Le:
		r = less || equal
	case NotLt:
		r = !less
	case NotLe:
		r = !(less || equal)
	case Apart:
		r = less || greater
	case Ord:
		r = less || equal || greater
	case Unord:
		r = !(less || equal || greater)
	}
	if r {
		return math.MaxUint64
	}
	return 0
}

// FMA32 is x·y + z rounded once: the product is exact in f64, and the sum is
// rounded to odd there so that the second rounding does no harm.
func FMA32(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := float64(p) + c
	bb := s - p
	e := (p - (s - bb)) + (c - bb)
	b := math.Float64bits(s)
	if e != 0 && b&1 == 0 && e == e && !math.IsInf(s, 0) {
		if (e > 0) == (s > 0) {
			b++
		} else {
			b--
		}
	}
	return float32(math.Float64frombits(b))
}
