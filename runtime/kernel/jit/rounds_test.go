package jit

import (
	"fmt"
	"math"
	"math/rand"
	"testing"
	"unsafe"
)

// TestRounds sends the rows of a matrix through all three stages: a product of each
// row with a vector, a square of it with its sum in lanes, and the sum of the rows
// times these, row by row. Rounds are left at a row whose product is too large.
func TestRounds(t *testing.T) {
	needCode(t)
	r := rand.New(rand.NewSource(1))
	for _, set := range sets() {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 9} {
			for vectors := 1; vectors < 4; vectors++ {
				for rounds := 1; rounds < 6; rounds++ {
					for _, bad := range []bool{false, true} {
						tryRounds(t, r, set, n, vectors, rounds, bad)
					}
				}
			}
		}
	}
}

func tryRounds(t *testing.T, r *rand.Rand, set Set, n, vectors, rounds int, bad bool) {
	lanes := set.Lanes(true)
	p := NewRounds(set, vectors, true)
	x, w, z, square := p.Matrix(B8, 8*n), p.Stream(B8, Once), p.Stream(B8, Still), p.Stream(B8, Still)
	total := p.Carry(W8)
	p.In(0, Main)
	var chains []Value // of pieces of no more than a vector of AVX2 has, and not three
	var pieces [][2]int
	for from := 0; from < n; {
		count := min(4, n-from)
		if count == 3 {
			count = 2
		}
		p.In(len(pieces)+1, Late)
		chains, pieces = append(chains, p.Carry(W8)), append(pieces, [2]int{from, count})
		from += count
	}
	for v := range vectors {
		p.Turn(v, Early)
		sum := p.Const(W8, 0)
		for i, c := range p.Columns(x, n, W8) {
			sum = p.Do(Fma, W8, c, p.LoadAt(w, W8, 8*i), sum)
		}
		p.Keep(z, sum)
		p.Turn(v, Main)
		y := p.Kept(z, W8)
		p.Leave(p.DoImm(Cmp, W8, Less, p.Const(W8, b64(1e6)), y))
		y = p.Do(Mul, W8, y, y)
		p.Keep(square, y)
		total = p.Do(Add, W8, total, y)
		p.Turn(v, Late)
		for i, c := range pieces {
			for row := v * lanes; row < (v+1)*lanes; row++ {
				chains[i] = p.Do(Fma, W8, p.Row(x, row, c[0], c[1], W8), p.LoadAt(square, W8, 8*row), chains[i])
			}
		}
	}
	p.Next(0, total)
	for i, c := range chains {
		p.Next(i+1, c)
	}
	rows := rounds * vectors * lanes
	a, b := make([]float64, rows*n), make([]float64, n)
	for i := range a {
		a[i] = r.NormFloat64()
	}
	for i := range b {
		b[i] = 1 + r.Float64()
	}
	if bad {
		a[r.Intn(rows)*n] = 1e7
	}
	checkRounds(t, fmt.Sprint(set, " ", n, vectors, rounds, bad), p, set, a, b, pieces, bad)
}

func checkRounds(t *testing.T, what string, p *Program, set Set, a, b []float64, pieces [][2]int, bad bool) {
	m := Memory{Set: set}
	defer m.Close()
	f, err := m.Add(p)
	if err == nil {
		err = m.Seal()
	}
	if err != nil {
		t.Fatal(err)
	}
	args, n := f.NewArgs(), len(b)
	args.Stream(0, unsafe.Pointer(&a[0]), 0)
	args.Stream(1, unsafe.Pointer(&b[0]), 0)
	for i := range len(pieces) + 1 {
		clear(args.CarryWords(i))
	}
	if done, _ := f.Run(args, 1, len(a)/n); done == 1 == bad {
		t.Fatalf("%s: left: %v", what, !bad)
	}
	if bad {
		return
	}
	lanes := set.Lanes(true)
	totals, want := make([]float64, lanes), make([]float64, n)
	for row := range len(a) / n {
		z := 0.0
		for i, w := range b {
			z = math.FMA(a[row*n+i], w, z)
		}
		totals[row%lanes] += z * z
		for i := range want {
			want[i] = math.FMA(a[row*n+i], z*z, want[i])
		}
	}
	for i, w := range args.CarryWords(0) {
		if math.Float64frombits(w) != totals[i] {
			t.Fatalf("%s: lane %d of the sum is %v, want %v", what, i, math.Float64frombits(w), totals[i])
		}
	}
	for k, c := range pieces {
		for i := range c[1] {
			if got := math.Float64frombits(args.CarryWords(k + 1)[i]); got != want[c[0]+i] {
				t.Fatalf("%s: column %d is %v, want %v", what, c[0]+i, got, want[c[0]+i])
			}
		}
	}
}
