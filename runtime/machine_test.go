package runtime

import (
	"testing"
	"time"

	"github.com/dfc-lang/dfc/ir"
)

// TestAtLeast: a kernel is bound by what takes longest, its kind and place
// decide how fast that is.
func TestAtLeast(t *testing.T) {
	m := Machine{F32: 100e9, F64: 50e9, Cache: 10e9, Memory: 1e9}
	for _, c := range []struct {
		row       KernelRow
		footprint int64
		time      time.Duration
		limit     string
	}{
		{KernelRow{Row: "einsum", Kind: ir.F32, Flops: 100e6, Moved: 1e6}, 1 << 20, time.Millisecond, "arithmetic"},
		{KernelRow{Row: "einsum", Kind: ir.F64, Flops: 100e6, Moved: 1e6}, 1 << 20, 2 * time.Millisecond, "arithmetic"},
		{KernelRow{Row: "fused", Kind: ir.F32, Flops: 100e6, Moved: 1e6}, 1 << 20, 2 * time.Millisecond, "arithmetic"},
		{KernelRow{Row: "fused", Kind: ir.F32, Flops: 1e6, Moved: 10e6}, 1 << 20, time.Millisecond, "cache"},
		{KernelRow{Row: "fused", Kind: ir.F32, Flops: 1e6, Moved: 10e6}, 1 << 30, 10 * time.Millisecond, "memory"},
		{KernelRow{Row: "fused", Kind: ir.F32, Flops: 10, Moved: 1000}, 1 << 30, 100, "cache"},
	} {
		got, limit := m.AtLeast(&c.row, c.footprint)
		if limit != c.limit || got < c.time-1 || got > c.time+1 {
			t.Errorf("%+v with %d bytes: %v by %s, not %v by %s", c.row, c.footprint, got, limit, c.time, c.limit)
		}
	}
}

// TestMeasure: what is measured is possible.
func TestMeasure(t *testing.T) {
	m, err := Measure()
	if err != nil {
		t.Fatal(err)
	}
	for what, x := range map[string]float64{"f32": m.F32, "f64": m.F64, "cache": m.Cache, "memory": m.Memory} {
		if x < 1e7 || x > 1e14 {
			t.Errorf("%s: %g a second", what, x)
		}
	}
}
