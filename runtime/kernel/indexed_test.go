package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// drawIndex is many indices below n, some of them again and again.
func drawIndex(r *rand.Rand, many, n int) []int32 {
	idx := make([]int32, many)
	for j := range idx {
		idx[j] = int32(r.IntN(n) / (1 + r.IntN(5)))
	}
	return idx
}

// TestRows: gathers, writes and sums of rows, whole and by owners of parts, of
// all lengths, on every tier.
func TestRows(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(1, 2))
	for _, tier := range Tiers() {
		Use(tier)
		for inner := 1; inner < 40; inner++ {
			rowsAgree[float32](t, inner, r)
			rowsAgree[float64](t, inner, r)
		}
		rowsAgree[float32](t, 100, r)
		bytesAgree[uint8](t, r)
		bytesAgree[uint16](t, r)
	}
}

func rowsAgree[T Float](t *testing.T, inner int, r *rand.Rand) {
	t.Helper()
	const n = 90
	many := 1 + r.IntN(150)
	idx := drawIndex(r, many, n)
	src, upd := make([]T, n*inner), make([]T, many*inner)
	for i := range src {
		src[i] = T(r.NormFloat64())
	}
	for i := range upd {
		upd[i] = T(r.NormFloat64())
	}
	got := make([]T, many*inner)
	if at := Gather(got, src, idx, n, inner); at != -1 {
		t.Fatalf("gather: bad index at %d", at)
	}
	written, sums := slices.Clone(src), slices.Clone(src)
	done := make([]bool, n)
	for j, i := range idx {
		for l := range inner {
			if got[j*inner+l] != src[int(i)*inner+l] {
				t.Fatalf("%v gather of rows of %d %T: position %d", Active(), inner, got[0], j)
			}
			sums[int(i)*inner+l] += upd[j*inner+l]
			if !done[i] {
				written[int(i)*inner+l] = upd[j*inner+l]
			}
		}
		done[i] = true
	}
	for _, parts := range []int{1, 2, 7} {
		w, s := slices.Clone(src), slices.Clone(src)
		for k := range parts {
			from, to := k*n/parts, (k+1)*n/parts
			if RowWrite(w, upd, idx, n, inner, from, to) != -1 || ScatterAdd(s, upd, idx, n, inner, from, to) != -1 {
				t.Fatal("a good index is called bad")
			}
		}
		if !slices.Equal(w, written) || !slices.Equal(s, sums) {
			t.Fatalf("%v rows of %d %T in %d parts", Active(), inner, got[0], parts)
		}
	}
	for _, bad := range []int32{n, -1} {
		idx[many/2] = bad
		if Gather(got, src, idx, n, inner) != many/2 || RowWrite(src, upd, idx, n, inner, 0, n) != many/2 || ScatterAdd(src, upd, idx, n, inner, 0, n) != many/2 {
			t.Fatalf("%v rows of %d: a bad index at %d is not found", Active(), inner, many/2)
		}
	}
}

// bytesAgree gathers rows and puts them back where they were.
func bytesAgree[T uint8 | uint16](t *testing.T, r *rand.Rand) {
	t.Helper()
	for inner := 1; inner < 40; inner++ {
		const n = 20
		src, idx := make([]T, n*inner), make([]int32, n)
		for i := range src {
			src[i] = T(r.Uint32())
		}
		for j, i := range r.Perm(n) {
			idx[j] = int32(i)
		}
		rows, back := make([]T, n*inner), make([]T, n*inner)
		if Gather(rows, src, idx, n, inner) != -1 || RowWrite(back, rows, idx, n, inner, 0, n) != -1 || !slices.Equal(back, src) {
			t.Fatalf("%v rows of %d %T", Active(), inner, src[0])
		}
		for j, i := range idx {
			if !slices.Equal(rows[j*inner:(j+1)*inner], src[int(i)*inner:(int(i)+1)*inner]) {
				t.Fatalf("%v gather of rows of %d %T", Active(), inner, src[0])
			}
		}
	}
}

// TestSum0: sums onto zeros have the bits of sums onto an array of zeros, where
// indices are firsts and where they are not.
func TestSum0(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		testSum0[float32](t, r)
		testSum0[float64](t, r)
	}
}

func testSum0[T Float](t *testing.T, r *rand.Rand) {
	inner, many := []int{1, 3, 4, 8, 16, 24}[r.IntN(6)], 1+r.IntN(100)
	idx := drawIndex(r, many, many)
	if r.IntN(2) == 0 {
		FirstOf(idx, slices.Clone(idx), make([]int32, FirstsTable(many)))
	}
	upd, got, want := make([]T, many*inner), make([]T, many*inner), make([]T, many*inner)
	for i := range upd {
		upd[i], got[i] = T(r.NormFloat64()), T(math.NaN())
		if r.IntN(4) == 0 {
			upd[i] = T(math.Copysign(0, -1))
		}
	}
	ScatterAdd(want, upd, idx, many, inner, 0, many)
	if at := Sum0(got, upd, idx, many, inner); at != -1 {
		t.Fatalf("a good index is called bad at %d", at)
	}
	for i := range got {
		if math.Float64bits(float64(got[i])) != math.Float64bits(float64(want[i])) {
			t.Fatalf("%d rows of %d: element %d is %v, not %v", many, inner, i, got[i], want[i])
		}
	}
	idx[many/2] = int32(many)
	if at := Sum0(got, upd, idx, many, inner); at != many/2 {
		t.Fatalf("bad index found at %d, not %d", at, many/2)
	}
}

// TestFirsts: rows written where they are the first, in parts and in any order,
// are those that RowWrite leaves, and folded rows are sums onto zeros.
func TestFirsts(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(7, 8))
	for _, tier := range Tiers() {
		Use(tier)
		for inner := 1; inner < 40; inner++ {
			testFirsts[float32](t, inner, r)
			testFirsts[float64](t, inner, r)
		}
	}
}

func testFirsts[T Float](t *testing.T, inner int, r *rand.Rand) {
	const n = 90
	many := 20 + r.IntN(150)
	idx, first := drawIndex(r, many, n), make([]int32, many)
	FirstOf(first, idx, make([]int32, FirstsTable(many)))
	upd, want := make([]T, many*inner), make([]T, n*inner)
	for i := range upd {
		upd[i] = T(r.NormFloat64())
	}
	got := slices.Clone(want)
	RowWrite(want, upd, idx, n, inner, 0, n)
	for _, part := range [][2]int{{many / 2, many}, {0, many / 3}, {many / 3, many / 2}} {
		at, to := part[0], part[1]
		if WriteFirsts(got, upd[at*inner:to*inner], idx[at:to], first[at:to], at, n, inner) != -1 {
			t.Fatal("a good index is called bad")
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%v first rows of %d %T", Active(), inner, want[0])
	}
	sums := make([]T, many*inner)
	Sum0(sums, upd, first, many, inner)
	if FoldFirsts(upd, first, inner); !slices.Equal(upd, sums) {
		t.Fatalf("%v folded rows of %d %T", Active(), inner, want[0])
	}
	bad := many - 1
	idx[bad], first[bad] = n, int32(bad)
	if WriteFirsts(got, upd, idx, first, 0, n, inner) != bad {
		t.Fatalf("%v first rows of %d: a bad index is not found", Active(), inner)
	}
}

func TestFirstOf(t *testing.T) {
	defer Use(Active())
	for _, tier := range Tiers() {
		Use(tier)
		testFirstOf(t)
	}
}

func testFirstOf(t *testing.T) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 200 {
		many := 1 + r.IntN(300)
		if i < 4 {
			many = math.MaxUint16 - 1 + i // positions need two bytes, or four
		}
		idx := drawIndex(r, many, 1+r.IntN(1<<r.IntN(31)))
		got, seen := make([]int32, many), map[int32]int32{}
		FirstOf(got, idx, make([]int32, FirstsTable(many)))
		for j, i := range idx {
			if _, ok := seen[i]; !ok {
				seen[i] = int32(j)
			}
			if got[j] != seen[i] {
				t.Fatalf("position %d: %d, not %d", j, got[j], seen[i])
			}
		}
	}
}

// BenchmarkIndexed is 1,024 rows of 16 numbers out of 100,000.
func BenchmarkIndexed(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	const n, many, inner = 100_000, 1024, 16
	var idx [64][]int32
	for k := range idx {
		idx[k] = make([]int32, many)
		for j := range idx[k] {
			idx[k][j] = int32(r.IntN(n))
		}
	}
	all, some, first := make([]float32, n*inner), make([]float32, many*inner), make([]int32, many)
	table, own := make([]int32, FirstsTable(many)), make([]int32, many)
	for j := range own {
		own[j] = int32(j)
	}
	twice := slices.Clone(own) // some keys come again
	for j := 50; j < many; j += 50 {
		twice[j] = int32(j / 3)
	}
	for _, c := range []struct {
		name string
		do   func(k int)
	}{
		{"gather", func(k int) { Gather(some, all, idx[k], n, inner) }},
		{"write", func(k int) { RowWrite(all, some, idx[k], n, inner, 0, n) }},
		{"add", func(k int) { ScatterAdd(all, some, idx[k], n, inner, 0, n) }},
		{"first", func(k int) { FirstOf(first, idx[k], table) }},
		{"fold", func(k int) { FoldFirsts(some, twice, inner) }},
		{"write firsts", func(k int) { WriteFirsts(all, some, idx[k], own, 0, n, inner) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for k := 0; b.Loop(); k++ {
				c.do(k % len(idx))
			}
		})
	}
}

// TestEach: one element of each line, and where an index is none.
func TestEach(t *testing.T) {
	eachAgrees[float32](t)
	eachAgrees[float64](t)
}

func eachAgrees[T Float](t *testing.T) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		lines, n := 1+r.IntN(40), 1+r.IntN(12)
		idx := drawIndex(r, lines, n)
		src, upd, got := make([]T, lines*n), make([]T, lines), make([]T, lines)
		for i := range src {
			src[i] = T(r.NormFloat64())
		}
		for i := range upd {
			upd[i] = T(r.NormFloat64())
		}
		want := slices.Clone(src)
		for j, i := range idx {
			want[j*n+int(i)] += upd[j]
		}
		sums := slices.Clone(src)
		if a, b := GatherEach(got, src, idx, n), AddEach(sums, upd, idx, n); a != -1 || b != -1 {
			t.Fatalf("bad index at %d, %d", a, b)
		}
		for j, i := range idx {
			if got[j] != src[j*n+int(i)] {
				t.Fatalf("element of line %d of %d is %v", j, n, got[j])
			}
		}
		if !slices.Equal(sums, want) {
			t.Fatalf("%d lines of %d: sums are %v, want %v", lines, n, sums, want)
		}
		at := r.IntN(lines)
		idx[at] = []int32{int32(n), -1}[r.IntN(2)]
		if a, b := GatherEach(got, src, idx, n), AddEach(sums, upd, idx, n); a != at || b != at {
			t.Fatalf("the index at %d is none: %d, %d", at, a, b)
		}
	}
}
