package passes

import "github.com/dfc-lang/dfc/ir"

// failing knows which operations of a module may end a run: those with an effect,
// and those that check their operands. Passes that move what runs keep these in
// order, so that of several faults the one is told that the program meets first.
type failing struct {
	m     *ir.Module
	funcs map[string]bool
}

func newFailing(m *ir.Module) *failing { return &failing{m, map[string]bool{}} }

// may reports whether op may fail, or something within it. An index is known to
// be one where it is used; what makes it fails.
func (z *failing) may(op *ir.Op) bool {
	if op.Row.Has(ir.Effect) {
		return true
	}
	for i := range op.SafeOperands() {
		if op.Operands[i].Type.Kind != ir.Index {
			return true
		}
	}
	if a, ok := op.Attrs.(ir.CallAttrs); ok {
		return z.function(a.Fn)
	}
	for _, r := range op.Regions {
		for _, o := range r.Ops {
			if z.may(o) {
				return true
			}
		}
	}
	return false
}

func (z *failing) function(name string) bool {
	if on, ok := z.funcs[name]; ok {
		return on
	}
	z.funcs[name] = true // while it is looked at: a call of itself
	found := false
	if f := z.m.Func(name); f != nil {
		for _, op := range f.Body.Ops {
			found = found || z.may(op)
		}
	}
	z.funcs[name] = found
	return found
}
