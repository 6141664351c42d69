package data

import (
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

func aggregate(t *testing.T, agg ir.Agg, kind, want ir.Kind, a *array.Array, keep []uint8) (*array.Array, error) {
	t.Helper()
	acc := NewAccumulator(agg, kind, a.Shape[1:])
	for from := 0; from < a.Shape[0]; from += ChunkRows {
		to := min(from+ChunkRows, a.Shape[0])
		f := acc.Fork()
		var k []uint8
		if keep != nil {
			k = keep[from:to]
		}
		f.Add(a.Rows(from, to), k, to-from)
		acc.Merge(f)
	}
	return acc.Result(want, "x")
}

func TestAggregates(t *testing.T) {
	x := f32Array(4, 1, 3, 2, 10)
	keep := []uint8{1, 1, 1, 1, 0}
	for _, c := range []struct {
		agg  ir.Agg
		want float64
	}{
		{ir.Agg{Op: "sum"}, 10}, {ir.Agg{Op: "mean"}, 2.5}, {ir.Agg{Op: "min"}, 1}, {ir.Agg{Op: "max"}, 4}, {ir.Agg{Op: "median"}, 2.5},
		{ir.Agg{Op: "quantile", P: 0.25}, 1.75}, {ir.Agg{Op: "quantile", P: 1}, 4}, {ir.Agg{Op: "var"}, 1.25}, {ir.Agg{Op: "var", Sample: true}, 5.0 / 3}, {ir.Agg{Op: "std"}, math.Sqrt(1.25)},
	} {
		got, err := aggregate(t, c.agg, ir.F32, ir.F64, x, keep)
		if err != nil || math.Abs(got.F64[0]-c.want) > 1e-15 {
			t.Errorf("%v: %v, %v; want %v", c.agg, got, err, c.want)
		}
	}
	n, err := aggregate(t, ir.Agg{Op: "count"}, ir.Bool, ir.I64, array.New(ir.Bool, 5), keep)
	if err != nil || n.I64[0] != 4 {
		t.Error(n, err)
	}
	b := &array.Array{Kind: ir.Bool, Shape: []int{3, 2}, U8: []uint8{1, 0, 1, 0, 1, 1}}
	any, _ := aggregate(t, ir.Agg{Op: "any"}, ir.Bool, ir.Bool, b, nil)
	every, _ := aggregate(t, ir.Agg{Op: "all"}, ir.Bool, ir.Bool, b, nil)
	if fmt.Sprint(any.U8, every.U8) != "[1 1] [1 0]" {
		t.Error(any.U8, every.U8)
	}
	i := &array.Array{Kind: ir.I64, Shape: []int{2}, I64: []int64{math.MaxInt64, 1}}
	_, err = aggregate(t, ir.Agg{Op: "sum"}, ir.I64, ir.I64, i, nil)
	wantFault(t, err, "D0112", "64 bits")
	for _, op := range []string{"mean", "min", "median", "std"} {
		_, err := aggregate(t, ir.Agg{Op: op}, ir.F32, ir.F32, array.New(ir.F32, 0), nil)
		wantFault(t, err, "D0133", op)
	}
	if got, err := aggregate(t, ir.Agg{Op: "sum"}, ir.F32, ir.F32, array.New(ir.F32, 0), nil); err != nil || got.F32[0] != 0 {
		t.Error("the sum of nothing", got, err)
	}
	all, err := aggregate(t, ir.Agg{Op: "collect"}, ir.F32, ir.F32, x, keep)
	if err != nil || fmt.Sprint(all.Shape, all.F32) != "[4] [4 1 3 2]" {
		t.Error(all, err)
	}
}

// The bits of statistics are part of the numerics: the values here change with
// ir.Numerics alone.
func TestStatisticsGolden(t *testing.T) {
	x := array.New(ir.F32, 3*ChunkRows+5)
	for i := range x.F32 {
		x.F32[i] = ir.UniformF32(ir.Mix(5, uint64(i))) - 0.25
	}
	for _, c := range []struct {
		op   string
		want uint64
	}{{"sum", 0x40a7eface9ee0000}, {"mean", 0x3fcfe6e92a48edbd}, {"var", 0x3fb51b0c97fb69ac}, {"std", 0x3fd26059124e2c62}} {
		got, err := aggregate(t, ir.Agg{Op: c.op}, ir.F32, ir.F64, x, nil)
		if err != nil {
			t.Fatal(err)
		}
		if bits := math.Float64bits(got.F64[0]); bits != c.want {
			t.Errorf("the bits of %s are %#x, not %#x (%v)", c.op, bits, c.want, got.F64[0])
		}
	}
}

// Blocks added in any order and merged in theirs give the same bits, and the
// variance is right where the mean is large.
func TestAggregatesAreStable(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	a := array.New(ir.F64, 5*ChunkRows+7, 2)
	for i := range a.F64 {
		a.F64[i] = 1e9 + r.NormFloat64()
	}
	v, err := aggregate(t, ir.Agg{Op: "var"}, ir.F64, ir.F64, a, nil)
	if err != nil || math.Abs(v.F64[0]-1) > 0.05 {
		t.Error(v, err)
	}
	v2, _ := aggregate(t, ir.Agg{Op: "var"}, ir.F64, ir.F64, a, nil)
	if v.F64[0] != v2.F64[0] {
		t.Error("another result")
	}
	nan := f32Array(1, float32(math.NaN()), 3)
	for _, op := range []string{"min", "max", "median"} {
		if got, err := aggregate(t, ir.Agg{Op: op}, ir.F32, ir.F32, nan, nil); err != nil || got.F32[0] == got.F32[0] {
			t.Errorf("%s lost a NaN: %v %v", op, got, err)
		}
	}
}

func TestSchema(t *testing.T) {
	got, err := Schema("testdata", "penguins.csv")
	want := "table Penguins from csv(\"penguins.csv\") {\n  species: category,\n  island: category,\n  bill_length_mm: f32?,\n  bill_depth_mm: f32?,\n" +
		"  flipper_length_mm: i32?,\n  body_mass_g: i32?,\n  sex: category?,\n}\n"
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	got, err = Schema("testdata", "geoplaces.csv")
	if err != nil || !strings.Contains(got, "  fax: str?,") || !strings.Contains(got, "  price: category,") || !strings.Contains(got, `table Geoplaces from csv("geoplaces.csv", separator: ";", missing: ["", "?"]) {`) {
		t.Errorf("%v\n%s", err, got)
	}
	dir := write(t, "a b-2.csv", "1st col,ok,zip,big\n1,true,01234,3000000000\n2,false,99999,1\n")
	got, err = Schema(dir, "a b-2.csv")
	if want := "table AB2 from csv(\"a b-2.csv\") {\n  c1st_col: i32 from \"1st col\",\n  ok: bool,\n  zip: str,\n  big: i64,\n}\n"; err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	_, err = Schema(write(t, "a.csv", ""), "a.csv")
	wantFault(t, err, "D0103")
}
