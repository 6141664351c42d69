package kernel

import (
	"math"
	"testing"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

func TestRounding(t *testing.T) {
	// 0.1f·0.1f - 0.01f: one rounding and two differ.
	x, y := []float32{0.1}, []float32{-0.01}
	d := make([]float32, 1)
	Fma(d, x, x, y)
	if want := float32(float64(x[0])*float64(x[0]) + float64(y[0])); d[0] != want {
		t.Errorf("fma gives %v, want %v", d[0], want)
	}
	// The exact sum lies just beside the middle of two floats, and rounding in
	// two steps would miss it: 1 + 2^-24 + 2^-60.
	if got := macro.FMA32(1, 1+0x1p-23, -0x1p-70); got != 1+0x1p-23 {
		t.Errorf("FMA32 gives %v", got)
	}
	if got := macro.FMA32(1+0x1p-12, 1+0x1p-12, 0x1p-60); got != 1+0x1p-11+0x1p-23 {
		t.Errorf("FMA32 rounds %b the wrong way", got)
	}
}

func TestCheckedIntegers(t *testing.T) {
	least, most := int32(math.MinInt32), int32(math.MaxInt32)
	cases := []struct {
		row  string
		x, y int32
		want int32
		ok   bool
	}{
		{"add", most, 1, 0, false}, {"add", most, -1, most - 1, true}, {"add", least, -1, 0, false},
		{"sub", least, 1, 0, false}, {"sub", -1, least, most, true}, {"sub", 0, least, 0, false},
		{"mul", 65536, 32768, 0, false}, {"mul", least, -1, 0, false}, {"mul", -1, least, 0, false}, {"mul", least, 1, least, true},
		{"div", 7, 0, 0, false}, {"div", least, -1, 0, false}, {"div", -7, 2, -4, true}, {"div", 7, -2, -4, true}, {"div", -7, -2, 3, true},
		{"rem", 7, 0, 0, false}, {"rem", least, -1, 0, true}, {"rem", -7, 2, 1, true}, {"rem", 7, -2, -1, true},
	}
	for _, c := range cases {
		d := []int32{0}
		at := IntBinary[int32](c.row)(d, []int32{c.x}, []int32{c.y})
		if (at < 0) != c.ok || c.ok && d[0] != c.want {
			t.Errorf("%s(%d, %d) = %d, fault %d", c.row, c.x, c.y, d[0], at)
		}
	}
}

func TestNarrow(t *testing.T) {
	d := make([]int64, 1)
	for _, x := range []float64{0x1p63, -0x1p63 - 2048, math.NaN(), math.Inf(1)} {
		if NarrowFloat(d, []float64{x}, math.MinInt64, math.MaxInt64) != 0 {
			t.Errorf("%v fits in i64", x)
		}
	}
	if NarrowFloat(d, []float64{-0x1p63}, math.MinInt64, math.MaxInt64) != -1 || d[0] != math.MinInt64 {
		t.Error("the least i64 does not convert")
	}
	e := make([]int32, 1)
	if NarrowFloat(e, []float64{3.99}, 0, 3) != -1 || e[0] != 3 || NarrowFloat(e, []float64{4}, 0, 3) != 0 || NarrowFloat(e, []float64{-0.5}, 0, 3) != -1 {
		t.Error("conversion to index<4>")
	}
}

// TestSumShape checks lanes and trees against their definition.
func TestSumShape(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 4096, 4097, 5 * 4096, 7*4096 + 100} {
		x := randoms[float32](n, int64(n))
		if got, want := Sum(x), definition(x); got != want {
			t.Errorf("%d elements: %v, want %v", n, got, want)
		}
		var part []float32
		for i := 0; i < n; i += Block {
			part = append(part, SumBlock(x[i:min(n, i+Block)]))
		}
		if got, want := SumTree(part), Sum(x); got != want {
			t.Errorf("%d elements: partials give %v, want %v", n, got, want)
		}
	}
}

func definition(x []float32) float32 {
	if n := Blocks(len(x)); n > 1 {
		h := 1
		for 2*h < n {
			h *= 2
		}
		return definition(x[:h*Block]) + definition(x[h*Block:])
	}
	var lanes [16]float32
	for i, v := range x {
		lanes[i%16] += v
	}
	for w := 8; w > 0; w /= 2 {
		for i := 0; i < w; i++ {
			lanes[i] += lanes[i+w]
		}
	}
	return lanes[0]
}

func BenchmarkTile(b *testing.B) {
	x32, y32 := randoms[float32](1024, 1), make([]float32, 1024)
	x64, y64 := randoms[float64](1024, 1), make([]float64, 1024)
	for _, row := range []string{"neg", "sqrt", "exp", "log1p", "tanh", "logistic", "sin", "erf"} {
		f, g := FloatUnary[float32](row, 0), FloatUnary[float64](row, 0)
		b.Run(row+"/f32", func(b *testing.B) {
			b.SetBytes(4096)
			for b.Loop() {
				f(y32, x32)
			}
		})
		b.Run(row+"/f64", func(b *testing.B) {
			b.SetBytes(8192)
			for b.Loop() {
				g(y64, x64)
			}
		})
	}
	b.Run("sum/f32", func(b *testing.B) {
		b.SetBytes(4096)
		for b.Loop() {
			Sum(x32)
		}
	})
}
