package jit

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// String lists the nodes of a program.
func (p *Program) String() string {
	var b strings.Builder
	for i, n := range p.nodes {
		fmt.Fprintf(&b, "%3d: level %d width %d op %d imm %d of %d %d %d bits %#x\n", i, p.levels[i], n.width, n.op, n.imm, n.a, n.b, n.c, n.bits)
	}
	for _, o := range p.outputs {
		fmt.Fprintf(&b, "stream %d = %d\n", o.stream, o.value)
	}
	for i, s := range p.streams {
		fmt.Fprintf(&b, "stream %d: kind %d access %d\n", i, s.kind, s.access)
	}
	return b.String()
}

func needCode(t testing.TB) {
	if !Available() || len(sets()) == 0 {
		t.Skip("no code can be made here")
	}
}

func operands(op Op) int {
	switch rows[op].form {
	case monadic, shift, low:
		return 1
	case fused, blend:
		return 3
	}
	return 2
}

// immediates are the values that an operation is tried with.
func immediates(op Op) []uint8 {
	switch op {
	case Round:
		return []uint8{0, 1, 3}
	case Cmp:
		return []uint8{Equal, Less, LessEqual, NotEqual, Unordered}
	case Shl, Shr, Sar:
		return []uint8{1, 23}
	}
	return []uint8{0}
}

// of is the widths that an operation takes and gives.
func widthsOf(op Op) (from, to []Width) {
	switch op {
	case FloatToDouble, IntToDouble, SignExtend, ZeroExtend:
		return []Width{W4}, []Width{W8}
	case DoubleToFloat, DoubleToInt, Low:
		return []Width{W8}, []Width{W4}
	case MulHalves, MulUnsigned:
		return []Width{W8}, []Width{W8}
	case IMul, IMin, IMax, Sar, IntToFloat, FloatToInt:
		return []Width{W4}, []Width{W4}
	}
	return []Width{W4, W8}, []Width{W4, W8}
}

// TestEveryOperation runs each operation on operands from memory, from all
// kinds of loops, and from constants.
func TestEveryOperation(t *testing.T) {
	needCode(t)
	r := rand.New(rand.NewSource(1))
	for op := Add; op < numOps; op++ {
		from, to := widthsOf(op)
		for i := range from {
			for _, imm := range immediates(op) {
				for _, access := range []Access{Direct, PerRow, Once} {
					p := New()
					k := kindOf(from[i])
					var x []Value
					for j := range operands(op) {
						a := Direct
						if j == int(imm)%operands(op) {
							a = access
						}
						s := p.Stream(k, a)
						x = append(x, p.Load(s, from[i]))
					}
					if op == Blend {
						x[0] = p.DoImm(Cmp, from[i], Less, x[0], x[1])
					}
					p.Output(p.Stream(kindOf(to[i]), Direct), p.DoImm(op, to[i], imm, x...), nil)
					for _, n := range []int{1, 3, 4, 8, 19, 32, 37} {
						check(t, p, r, 3, n, nil)
					}
				}
			}
		}
	}
}

// TestBlendBySigns: what chooses by its signs may be read from memory for that
// alone, and then is no mask there.
func TestBlendBySigns(t *testing.T) {
	needCode(t)
	r := rand.New(rand.NewSource(1))
	for _, w := range []Width{W4, W8} {
		for _, access := range []Access{Direct, PerRow, Once} {
			p := New()
			k := kindOf(w)
			by := p.Stream(k, access)
			x, y := p.Stream(k, Direct), p.Stream(k, Direct)
			p.Output(p.Stream(k, Direct), p.Do(Blend, w, p.Load(by, w), p.Load(x, w), p.Load(y, w)), nil)
			for _, n := range []int{1, 4, 16, 37} {
				check(t, p, r, 3, n, nil)
			}
		}
	}
}

func kindOf(w Width) Kind {
	if w == W8 {
		return B8
	}
	return B4
}

// TestKinds reads and writes every kind of stream at both widths.
func TestKinds(t *testing.T) {
	needCode(t)
	r := rand.New(rand.NewSource(2))
	for _, k := range []Kind{Bool, I8, U8, I16, U16, B4} {
		for _, wide := range []bool{false, true} {
			for _, a := range []Access{Direct, PerRow, Once} {
				p := New()
				v := p.Load(p.Stream(k, a), W4)
				if wide {
					p.Output(p.Stream(B8, Direct), p.Do(SignExtend, W8, v), nil)
				}
				p.Output(p.Stream(B4, Direct), v, nil)
				if k == Bool {
					p.Output(p.Stream(Bool, Direct), v, nil)
				}
				if k == Bool && wide {
					m := p.Load(0, W8)
					x := p.Load(p.Stream(B8, Direct), W8)
					p.Output(p.Stream(B8, Direct), p.Do(Blend, W8, m, x, p.Const(W8, 7)), nil)
					p.Output(p.Stream(Bool, Direct), p.Do(Xor, W8, m, p.Const(W8, ones(W8, true))), nil)
				}
				for _, n := range []int{1, 5, 8, 21, 48} {
					check(t, p, r, 2, n, nil)
				}
			}
		}
	}
}

// grower makes random programs.
type grower struct {
	r  *rand.Rand
	p  *Program
	by map[Width][]Value // floats
	in map[Width][]Value // masks
}

func (g *grower) pick(w Width) Value {
	l := g.by[w]
	if g.r.Intn(3) == 0 {
		return l[g.r.Intn(len(l))]
	}
	return l[len(l)-1-g.r.Intn(min(len(l), 12))]
}

func (g *grower) grow() {
	w := W4
	if len(g.by[W8]) > 0 && g.r.Intn(2) == 0 {
		w = W8
	}
	switch g.r.Intn(15) {
	case 0:
		op := []Op{Fma, Fms, Fnma, Fnms}[g.r.Intn(4)]
		// of whole numbers, so that one rounding is two
		x := func() Value { return g.p.DoImm(Round, w, 0, g.clamp(w, g.pick(w))) }
		g.by[w] = append(g.by[w], g.p.Do(op, w, x(), x(), x()))
	case 1:
		g.by[w] = append(g.by[w], g.p.Do(Sqrt, w, g.pick(w)))
	case 2:
		preds := immediates(Cmp)
		g.in[w] = append(g.in[w], g.p.DoImm(Cmp, w, preds[g.r.Intn(len(preds))], g.pick(w), g.pick(w)))
	case 3, 4:
		if l := g.in[w]; len(l) > 0 {
			g.by[w] = append(g.by[w], g.p.Do(Blend, w, l[g.r.Intn(len(l))], g.pick(w), g.pick(w)))
		}
	case 5:
		if l := g.in[w]; len(l) > 0 {
			op := []Op{And, Or, Xor, AndNot}[g.r.Intn(4)]
			g.in[w] = append(g.in[w], g.p.Do(op, w, l[g.r.Intn(len(l))], l[g.r.Intn(len(l))]))
		}
	case 6:
		if len(g.by[W8]) > 0 {
			if w == W8 {
				g.by[W4] = append(g.by[W4], g.p.Do(DoubleToFloat, W4, g.pick(W8)))
			} else {
				g.by[W8] = append(g.by[W8], g.p.Do(FloatToDouble, W8, g.pick(W4)))
			}
		}
	case 8, 9:
		g.mix(w)
	case 7:
		bits := b32(float32(g.r.Intn(9)))
		if w == W8 {
			bits = b64(float64(g.r.Intn(9)))
		}
		g.by[w] = append(g.by[w], g.p.Const(w, bits))
	default:
		op := []Op{Add, Sub, Mul, Div, Min, Max}[g.r.Intn(6)]
		g.by[w] = append(g.by[w], g.p.Do(op, w, g.pick(w), g.pick(w)))
	}
}

// mix makes numbers of masks, and masks of numbers.
func (g *grower) mix(w Width) {
	x := g.clamp(w, g.pick(w)) // no NaN, whose bits are not the same everywhere
	l := g.in[w]
	if len(l) == 0 {
		g.in[w] = append(l, g.p.Do(IGt, w, x, g.pick(w)))
		return
	}
	m := l[g.r.Intn(len(l))]
	number := func(op Op, a, b Value) { g.by[w] = append(g.by[w], g.p.Do(op, w, a, b)) }
	mask := func(op Op, a, b Value) { g.in[w] = append(g.in[w], g.p.Do(op, w, a, b)) }
	switch g.r.Intn(9) {
	case 0:
		number(And, m, x)
	case 1:
		number(And, x, m)
	case 2:
		number(AndNot, m, x)
	case 3:
		number(AndNot, x, m)
	case 4:
		g.by[w] = append(g.by[w], g.p.Do(Blend, w, x, x, g.pick(w)))
	case 5:
		mask(Xor, m, g.p.Const(w, ones(w, true)))
	case 6:
		mask(IEq, x, g.clamp(w, g.pick(w)))
	case 7:
		mask(IGt, x, g.clamp(w, g.pick(w)))
	case 8:
		if w == W8 {
			g.in[W4] = append(g.in[W4], g.p.Do(Low, W4, m))
		} else if len(g.by[W8]) > 0 {
			g.in[W8] = append(g.in[W8], g.p.Do(SignExtend, W8, m))
		}
	}
}

// clamp brings v between -1000 and 1000, a NaN to 1000.
func (g *grower) clamp(w Width, v Value) Value {
	lo, hi := g.p.Const(W4, b32(-1000)), g.p.Const(W4, b32(1000))
	if w == W8 {
		lo, hi = g.p.Const(W8, b64(-1000)), g.p.Const(W8, b64(1000))
	}
	return g.p.Do(Max, w, g.p.Do(Min, w, v, hi), lo)
}

// TestRandomPrograms compares random programs, most of which need more
// registers than there are, with their meaning.
func TestRandomPrograms(t *testing.T) {
	needCode(t)
	for seed := range 400 {
		r := rand.New(rand.NewSource(int64(seed)))
		tryRandom(t, r)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func tryRandom(t testing.TB, r *rand.Rand) {
	g := &grower{r: r, p: New(), by: map[Width][]Value{}, in: map[Width][]Value{}}
	widths := [][]Width{{W4}, {W8}, {W4, W8}}[r.Intn(3)]
	shared := map[int]int{}
	direct := map[int]bool{}
	for i := range 2 + r.Intn(12) {
		w := widths[i%len(widths)]
		a := []Access{Direct, Direct, PerRow, Once}[r.Intn(4)]
		if r.Intn(6) == 0 {
			g.in[w] = append(g.in[w], g.p.Load(g.p.Stream(Bool, a), w))
			w = widths[0]
		}
		s := g.p.Stream(kindOf(w), a)
		direct[s] = a == Direct
		g.by[w] = append(g.by[w], g.p.Load(s, w))
	}
	for _, w := range widths {
		if len(g.by[w]) == 0 {
			g.by[w] = append(g.by[w], g.p.Const(w, 0))
		}
	}
	if len(widths) == 1 && widths[0] == W8 {
		g.by[W4] = append(g.by[W4], g.p.Const(W4, 0))
	}
	for range 1 + r.Intn(80) {
		g.grow()
	}
	g.p.Rows(r.Intn(4) * 100)
	for range 1 + r.Intn(4) {
		w := widths[r.Intn(len(widths))]
		v := g.pick(w)
		s := g.p.Stream(kindOf(w), Direct)
		var after []int
		if o := r.Intn(s); direct[o] && g.p.streams[o].kind == kindOf(w) && g.p.nodes[v].op != opLoad {
			shared[s], after = o, []int{o}
			direct[o] = false
		}
		g.p.Output(s, v, after)
	}
	if r.Intn(3) == 0 {
		for w, l := range g.in {
			_ = w
			if len(l) > 0 {
				g.p.Output(g.p.Stream(Bool, Direct), l[len(l)-1], nil)
			}
		}
	}
	if r.Intn(4) == 0 {
		for _, w := range widths {
			x := g.pick(w)
			limit := g.p.Const(W4, b32(1e4))
			if w == W8 {
				limit = g.p.Const(W8, b64(1e4))
			}
			g.p.Leave(g.p.DoImm(Cmp, w, Less, limit, x))
		}
	}
	short := 1 + r.Intn(70)
	for i, n := range []int{1, 7, 8, 30, 53, 150, short, 4 << r.Intn(5)} {
		if i > 5 {
			g.p.Rows(n) // which are gone through without loops
		}
		m := map[int]int{}
		for a, b := range shared {
			m[a] = b
		}
		check(t, g.p, r, 1+r.Intn(3), n, m)
	}
}

// FuzzPrograms goes on where TestRandomPrograms ends.
func FuzzPrograms(f *testing.F) {
	needCode(f)
	f.Add(int64(1))
	f.Fuzz(func(t *testing.T, seed int64) { tryRandom(t, rand.New(rand.NewSource(seed))) })
}
