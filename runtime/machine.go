package runtime

import (
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Machine is what a core can do at most, for what a plan may expect.
type Machine struct {
	Name   string
	F32    float64 // flops a second of contractions, in f32
	F64    float64
	Cache  float64 // bytes a second, read and written, of what stays in the caches
	Memory float64 // likewise of what does not
}

// Reference is the core that plans are judged by: AVX2 with two fused
// multiply-adds a cycle at 3.4 GHz, and what copies on it reach.
var Reference = Machine{Name: "reference core (AVX2, 3.4 GHz)", F32: 110e9, F64: 55e9, Cache: 50e9, Memory: 20e9}

// Vectors reports whether kernels with AVX2 are in use.
func Vectors() bool { return kernel.Active() >= kernel.AVX2 }

// cacheSize is what is taken to stay in the caches of a core.
const cacheSize = 16 << 20

// AtLeast is the time that a kernel takes at least each time, and what sets
// it: "arithmetic", "cache" or "memory". footprint is all the memory that its
// function uses. Contractions count two flops a multiply-add; what else there
// is has none to fuse and reaches half of that.
func (m Machine) AtLeast(k *KernelRow, footprint int64) (time.Duration, string) {
	peak := m.F32
	if k.Kind == ir.F64 {
		peak = m.F64
	}
	if k.Row != "einsum" {
		peak /= 2
	}
	bandwidth, limit := m.Cache, "cache"
	if footprint > cacheSize && k.Moved > cacheSize/16 {
		bandwidth, limit = m.Memory, "memory"
	}
	seconds := float64(k.Moved) / bandwidth
	if c := float64(k.Flops) / peak; c > seconds {
		seconds, limit = c, "arithmetic"
	}
	return time.Duration(seconds * 1e9), limit
}

// Measure is this machine on one core, in about half a second: the best of
// some products of matrices and of copies.
func Measure() (Machine, error) {
	m := Machine{Name: "this core, measured"}
	for _, k := range []struct {
		kind ir.Kind
		to   *float64
	}{{ir.F32, &m.F32}, {ir.F64, &m.F64}} {
		f, err := measureProduct(k.kind)
		if err != nil {
			return m, err
		}
		*k.to = f
	}
	m.Cache, m.Memory = measureCopy(1<<20), measureCopy(128<<20)
	return m, nil
}

// measureProduct is the flops a second of a product of square matrices.
func measureProduct(kind ir.Kind) (float64, error) {
	const n = 512
	m, f := &ir.Module{}, ir.NewFunc("product")
	t := ir.TensorOf(kind, ir.N(n), ir.N(n))
	x, y := f.AddParam("x", t, ir.Input{}), f.AddParam("y", t, ir.Input{})
	b := ir.NewBuilder(m, f)
	b.Return(b.Einsum("ij,jk->ik", x, y))
	m.Add(f)
	prog, err := Load(m, nil, Options{})
	if err != nil {
		return 0, err
	}
	defer prog.Close()
	fn, err := prog.Function(f.Name, nil)
	if err != nil {
		return 0, err
	}
	in, out := []*array.Array{array.New(kind, n, n), array.New(kind, n, n)}, make([]*array.Array, 1)
	best := best(10, func() { err = fn.Run(in, out, nil) })
	return 2 * n * n * n / best, err
}

// measureCopy is the bytes a second that a copy of n bytes reads and writes.
func measureCopy(n int) float64 {
	from, to := array.New(ir.U8, n/2).U8, array.New(ir.U8, n/2).U8
	return float64(n) / best(20, func() { copy(to, from) })
}

// best is the seconds of the fastest of some runs.
func best(runs int, f func()) float64 {
	least := time.Duration(1 << 62)
	for range runs {
		began := time.Now()
		f()
		least = min(least, max(1, time.Since(began)))
	}
	return least.Seconds()
}
