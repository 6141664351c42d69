package data

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// What helpers format is what is formatted row by row, up to the first fault
// and with the same one.
func TestAhead(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	node := &ir.Write{Path: "o", Table: "T", Columns: []ir.WriteColumn{{Name: "x", Result: 0, Present: -1}, {Name: "s", Result: -1, Text: "s", Present: -1}}}
	types := []ir.Type{ir.ScalarOf(ir.F32)}
	for _, format := range []string{"csv", "json", "jsonl"} {
		for _, bad := range []int{-1, 0, 777, 1999} {
			node.Format = format
			make := func(workers int) (string, error) {
				return written(t, func(out *Output) error {
					w, err := NewTableWriter(out, node, types, nil)
					if err != nil {
						return err
					}
					w.Ahead(workers)
					defer w.Close()
					x := array.New(ir.F32, 10)
					for at := 0; at < 2000; at += 10 {
						var tx Texts
						for i := range 10 {
							x.F32[i] = float32(at+i) / 3
							if at+i == bad {
								x.F32[i] = float32(math.NaN())
							}
							tx.add(fmt.Append(nil, "text ", at+i), i%3 != 0)
						}
						if err := w.Rows([]*array.Array{x}, []Texts{tx}, 10); err != nil {
							return err
						}
						x.F32[0] = -1 // what was handed over has been copied
					}
					return w.Finish()
				})
			}
			want, wantErr := make(1)
			for _, workers := range []int{2, 4} {
				got, err := make(workers)
				if got != want && wantErr == nil || fmt.Sprint(err) != fmt.Sprint(wantErr) || (err == nil) != (bad < 0 || format == "csv") {
					t.Fatalf("%s, fault in row %d, %d workers: %v, want %v", format, bad, workers, err, wantErr)
				}
			}
		}
	}
}
