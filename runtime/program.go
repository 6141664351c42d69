package runtime

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Options are the settings of the executor.
type Options struct {
	Workers int   // goroutines that compute, the caller among them; 0 is one
	Memory  int64 // bytes the arenas may take; 0 is no limit
}

// Program is a module with the sizes of its symbols, ready to plan functions.
type Program struct {
	module *ir.Module
	sizes  ir.Sizes
	opt    Options
}

// Load prepares a module. Every symbol that its functions use must have a size.
func Load(m *ir.Module, sizes ir.Sizes, opt Options) (*Program, error) {
	if opt.Workers < 1 {
		opt.Workers = 1
	}
	return &Program{module: m, sizes: sizes, opt: opt}, nil
}

// Close ends the helper goroutines of the program.
func (p *Program) Close() {}

// Function is one planned function.
type Function struct {
	prog *Program
	fn   *ir.Func
}

// Function plans a function. donate says which results may take over the
// storage of a parameter: result number -> parameter number; those arrays may
// be the same at Run, and the parameter's old value is gone afterwards.
func (p *Program) Function(name string, donate map[int]int) (*Function, error) {
	f := p.module.Func(name)
	if f == nil {
		return nil, fmt.Errorf("no function named %s", name)
	}
	return &Function{prog: p, fn: f}, nil
}

// Run computes the results. in are the parameters in order, with actual sizes
// as shapes; out are arrays for the results: a nil entry is allocated, any
// other gets the shape of the result and must have room for it. actual gives
// the sizes of symbols of class Batch where they differ from those of Load.
func (f *Function) Run(in, out []*array.Array, actual map[string]int64) error {
	return f.runSimple(in, out, actual)
}
