package random

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/passes"
)

// functions is how many are drawn by `go test`; `go run ./tests/cmd/random`
// draws more.
const functions = 10_000

// TestRandom draws functions, compares all that runs them, and asserts that
// what was drawn covers the table and the kinds of regions.
func TestRandom(t *testing.T) {
	rows, depths, loops, skipped, failed := map[string]int{}, map[int]int{}, 0, 0, 0
	n := uint64(functions)
	if testing.Short() {
		n = 500
	}
	Many(0, n, CheckChosen, func(seed uint64, d *Drawn, err error) bool {
		switch {
		case errors.Is(err, ErrSkip):
			skipped++
			return true
		case err != nil:
			failed++
			t.Errorf("function %d: %v\nrepeat with: go run ./tests/cmd/random -from %d -n 1", seed, err, seed)
		}
		for r, k := range d.Rows {
			rows[r] += k
		}
		depths[d.Depth]++
		if d.Loops > 0 {
			loops++
		}
		return failed < 10
	})
	if failed > 0 {
		return
	}
	t.Logf("%d functions, %d not comparable; rows %v; depths %v; %d with recurrent loops", n, skipped, rows, depths, loops)
	if skipped > int(n)/20 {
		t.Errorf("%d of %d functions could not be compared", skipped, n)
	}
	for _, name := range []string{"cond", "scan", "map", "call", "gather", "scatter_add", "einsum", "reduce_sum",
		"reduce_max", "reduce_prod", "cumsum", "select", "concat", "slice", "pad", "transpose", "reverse", "stop"} {
		if ir.RowOf(name) == nil || rows[name] < int(n)/50 {
			t.Errorf("row %s was drawn %d times", name, rows[name])
		}
	}
	if loops < int(n)/10 {
		t.Errorf("%d functions have a recurrent loop", loops)
	}
	for depth := 0; depth <= maxDepth; depth++ {
		if depths[depth] < int(n)/50 {
			t.Errorf("%d functions of depth %d", depths[depth], depth)
		}
	}
}

// TestLoops: what is drawn is what the passes over loops change, in functions
// as they stand and in gradients over a batch, as TestPoison compares them.
func TestLoops(t *testing.T) {
	const drawn = 120
	changed := map[string]int{}
	for seed := range uint64(drawn) {
		for _, gradient := range []bool{false, true} {
			m, sizes := Draw(seed).Module, ir.Sizes(nil)
			if gradient {
				f, err := passes.VJP(m, "f", floatParams(m.Func("f")), nil)
				if err != nil {
					t.Fatal(err)
				}
				m.Symbols = append(m.Symbols, &ir.Symbol{Name: batchSymbol, Class: ir.Batch, Size: maxRows})
				if f, err = passes.Batch(m, f.Name, floatParams(f), ir.Sym(batchSymbol), true); err != nil {
					t.Fatal(err)
				}
				keep(m, f.Name)
				sizes = ir.Sizes{batchSymbol: {Actual: maxRows, Capacity: maxRows}}
			}
			before := ""
			err := passes.Run(m, append(append([]passes.Pass{}, passes.SizeFree...), passes.Sized...), sizes, func(name string, m *ir.Module) {
				after := m.String()
				if before != after {
					changed[fmt.Sprint(name, " ", gradient)]++
				}
				before = after
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for pass, least := range map[string]int{"lift false": drawn / 10, "lift true": drawn / 12, "remat true": drawn / 16} {
		if changed[pass] < least {
			t.Errorf("%d of %d functions changed by %s", changed[pass], drawn, pass)
		}
	}
	t.Log(changed)
}

// TestPoison: a branch not taken never makes a NaN.
func TestPoison(t *testing.T) {
	n := uint64(400)
	if testing.Short() {
		n = 100
	}
	skipped, failed := 0, 0
	Many(0, n, CheckPoison, func(seed uint64, d *Drawn, err error) bool {
		switch {
		case errors.Is(err, ErrSkip):
			skipped++
		case err != nil:
			failed++
			t.Errorf("function %d: %v\nrepeat with: go run ./tests/cmd/random -poison -from %d -n 1", seed, err, seed)
		}
		return failed < 10
	})
	if failed == 0 && skipped > int(n)/4 {
		t.Errorf("%d of %d functions could not be compared", skipped, n)
	}
}

// TestStrips: what runs strip by strip has the bits of what does not.
func TestStrips(t *testing.T) {
	for _, c := range []struct {
		name    string
		network bool
		n       uint64
		sums    int
	}{{"functions", false, 160, 0}, {"networks", true, 100, 100}} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() {
				c.n, c.sums = c.n/8, c.sums/10
			}
			var mu sync.Mutex
			var all Stripped
			failed := 0
			check := func(seed uint64) (*Drawn, error) {
				seen, err := CheckStrips(seed, c.network)
				mu.Lock()
				defer mu.Unlock()
				all.Groups, all.Sums = all.Groups+seen.Groups, all.Sums+seen.Sums
				return nil, err
			}
			Many(0, c.n, check, func(seed uint64, _ *Drawn, err error) bool {
				if err != nil {
					failed++
					t.Errorf("number %d: %v", seed, err)
				}
				return failed < 10
			})
			if t.Log(all); all.Groups < int(c.n)/4 || all.Sums < c.sums {
				t.Errorf("too few groups or sums: %+v", all)
			}
		})
	}
}

// TestRecompute: what is computed again has the bits of what is stored.
func TestRecompute(t *testing.T) {
	for _, c := range []struct {
		name    string
		network bool
		n       uint64
	}{{"functions", false, 160}, {"networks", true, 100}} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() {
				c.n /= 8
			}
			var mu sync.Mutex
			changed, more, failed := 0, 0, 0
			check := func(seed uint64) (*Drawn, error) {
				n, err := CheckRecompute(seed, c.network)
				mu.Lock()
				defer mu.Unlock()
				if n != 0 {
					changed, more = changed+1, more+n
				}
				return nil, err
			}
			Many(0, c.n, check, func(seed uint64, _ *Drawn, err error) bool {
				if err != nil {
					failed++
					t.Errorf("number %d: %v", seed, err)
				}
				return failed < 10
			})
			if t.Logf("%d changed, %d operations more", changed, more); changed < int(c.n)/4 {
				t.Errorf("only %d of %d change", changed, c.n)
			}
		})
	}
}
