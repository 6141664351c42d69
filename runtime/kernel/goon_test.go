package kernel

import (
	"fmt"
	"testing"
)

// TestGoOn cuts the chains of products and of sums down columns anywhere: the
// pieces, one behind the other, have the bits of the whole.
func TestGoOn(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("f32", testGoOn[float32])
		t.Run("f64", testGoOn[float64])
	})
}

func testGoOn[T Float](t *testing.T) {
	scratch := make([]T, GemmScratch)
	for _, s := range [][2]int{{1, 1}, {2, 4}, {3, 5}, {32, 32}, {65, 129}, {1, 17}, {17, 1}, {70, 1}, {200, 260}, {9, 70}} {
		m, n := s[0], s[1]
		for _, cuts := range [][]int{{256}, {1, 255}, {64, 64, 64, 64}, {40, 7, 3}, {100, 156}} {
			k := 0
			for _, c := range cuts {
				k += c
			}
			for mode := 0; mode < 8; mode++ {
				as, bs, cs := steps(m, k, mode&1 != 0), steps(k, n, mode&2 != 0), steps(m, n, mode&4 != 0)
				a, b := randoms[T](m*k, 1), randoms[T](k*n, 2)
				want, got := make([]T, m*n), make([]T, m*n)
				whole := NewGemm[T](m, n, k, as, bs, cs)
				whole.Block(0, m, 0, n, false, a, b, want, scratch)
				from := 0
				for i, c := range cuts {
					g := NewGemm[T](m, n, c, as, bs, cs)
					if i == 0 {
						g.Block(0, m, 0, n, false, a, b, got, scratch)
					} else {
						g.GoOn(a[from*as[1]:], b[from*bs[0]:], got, scratch)
					}
					from += c
				}
				sameNumbers(t, fmt.Sprintf("%v in links of %v, mode %d", s, cuts, mode), got, want)
			}
		}
	}
	for _, cols := range []int{1, 4, 33} {
		x, rows := randoms[T](cols*ChainRows, 3), ChainRows
		want, got := make([]T, cols), make([]T, cols)
		SumColumns(want, x, nil, rows, cols)
		SumColumns(got, x, nil, 100, cols)
		GoOnColumns(got, x[100*cols:], 156, cols)
		sameNumbers(t, fmt.Sprintf("%d columns", cols), got, want)
	}
}

func sameNumbers[T Float](t *testing.T, what string, got, want []T) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}
