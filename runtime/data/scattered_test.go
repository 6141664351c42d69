package data

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// scatteredTable has a view in an order that has nothing to do with the file's.
func scatteredTable(t testing.TB, rows int, limit int64) *Dataset {
	var b strings.Builder
	b.WriteString("x,y,s\n")
	for r := range rows {
		fmt.Fprintf(&b, "%d,%d.5,text %d\n", r, r%7, r)
	}
	m := module(tableNode("T", reader("csv", "a.csv"), num("x", ir.I32), opt(num("y", ir.F64)), str("s")))
	ds := mustOpen(t, m, Options{Dir: write(t, "a.csv", b.String()), Limit: limit})
	var list listRows
	for r := range rows {
		if k := ir.Mix(uint64(r), 1); k%8 > 0 || r < ChunkRows {
			list = append(list, int32(k%uint64(rows)))
		}
	}
	for r := range 3 * ChunkRows / 2 { // rows of one chunk, and neighbours
		list = append(list, int32(rows-1-r))
	}
	ds.views["S"] = &view{name: "S", src: ds.views["T"].src, rows: list}
	return ds
}

// Rows of a spilled table in any order are those of one in memory.
func TestScattered(t *testing.T) {
	reqs := []ColumnReq{req("x", ir.ScalarOf(ir.I32)), req("y", ir.ScalarOf(ir.F64)), req("y?", ir.ScalarOf(ir.Bool)), texts("s")}
	for _, spec := range []OrderSpec{{}, {Shuffle: true, Seed: 3}} {
		here, gone := scatteredTable(t, 20_000, 1<<30), scatteredTable(t, 20_000, 1<<16)
		if gone.tables["T"].store.spill == nil {
			t.Fatal("nothing was spilled")
		}
		cols, words, rows := all(t, here, "S", spec, 1000, reqs...)
		cols2, words2, rows2 := all(t, gone, "S", spec, 1000, reqs...)
		if !reflect.DeepEqual(rows, rows2) || !reflect.DeepEqual(words, words2) {
			t.Fatal("other rows or texts")
		}
		for i := range cols {
			if !reflect.DeepEqual(cols[i], cols2[i]) {
				t.Fatalf("column %d differs", i)
			}
		}
		for i, r := range rows {
			if int64(cols[0].I32[i]) != r || words[3][i] != fmt.Sprint("text ", r) {
				t.Fatalf("row %d has x %d and %q", r, cols[0].I32[i], words[3][i])
			}
		}
	}
}

func BenchmarkScattered(b *testing.B) {
	const rows = 100_000
	ds := scatteredTable(b, rows, 1<<16)
	for b.Loop() {
		all(b, ds, "S", OrderSpec{}, 4096, req("y", ir.ScalarOf(ir.F64)))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
}
