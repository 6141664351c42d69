package passes

import "github.com/dfc-lang/dfc/ir"

func sink(m *ir.Module, _ ir.Sizes) error      { return nil }
func simplify(m *ir.Module, _ ir.Sizes) error  { return nil }
func hoistLate(m *ir.Module, _ ir.Sizes) error { return hoistAll(m, true) }
func layout(m *ir.Module, _ ir.Sizes) error    { return nil }
func fuse(m *ir.Module, _ ir.Sizes) error      { return nil }
func schedule(m *ir.Module, _ ir.Sizes) error  { return nil }

func (v *deriver) tidy(f *ir.Func) { v.cseFunc(f); v.dceFunc(f) }
