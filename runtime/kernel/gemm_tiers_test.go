package kernel

import (
	"math/rand"
	"testing"
	"unsafe"
)

// TestTiersAgree: the tiers with fused multiply-adds give the same bits, over
// random shapes, the sizes of their blocks, steps and tails.
func TestTiersAgree(t *testing.T) {
	if Best() < AVX512 {
		t.Skip("one such tier on this processor")
	}
	tiersAgree[float32](t)
	tiersAgree[float64](t)
}

func tiersAgree[T Float](t *testing.T) {
	r := rand.New(rand.NewSource(11))
	size := func() int {
		switch r.Intn(4) {
		case 0:
			return 1 + r.Intn(4)
		case 1:
			return 1 + r.Intn(40)
		case 2:
			return 1 + r.Intn(300)
		}
		return []int{16, 64, 96, 128, 192, 256, 512, 520}[r.Intn(8)]
	}
	for range 200 {
		a := newMatrix[T](r, size(), size(), r.Intn(2) == 1, r.Intn(8) == 0, r.Intn(2))
		b := newMatrix[T](r, a.n, size(), r.Intn(2) == 1, r.Intn(8) == 0, r.Intn(2))
		c := newMatrix[T](r, a.m, b.n, r.Intn(4) == 0, r.Intn(8) == 0, r.Intn(2))
		add, whole := r.Intn(2) == 1, r.Intn(2) == 1
		want := tierBits(AVX2, a, b, c, add, whole)
		for i, x := range tierBits(AVX512, a, b, c, add, whole) {
			if x != want[i] {
				t.Fatalf("%d×%d×%d, steps a %d %d, b %d %d, c %d %d, add %v: place %d holds %v, and %v with 256 bits",
					a.m, b.n, a.n, a.row, a.col, b.row, b.col, c.row, c.col, add, i, x, want[i])
			}
		}
	}
}

// tierBits is C and what lies around it after a product with the kernels of a
// tier, in the blocks of tasks or as a whole.
func tierBits[T Float](tier Tier, a, b, c matrix[T], add, whole bool) []T {
	defer Use(Use(tier))
	g := NewGemm[T](a.m, b.n, a.n, [2]int{a.row, a.col}, [2]int{b.row, b.col}, [2]int{c.row, c.col})
	out, scratch := append([]T{}, c.data...), make([]T, GemmScratch)
	if whole {
		g.Block(0, g.M, 0, g.N, add, a.data[a.off:], b.data[b.off:], out[c.off:], scratch)
	} else {
		runGemm(g, add, a.data[a.off:], b.data[b.off:], out[c.off:], scratch)
	}
	return out
}

// TestCalls: the list of calls of a small product gives what its driver gives, and
// there is one wherever nothing is packed or moved.
func TestCalls(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		if Active() >= AVX2 {
			calls[float32](t)
			calls[float64](t)
		}
	})
}

func calls[T Float](t *testing.T) {
	r := rand.New(rand.NewSource(5))
	scratch := make([]T, GemmScratch)
	listed := 0
	for i := range 300 {
		m, n, k := 1+r.Intn(70), 1+r.Intn(40), 1+r.Intn(600)
		switch i % 3 {
		case 0:
			n, k = 1, 1+r.Intn(60)
		case 1:
			m = 1
		}
		a := newMatrix[T](r, m, k, r.Intn(3) == 0, false, r.Intn(2))
		b := newMatrix[T](r, k, n, r.Intn(3) == 0, r.Intn(8) == 0, r.Intn(2))
		c := newMatrix[T](r, m, n, r.Intn(4) == 0, false, r.Intn(2))
		g := NewGemm[T](m, n, k, [2]int{a.row, a.col}, [2]int{b.row, b.col}, [2]int{c.row, c.col})
		list := g.Calls()
		if list == nil {
			continue
		}
		listed++
		want, got := append([]T{}, c.data...), append([]T{}, c.data...)
		g.Block(0, m, 0, n, false, a.data[a.off:], b.data[b.off:], want[c.off:], scratch)
		for range 2 {
			list.Run(unsafe.Pointer(&a.data[a.off]), unsafe.Pointer(&b.data[b.off]), unsafe.Pointer(&got[c.off]))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%d×%d×%d, steps a %d %d, b %d %d, c %d %d: place %d holds %v, not %v",
					m, n, k, a.row, a.col, b.row, b.col, c.row, c.col, i, got[i], want[i])
			}
		}
	}
	if listed < 100 {
		t.Errorf("%d of 300 products are lists", listed)
	}
}
