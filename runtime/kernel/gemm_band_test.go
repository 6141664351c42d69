package kernel

import (
	"math/rand/v2"
	"testing"
)

// TestBand: rows computed in bands, any number of which at once, have the bits
// of the whole, in every tier and orientation.
func TestBand(t *testing.T) {
	for _, tier := range Tiers() {
		old := Use(tier)
		bandsOf[float32](t, tier)
		bandsOf[float64](t, tier)
		Use(old)
	}
}

func bandsOf[T Float](t *testing.T, tier Tier) {
	r := rand.New(rand.NewPCG(1, 2))
	shared := 0
	for _, s := range [][3]int{{256, 64, 64}, {64, 64, 256}, {256, 64, 12}, {97, 33, 300}, {1000, 10, 40}, {1000, 2, 100}, {70, 200, 41}, {49, 500, 29}, {257, 3, 515}} {
		m, n, k := s[0], s[1], s[2]
		for way := range 8 {
			sa, sb, sc := [2]int{k, 1}, [2]int{n, 1}, [2]int{n, 1}
			if way&1 != 0 {
				sa = [2]int{1, m}
			}
			if way&2 != 0 {
				sb = [2]int{1, k}
			}
			if way&4 != 0 {
				sc = [2]int{1, m}
			}
			g := NewGemm[T](m, n, k, sa, sb, sc)
			a, b, whole, parts := randoms[T](m*k, 1), randoms[T](k*n, 2), make([]T, m*n), make([]T, m*n)
			scratch := make([]T, GemmScratch)
			band := g.Band()
			g.Block(0, m, 0, n, false, a, b, whole, scratch)
			for i := 0; i < m; {
				to := min(m, i+band*(1+r.IntN(2)))
				g.Block(i, to, 0, n, false, a, b, parts, scratch)
				i = to
			}
			if band < m {
				shared++
			}
			for i := range whole {
				if whole[i] != parts[i] {
					t.Fatalf("%s, %d×%d×%d, way %d, bands of %d: element %d is %v, and %v in the whole", tier, m, n, k, way, band, i, parts[i], whole[i])
				}
			}
		}
	}
	if shared == 0 {
		t.Error("nothing was shared")
	}
}

// TestRowsOfProducts: rows computed block by block, B packed once, have the
// bits of the whole, in every tier and orientation.
func TestRowsOfProducts(t *testing.T) {
	for _, tier := range Tiers() {
		old := Use(tier)
		rowsOf[float32](t, tier)
		rowsOf[float64](t, tier)
		Use(old)
	}
}

func rowsOf[T Float](t *testing.T, tier Tier) {
	r := rand.New(rand.NewPCG(5, 6))
	scratch := make([]T, GemmScratch)
	for _, s := range [][3]int{{784, 128, 64}, {200, 10, 256}, {513, 70, 7}, {130, 64, 33}, {3, 300, 20}, {1, 65, 4}, {90, 1, 40}, {600, 40, 1}} {
		m, n, k := s[0], s[1], s[2]
		for way := range 4 {
			g := NewGemm[T](m, n, k, steps(m, k, way&1 != 0), steps(k, n, way&2 != 0), [2]int{n, 1})
			a, b, whole := randoms[T](m*k, 1), randoms[T](k*n, 2), make([]T, m*n)
			g.Block(0, m, 0, n, false, a, b, whole, scratch)
			parts, from := make([]T, m*n), r.IntN(m)/2
			rows := g.Rows(m - from)
			for i := from; i < m; {
				size := min(m-i, 1+r.IntN(RowsAtOnce))
				rows.Block(i, size, a, b, parts[i*n:], scratch)
				i += size
			}
			for i := from * n; i < m*n; i++ {
				if whole[i] != parts[i] {
					t.Fatalf("%s, %d×%d×%d, way %d: element %d is %v, and %v in the whole", tier, m, n, k, way, i, parts[i], whole[i])
				}
			}
		}
	}
}
