package runtime

import (
	"fmt"
	"math"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Integers around the places where the code changes its mind.
var edges = func() []int64 {
	var out []int64
	for _, x := range []int64{0, 1 << 15, 1 << 16, 1 << 30, 1 << 31, 1 << 32, 1 << 50, 1 << 51, 1 << 52, 1 << 53, 1 << 61, 1 << 62, math.MaxInt64} {
		for d := int64(-2); d <= 2; d++ {
			out = append(out, x+d, -x+d, x/3+d)
		}
	}
	return append(out, 5, -5, 7, -7, 1000003, math.MinInt64, 3037000499, 3037000500)
}()

// oneOp is a function of a region with one operation on numbers along B.
func oneOp(row string, attrs ir.Attrs, kinds ...ir.Kind) *ir.Module {
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
	f := ir.NewFunc("main")
	b := ir.NewBuilder(m, f)
	var params []*ir.Value
	var types []ir.Type
	for _, k := range kinds {
		t := ir.TensorOf(k, ir.Sym("B"))
		params, types = append(params, f.AddParam("", t, ir.Input{})), append(types, t)
	}
	in := b.Open(types...)
	c := b.Close(b.One(row, attrs, in...))
	b.Return(b.OpWith("fused", nil, []*ir.Region{c.Region}, params...)...)
	m.Add(f)
	return m
}

// TestCodeOfIntegers compares every checked operation in machine code with its
// kernel, on edges that it can compute, and where it cannot.
func TestCodeOfIntegers(t *testing.T) {
	needCode(t)
	for _, k := range []ir.Kind{ir.I32, ir.I64} {
		for _, row := range []string{"neg", "abs", "sign", "add", "sub", "mul", "div", "rem", "max"} {
			kinds := []ir.Kind{k, k}
			if row == "neg" || row == "abs" || row == "sign" {
				kinds = kinds[:1]
			}
			var good, bad [][]int64
			for _, x := range edges {
				for _, y := range edges {
					if k == ir.I32 {
						x, y = int64(int32(x)), int64(int32(y))
					}
					if v := []int64{x, y}[:len(kinds)]; computes(row, k, v) {
						good = append(good, v)
					} else {
						bad = append(bad, v)
					}
				}
			}
			m := oneOp(row, nil, kinds...)
			tryIntegers(t, m, kinds, good)
			for i := 0; i < len(bad); i += 1 + len(bad)/40 { // each among others that it can compute
				tryIntegers(t, m, kinds, append(good[:70:70], bad[i]))
			}
		}
	}
}

// computes reports whether the kernel of a row computes one result.
func computes(row string, k ir.Kind, v []int64) bool {
	if k == ir.I32 {
		return computesAs[int32](row, v)
	}
	return computesAs[int64](row, v)
}

func computesAs[T kernel.Int](row string, v []int64) bool {
	dst := make([]T, 1)
	if len(v) == 1 {
		return kernel.IntUnary[T](row, 0)(dst, []T{T(v[0])}) < 0
	}
	return kernel.IntBinary[T](row)(dst, []T{T(v[0])}, []T{T(v[1])}) < 0
}

func tryIntegers(t *testing.T, m *ir.Module, kinds []ir.Kind, points [][]int64) {
	t.Helper()
	var in []*array.Array
	for i, k := range kinds {
		a := array.New(k, len(points))
		for j, v := range points {
			a.SetInt(j, v[i])
		}
		in = append(in, a)
	}
	tryBoth(t, m, in)
}

// tryBoth runs a function along B interpreted and in machine code of every set.
func tryBoth(t *testing.T, m *ir.Module, in []*array.Array) {
	t.Helper()
	n := int64(in[0].Len())
	sizes := ir.Sizes{"B": {Actual: n, Capacity: n}}
	want, _, fault := runWith(t, m, sizes, in, Options{NoJIT: true})
	for _, tier := range kernel.Tiers()[kernel.AVX2:] {
		old := kernel.Use(tier)
		got, made, same := runWith(t, m, sizes, in, Options{Workers: 1})
		kernel.Use(old)
		if !made || fault != same {
			t.Fatalf("%v: machine code %v, fails with %q, interpreted with %q\n%s", tier, made, same, fault, m)
		}
		if fault == "" {
			sameNumbers(t, fmt.Sprint(tier), m, got, want)
		}
	}
}

// TestCodeOfConversions does the same with floats that become integers.
func TestCodeOfConversions(t *testing.T) {
	needCode(t)
	for _, from := range []ir.Kind{ir.F32, ir.F64} {
		for _, to := range []ir.Kind{ir.I32, ir.I64} {
			m := oneOp("convert", ir.ConvertAttrs{K: to}, from)
			most := 0x1p31
			if to == ir.I64 {
				most = 0x1p63
			}
			var good, bad []float64
			for _, x := range append(edges, 1<<24, 1<<23) {
				for _, d := range []float64{0, 0.5, -0.5, 0.999, math.Copysign(0, -1)} {
					f := float64(x) + d
					if from == ir.F32 {
						f = float64(float32(f))
					}
					if w := math.Trunc(f); w >= -most && w < most {
						good = append(good, f)
					} else {
						bad = append(bad, f)
					}
				}
			}
			bad = append(bad, math.NaN(), math.Inf(1), math.Inf(-1))
			tryBoth(t, m, []*array.Array{floats(from, good)})
			for _, x := range bad {
				tryBoth(t, m, []*array.Array{floats(from, append(good[:70:70], x))})
			}
		}
	}
}

func floats(k ir.Kind, x []float64) *array.Array {
	a := array.New(k, len(x))
	for i, v := range x {
		a.SetFloat(i, v)
	}
	return a
}

// TestCodeOfIntegerPowers does the same with whole powers.
func TestCodeOfIntegerPowers(t *testing.T) {
	needCode(t)
	for _, k := range []ir.Kind{ir.I32, ir.I64} {
		for _, n := range []int64{1, 2, 3, 4, 5, 6, 7, 12, 62} {
			m := oneOp("powi", ir.NAttrs{N: n}, k)
			for x := int64(-60); x <= 60; x++ { // each among small ones
				tryIntegers(t, m, []ir.Kind{k}, [][]int64{{1}, {-1}, {0}, {x}, {1}})
			}
		}
	}
}
