package random

import (
	"fmt"
	"runtime/debug"

	"github.com/dfc-lang/dfc/ir"
)

// CheckRecompute takes the gradient of drawn function or network number seed over a
// batch, as CheckStrips does: with all computed again that can be, one in three times
// in strips as well, the interpreter and the runtime must make the bits that they
// make without. It returns how many operations more there are then.
func CheckRecompute(seed uint64, network bool) (more int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	h := ir.Mix(0xa6a1, seed)
	rows, most := int64(0), int64(maxRows)
	if h%3 == 0 {
		rows = 16
	}
	batches := []int{int(1 + h>>8%9), 300}
	if network {
		most = 4096
	}
	plain, f, err := shared(seed, network, most, forced(rows, false))
	if err != nil {
		return 0, err
	}
	again, _, err := shared(seed, network, most, forced(rows, true))
	if err != nil {
		return 0, err
	}
	if plain.String() == again.String() {
		return 0, nil
	}
	more = operations(again.Func(f)) - operations(plain.Func(f))
	for _, n := range batches {
		if err := compareForced(plain, again, f, batchOf(plain.Func(f), n, seed), n, most); err != nil {
			return more, fmt.Errorf("%d rows: %w", n, err)
		}
	}
	return more, nil
}

func operations(f *ir.Func) (n int) {
	ir.Walk(f.Body, func(*ir.Op) { n++ })
	return n
}
