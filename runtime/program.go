package runtime

import (
	"fmt"
	"math"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Options are the settings of the executor.
type Options struct {
	Workers int      // goroutines that compute, the caller among them; 0 is one
	Memory  int64    // bytes the arena of a function may take; 0 is no limit
	Profile *Profile // measures what runs; nil: nothing is measured
	NoJIT   bool     // no machine code is made; results are the same
}

// Program is a module with the sizes of its symbols, ready to plan functions.
// One function runs at a time; Run may be called from several goroutines.
type Program struct {
	module *ir.Module
	sizes  ir.Sizes
	opt    Options
	pool   *pool
	mu     sync.Mutex
	arena  *memory // of the function that runs, each in turn; nil before the first
	most   int64   // bytes that one of the functions planned needs
	code   *codeStore
	closed bool
}

// Load prepares a module. Every symbol that its functions use must have a
// size; where no capacity is given it is the actual size.
func Load(m *ir.Module, sizes ir.Sizes, opt Options) (*Program, error) {
	p := &Program{module: m, sizes: ir.Sizes{}, opt: opt, code: newCodeStore(opt.NoJIT)}
	for name, s := range sizes {
		s.Capacity = max(s.Capacity, s.Actual)
		if s.Actual < 0 {
			return nil, fmt.Errorf("runtime: the size of %s is %d", name, s.Actual)
		}
		p.sizes[name] = s
	}
	p.pool = newPool(max(1, opt.Workers))
	return p, nil
}

// Close waits for the function that runs, ends the helper goroutines of the
// program and gives its memory back. What runs later is an error.
func (p *Program) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	p.pool.close()
	p.code.free()
	if p.arena != nil {
		p.arena.free()
	}
}

// capacity is the size that plans are made for.
func (p *Program) capacity(name string) (int64, bool) {
	s, ok := p.sizes[name]
	return s.Capacity, ok
}

// Function is one planned function.
type Function struct {
	prog   *Program
	plan   *plan
	fr     *frame
	frames map[*plan]*frame
	bound  []*binding // by actual sizes, the one used last in front
	ready  *binding   // whose values that depend on sizes alone are there
	report Report
	names  []string  // of the symbols that its sizes depend on, in order
	usual  []ir.Size // of each
	sizes  []int64   // of each, as they are now
	err    error
}

// keepBindings is the number of different actual sizes whose steps are kept.
const keepBindings = 8

// Function plans a function. donate says which results may take over the
// storage of a parameter: result number -> parameter number; those arrays may
// be the same at Run, and the parameter's old value is gone afterwards. A plan
// that needs more than Options.Memory is refused with a *source.Diagnostic.
func (p *Program) Function(name string, donate map[int]int) (fn *Function, err error) {
	err = p.opt.Profile.In(partPlanning, func() error {
		fn, err = p.function(name, donate)
		return err
	})
	return fn, err
}

func (p *Program) function(name string, donate map[int]int) (*Function, error) {
	pl, err := p.planOf(name, donate)
	if err != nil {
		return nil, err
	}
	fn := &Function{prog: p, plan: pl, fr: newFrame(pl), frames: map[*plan]*frame{}, names: pl.allSymbols()}
	for _, n := range fn.names {
		fn.usual = append(fn.usual, p.sizes[n])
		fn.sizes = append(fn.sizes, p.sizes[n].Capacity)
	}
	full, err := fn.bind()
	if err != nil {
		return nil, err
	}
	fn.report = newReport(pl, full)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = max(p.most, pl.peak)
	return fn, nil
}

// Check refuses what Function would refuse, and makes nothing.
func (p *Program) Check(name string, donate map[int]int) error {
	_, err := p.planOf(name, donate)
	return err
}

// planOf plans a function within the memory allowed.
func (p *Program) planOf(name string, donate map[int]int) (*plan, error) {
	f := p.module.Func(name)
	if f == nil {
		return nil, fmt.Errorf("runtime: no function named %s", name)
	}
	if err := checkDonation(f, donate); err != nil {
		return nil, err
	}
	pl, err := newPlan(p, f, donate, map[string]*plan{})
	if err != nil {
		return nil, err
	}
	if p.opt.Memory > 0 && pl.peak > p.opt.Memory {
		return nil, p.tooLarge(f, pl)
	}
	return pl, nil
}

func checkDonation(f *ir.Func, donate map[int]int) error {
	seen := map[int]bool{}
	for k, j := range donate {
		if k < 0 || k >= len(f.Results()) || j < 0 || j >= len(f.Params()) || seen[j] ||
			!f.Results()[k].Type.Equal(f.Params()[j].Type) {
			return fmt.Errorf("runtime: @%s: result %d cannot take over parameter %d", f.Name, k, j)
		}
		seen[j] = true
	}
	return nil
}

// bind makes the steps for f.sizes and puts them in front.
func (f *Function) bind() (*binding, error) {
	sizes := append([]int64{}, f.sizes...)
	look := func(name string) (int64, bool) {
		i, ok := slices.BinarySearch(f.names, name)
		if !ok {
			return 0, false
		}
		return sizes[i], true
	}
	b, err := bind(f.prog, f.plan, f.fr, look, f.frames, map[*plan]*binding{})
	if err != nil {
		return nil, err
	}
	f.prog.code.seal()
	b.sizes = sizes
	if len(f.bound) == keepBindings {
		f.bound = f.bound[:keepBindings-1]
	}
	f.bound = append([]*binding{b}, f.bound...)
	return b, nil
}

// binding finds the steps for the actual sizes.
func (f *Function) binding(actual map[string]int64) (*binding, error) {
	for i, n := range f.names {
		s := &f.usual[i]
		f.sizes[i] = s.Actual
		if a, ok := actual[n]; ok {
			if a < 0 || a > s.Capacity {
				return nil, fmt.Errorf("runtime: @%s: %s is %d, planned for at most %d", f.plan.fn.Name, n, a, s.Capacity)
			}
			f.sizes[i] = a
		}
	}
search:
	for i, b := range f.bound {
		for j, n := range b.sizes {
			if f.sizes[j] != n {
				continue search
			}
		}
		copy(f.bound[1:i+1], f.bound[:i])
		f.bound[0] = b
		return b, nil
	}
	return f.bind()
}

// Run computes the results. in are the parameters in order, with actual sizes
// as shapes; out are arrays for the results: a nil entry is allocated, any
// other gets the shape of the result and must have room for it. actual gives
// the sizes of symbols of class Batch where they differ from those of Load.
// Checked operations that fail are a *Fault. Run allocates nothing once the
// same sizes have been seen and the results have room.
func (f *Function) Run(in, out []*array.Array, actual map[string]int64) error {
	f.prog.mu.Lock()
	defer f.prog.mu.Unlock()
	defer goruntime.KeepAlive(f) // the steps know its memory, but not f
	return f.prog.opt.Profile.In(partCalls, func() error { return f.run(in, out, actual) })
}

func (f *Function) run(in, out []*array.Array, actual map[string]int64) error {
	if f.prog.closed {
		return fmt.Errorf("runtime: @%s: the program is closed", f.plan.fn.Name)
	}
	b, err := f.binding(actual)
	if err != nil {
		return err
	}
	if len(in) != len(b.ins) || len(out) != len(b.outs) {
		return fmt.Errorf("runtime: @%s takes %d arrays and gives %d, got %d and %d", f.plan.fn.Name, len(b.ins), len(b.outs), len(in), len(out))
	}
	for i := range b.ins {
		if err := f.input(i, in[i], &b.ins[i]); err != nil {
			return err
		}
	}
	for k := range b.outs {
		f.output(k, out, &b.outs[k])
	}
	if f.plan.peak > 0 {
		if err := f.prog.provide(f); err != nil {
			return err
		}
	}
	if f.ready != b {
		f.ready = nil
		if ft := run(b.once); ft != nil {
			return ft
		}
		f.ready = b
	}
	pool := f.prog.pool
	if len(pool.workers) > 1 {
		pool.least = b.habit.least(pool)
		defer b.habit.ran(pool)
	}
	if ft := run(b.steps); ft != nil {
		return ft
	}
	return nil
}

// provide gives a function that is about to run the arena of the program,
// large enough for all that are planned. Functions run one at a time and leave
// nothing in it that they or others count on. It goes back to the system when
// the program is closed, or nobody has it any more.
func (p *Program) provide(f *Function) error {
	if p.arena == nil || p.arena.size < f.plan.peak {
		if p.arena != nil {
			p.arena.free()
		}
		m, ok := newMemory(max(p.most, f.plan.peak))
		if !ok {
			p.arena = nil
			return source.Errorf(CodeMemory, f.plan.fn.Span, "%s needs %s of memory, and the system does not give it", called(f.plan.fn), SizeText(f.plan.peak)).
				WithHint("a smaller batch needs less")
		}
		p.arena = m
		goruntime.AddCleanup(p, (*memory).free, m)
	}
	f.fr.attach(f.plan, p.arena.base)
	return nil
}

// called is what users call a function.
func called(f *ir.Func) string {
	if train, ok := strings.CutSuffix(f.Name, ".step"); ok {
		return "a step of `" + train + "`"
	}
	return "this"
}

// input checks an argument and points its slot to it.
func (f *Function) input(i int, a *array.Array, want *bound) error {
	if a == nil || a.Kind != want.kind || len(a.Shape) != len(want.shape) {
		return f.wrong(i, a, want)
	}
	for j, n := range want.shape {
		if a.Shape[j] != n {
			return f.wrong(i, a, want)
		}
	}
	p, n := storageOf(a)
	if n < want.n {
		return f.wrong(i, a, want)
	}
	*want.base = p
	return nil
}

func (f *Function) wrong(i int, a *array.Array, want *bound) error {
	v := f.plan.fn.Params()[i]
	if a == nil {
		return fmt.Errorf("runtime: @%s: argument %d (%s) is missing", f.plan.fn.Name, i, v.Name)
	}
	return fmt.Errorf("runtime: @%s: argument %d (%s) is %s%v, expected %s%v (%s)", f.plan.fn.Name, i, v.Name,
		a.Kind, a.Shape, want.kind, want.shape, v.Type)
}

// output gives a result its array.
func (f *Function) output(k int, out []*array.Array, want *bound) {
	a := out[k]
	if a != nil && a.Kind == want.kind && slices.Equal(a.Shape, want.shape) {
		if p, n := storageOf(a); n == want.n {
			*want.base = p
			return
		}
	}
	if a == nil || a.Kind != want.kind || !reslice(a, want.n) {
		a = array.New(want.kind, want.shape...)
		out[k] = a
	}
	a.Shape = append(a.Shape[:0], want.shape...)
	*want.base, _ = storageOf(a)
}

// storageOf is where the elements of an array begin, and how many there are.
func storageOf(a *array.Array) (unsafe.Pointer, int) {
	if a.Kind == ir.F32 {
		return unsafe.Pointer(unsafe.SliceData(a.F32)), len(a.F32)
	}
	return storageOfOther(a)
}

// storageOfOther is storageOf of arrays of other kinds.
func storageOfOther(a *array.Array) (unsafe.Pointer, int) {
	switch a.Kind {
	case ir.F64:
		return unsafe.Pointer(unsafe.SliceData(a.F64)), len(a.F64)
	case ir.I32, ir.Index:
		return unsafe.Pointer(unsafe.SliceData(a.I32)), len(a.I32)
	case ir.I64, ir.Key:
		return unsafe.Pointer(unsafe.SliceData(a.I64)), len(a.I64)
	case ir.U8, ir.Bool:
		return unsafe.Pointer(unsafe.SliceData(a.U8)), len(a.U8)
	case ir.I8:
		return unsafe.Pointer(unsafe.SliceData(a.I8)), len(a.I8)
	case ir.U16:
		return unsafe.Pointer(unsafe.SliceData(a.U16)), len(a.U16)
	case ir.I16:
		return unsafe.Pointer(unsafe.SliceData(a.I16)), len(a.I16)
	}
	return nil, 0
}

// reslice gives an array n elements of the room it has.
func reslice(a *array.Array, n int) bool {
	switch a.Kind {
	case ir.F32:
		return cut(&a.F32, n)
	case ir.F64:
		return cut(&a.F64, n)
	case ir.I32, ir.Index:
		return cut(&a.I32, n)
	case ir.I64, ir.Key:
		return cut(&a.I64, n)
	case ir.U8, ir.Bool:
		return cut(&a.U8, n)
	case ir.I8:
		return cut(&a.I8, n)
	case ir.U16:
		return cut(&a.U16, n)
	case ir.I16:
		return cut(&a.I16, n)
	}
	return false
}

func cut[T any](s *[]T, n int) bool {
	if cap(*s) < n {
		return false
	}
	*s = (*s)[:n]
	return true
}

// Plan is what was planned, at the capacities.
func (f *Function) Plan() Report { return f.report }

// SizeText is a number of bytes as people read it: 1.5 MiB.
func SizeText(n int64) string {
	switch x := float64(n); {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", x/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", x/(1<<20))
	case n < math.MaxInt64:
		return fmt.Sprintf("%.1f GiB", x/(1<<30))
	}
	return "more than there is"
}
