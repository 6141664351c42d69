package jit

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand"
	"testing"
	"unsafe"

	"github.com/dfc-lang/dfc/runtime/kernel"
)

// The meaning of programs, in Go: what the machine code is compared with.

func f32(b uint64) float32 { return math.Float32frombits(uint32(b)) }
func b32(f float32) uint64 { return uint64(math.Float32bits(f)) }
func f64(b uint64) float64 { return math.Float64frombits(b) }
func b64(f float64) uint64 { return math.Float64bits(f) }

func ones(w Width, b bool) uint64 {
	if !b {
		return 0
	}
	return math.MaxUint64 >> (64 - 8*w)
}

// do is the meaning of an operation on lanes; w is the width that acts.
func do(n *node, w Width, a, b, c uint64) uint64 {
	switch n.op {
	case And:
		return a & b
	case AndNot:
		return ^a & b
	case Or:
		return a | b
	case Xor:
		return a ^ b
	case Blend:
		if a>>(8*w-1) != 0 {
			return b
		}
		return c
	case IAdd:
		return (a + b) & ones(w, true)
	case ISub:
		return (a - b) & ones(w, true)
	case IMul:
		return uint64(uint32(a) * uint32(b))
	case IMin:
		return uint64(uint32(min(int32(a), int32(b))))
	case IMax:
		return uint64(uint32(max(int32(a), int32(b))))
	case IEq:
		return ones(w, a == b)
	case IGt:
		if w == W4 {
			return ones(w, int32(a) > int32(b))
		}
		return ones(w, int64(a) > int64(b))
	case Shl:
		return a << n.imm & ones(w, true)
	case Shr:
		return a >> n.imm
	case Sar:
		return uint64(uint32(int32(a) >> n.imm))
	case MulHalves:
		return uint64(int64(int32(a)) * int64(int32(b)))
	case MulUnsigned:
		return uint64(uint32(a)) * uint64(uint32(b))
	case FloatToDouble:
		return b64(float64(f32(a)))
	case IntToDouble:
		return b64(float64(int32(a)))
	case SignExtend:
		return uint64(int64(int32(a)))
	case ZeroExtend:
		return uint64(uint32(a))
	case DoubleToFloat:
		return b32(float32(f64(a)))
	case DoubleToInt:
		return toInt(f64(a))
	case opCopy:
		return a
	case Low:
		return uint64(uint32(a))
	case IntToFloat:
		return b32(float32(int32(a)))
	case FloatToInt:
		return toInt(float64(f32(a)))
	}
	if w == W4 {
		return single(n, f32(a), f32(b), f32(c))
	}
	return double(n, f64(a), f64(b), f64(c))
}

// toInt is what processors make of what is no integer of 32 bits.
func toInt(x float64) uint64 {
	x = math.RoundToEven(x)
	if !(x >= math.MinInt32 && x <= math.MaxInt32) {
		return 1 << 31
	}
	return uint64(uint32(int32(x)))
}

func single(n *node, x, y, z float32) uint64 {
	switch n.op {
	case Fma, Fms, Fnma, Fnms:
		return b32(fused32(n.op, float64(x), float64(y), float64(z)))
	case Cmp:
		return ones(W4, holds(n.imm, float64(x), float64(y)))
	case Min:
		if x < y {
			return b32(x)
		}
		return b32(y)
	case Max:
		if x > y {
			return b32(x)
		}
		return b32(y)
	case Add:
		return b32(x + y)
	case Sub:
		return b32(x - y)
	case Mul:
		return b32(x * y)
	case Div:
		return b32(x / y)
	}
	return b32(float32(double1(n, float64(x))))
}

func double(n *node, x, y, z float64) uint64 {
	switch n.op {
	case Fma, Fms, Fnma, Fnms:
		return b64(signed(n.op, x, y, z))
	case Cmp:
		return ones(W8, holds(n.imm, x, y))
	case Min:
		if x < y {
			return b64(x)
		}
		return b64(y)
	case Max:
		if x > y {
			return b64(x)
		}
		return b64(y)
	case Add:
		return b64(x + y)
	case Sub:
		return b64(x - y)
	case Mul:
		return b64(x * y)
	case Div:
		return b64(x / y)
	}
	return b64(double1(n, x))
}

func double1(n *node, x float64) float64 {
	switch {
	case n.op == Sqrt:
		return math.Sqrt(x)
	case n.op == Round && n.imm == 1:
		return math.Floor(x)
	case n.op == Round && n.imm == 3:
		return math.Trunc(x)
	case n.op == Round && n.imm == 0:
		return math.RoundToEven(x)
	}
	panic("no meaning")
}

func signed(op Op, x, y, z float64) float64 {
	switch op {
	case Fms:
		return math.FMA(x, y, -z)
	case Fnma:
		return math.FMA(-x, y, z)
	case Fnms:
		return math.FMA(-x, y, -z)
	}
	return math.FMA(x, y, z)
}

// fused32 is rounded once: the product of floats is exact as a double, and
// where the sum is not, its last bit is made odd before it is rounded to a float.
func fused32(op Op, x, y, z float64) float32 {
	if op == Fnma || op == Fnms {
		x = -x
	}
	if op == Fms || op == Fnms {
		z = -z
	}
	p := x * y
	s := p + z
	t := s - p
	lost := (p - (s - t)) + (z - t)
	if bits := b64(s); lost != 0 && !math.IsInf(s, 0) && !math.IsNaN(lost) && bits&1 == 0 {
		if lost > 0 == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = f64(bits)
	}
	return float32(s)
}

func holds(pred uint8, x, y float64) bool {
	switch pred {
	case Equal:
		return x == y
	case Less:
		return x < y
	case LessEqual:
		return x <= y
	case NotEqual:
		return x != y
	case Unordered:
		return x != x || y != y
	}
	panic("no meaning")
}

// buffer is the memory of a stream, with room before and behind that must stay
// as it is.
type buffer struct {
	words []uint64
	kind  Kind
	row   int // elements from row to row
}

const margin = 8 // words

func newBuffer(k Kind, rows, n int) *buffer {
	return &buffer{words: make([]uint64, 2*margin+rows*n+8), kind: k}
}

func (b *buffer) start() unsafe.Pointer { return unsafe.Pointer(&b.words[margin]) }

func (b *buffer) bytes() []byte {
	return unsafe.Slice((*byte)(b.start()), 8*(len(b.words)-margin))
}

func (b *buffer) get(i int) uint64 {
	p := b.bytes()
	switch b.kind {
	case B4:
		return uint64(binary.LittleEndian.Uint32(p[4*i:]))
	case B8:
		return binary.LittleEndian.Uint64(p[8*i:])
	case U8, Bool:
		return uint64(p[i])
	case I8:
		return uint64(uint32(int8(p[i])))
	case U16:
		return uint64(binary.LittleEndian.Uint16(p[2*i:]))
	}
	return uint64(uint32(int16(binary.LittleEndian.Uint16(p[2*i:]))))
}

func (b *buffer) set(i int, v uint64) {
	p := b.bytes()
	switch b.kind {
	case B4:
		binary.LittleEndian.PutUint32(p[4*i:], uint32(v))
	case B8:
		binary.LittleEndian.PutUint64(p[8*i:], v)
	case Bool:
		p[i] = byte(v & 1)
	case U8, I8:
		p[i] = byte(v)
	default:
		binary.LittleEndian.PutUint16(p[2*i:], uint16(v))
	}
}

// interpret runs a program: elements that a turn of the loop computes together
// are all stored, or none where one of them leaves.
func interpret(p *Program, f *Func, bufs []*buffer, rows, n int) (row, element int) {
	type store struct {
		o output
		i int
		v uint64
	}
	val := make([]uint64, len(p.nodes))
	for r := range rows {
		for i := 0; i < n; {
			step := f.Turn(n, i)
			var stores []store
			for j := i; j < i+step; j++ {
				p.evaluate(val, bufs, r, j)
				if p.exit >= 0 && val[p.exit] != 0 {
					return r, i
				}
				for _, o := range p.outputs {
					stores = append(stores, store{o, r*bufs[o.stream].row + j, val[o.value]})
				}
			}
			for _, s := range stores {
				bufs[s.o.stream].set(s.i, s.v)
			}
			i += step
		}
	}
	return rows, 0
}

// evaluate computes all nodes for one element.
func (p *Program) evaluate(val []uint64, bufs []*buffer, r, i int) {
	get := func(x Value) uint64 {
		if x < 0 {
			return 0
		}
		return val[x]
	}
	for v := range p.nodes {
		nd := &p.nodes[v]
		switch nd.op {
		case opConst:
			val[v] = nd.bits
		case opCarry: // stays as the caller has set it
		case opLoad:
			b := bufs[nd.a]
			at := 0
			switch p.streams[nd.a].access {
			case PerRow:
				at = r * b.row
			case Direct:
				at = r*b.row + i
			}
			val[v] = b.get(at)
			if b.kind == Bool {
				val[v] = ones(nd.width, val[v] != 0)
			}
		default:
			val[v] = do(nd, p.acts(nd), get(nd.a), get(nd.b), get(nd.c))
		}
	}
}

// same compares bits, but all NaN are one.
func same(k Kind, w Width, x, y uint64) bool {
	if x == y {
		return true
	}
	if k == B4 {
		return f32(x) != f32(x) && f32(y) != f32(y)
	}
	return k == B8 && f64(x) != f64(x) && f64(y) != f64(y)
}

// check runs a program both ways on the same numbers. shared streams are one
// buffer: a result and what it overwrites.
func check(t testing.TB, p *Program, r *rand.Rand, rows, n int, shared map[int]int) {
	t.Helper()
	for _, s := range sets() {
		checkOn(t, s, p, r, rows, n, shared)
	}
}

// sets are those that this processor has.
func sets() []Set { return []Set{AVX2, AVX512}[:kernel.Best()] }

func checkOn(t testing.TB, set Set, p *Program, r *rand.Rand, rows, n int, shared map[int]int) {
	t.Helper()
	m := Memory{Set: set}
	defer m.Close()
	f, err := m.Add(p)
	if errors.Is(err, errOrder) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Seal(); err != nil {
		t.Fatal(err)
	}
	var want, got []*buffer
	args := f.NewArgs()
	for s, st := range p.streams {
		a, b := newBuffer(st.kind, rows, n+3), newBuffer(st.kind, rows, n+3)
		a.row = n
		if s%3 == 1 {
			a.row += 3
		}
		if st.access == PerRow {
			a.row = 1
		}
		b.row = a.row
		if with, ok := shared[s]; ok {
			a, b = want[with], got[with]
		} else {
			fill(r, a)
			copy(b.words, a.words)
		}
		want, got = append(want, a), append(got, b)
		args.Stream(s, b.start(), b.row<<st.kind.shift())
	}
	wr, we := interpret(p, f, want, rows, n)
	gr, ge := f.Run(args, rows, n)
	if wr != gr || we != ge {
		t.Errorf("%v: left at row %d, element %d, want %d, %d", set, gr, ge, wr, we)
		return
	}
	for s := range want {
		for i, x := range want[s].words {
			if y := got[s].words[i]; y != x && !sameWord(want[s].kind, x, y) {
				t.Errorf("%v: stream %d, kind %d, word %d of %d rows of %d: %#x, want %#x\n%s", set, s, want[s].kind, i-margin, rows, n, y, x, p)
				return
			}
		}
	}
}

func sameWord(k Kind, x, y uint64) bool {
	if k == B4 {
		return same(k, W4, x&(1<<32-1), y&(1<<32-1)) && same(k, W4, x>>32, y>>32)
	}
	return same(k, W8, x, y)
}

// fill gives a buffer small numbers, halves, and now and then what is special.
func fill(r *rand.Rand, b *buffer) {
	for i := range b.words {
		b.words[i] = r.Uint64()
	}
	bytes := 1 << b.kind.shift()
	for i := range 8 * (len(b.words) - margin) / bytes {
		v := r.Uint64()
		x := float64(r.Intn(64)-32) / 2
		if r.Intn(50) == 0 {
			x = []float64{math.Inf(1), math.Inf(-1), math.NaN(), math.Copysign(0, -1), 1e30}[r.Intn(5)]
		}
		switch b.kind {
		case B4:
			v = b32(float32(x))
		case B8:
			v = b64(x)
		case Bool:
			v &= 1
		}
		b.set(i, v)
	}
}
