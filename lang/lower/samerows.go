package lower

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// sameForAllRows reports a new state that differs from row to row.
func (c *cx) sameForAllRows(s *paramInfo) {
	w := &rowWeb{in: c.fn.in, seen: map[*ir.Value]bool{}, owner: map[*ir.Region]*ir.Op{}}
	if w.differs(s.next.V) {
		c.errf("E0736", s.at, "the new value of the state `%s` differs from row to row", s.path).hint("bring the rows of a step together: `batch.mean(x)`")
	}
}

// rowWeb finds out what depends on the row at hand.
type rowWeb struct {
	in    map[ir.Input]*ir.Value
	seen  map[*ir.Value]bool
	owner map[*ir.Region]*ir.Op // of the loops met
}

func (w *rowWeb) differs(v *ir.Value) bool {
	if w.seen[v] {
		return false
	}
	w.seen[v] = true
	if v.Def == nil {
		return w.param(v)
	}
	op := v.Def
	if strings.HasPrefix(op.Row.Name, "cross_") {
		return false
	}
	if isLoop(op) {
		w.owner[op.Regions[0]] = op
		return w.differs(op.Regions[0].Results[v.Index])
	}
	for _, o := range op.Operands {
		if w.differs(o) {
			return true
		}
	}
	return false
}

// param follows a parameter of a loop to its operand, and a state of a scan to
// the next one.
func (w *rowWeb) param(v *ir.Value) bool {
	op := w.owner[v.In]
	if op == nil {
		for in, p := range w.in {
			if p == v && (in.Role == ir.Col || in.Role == ir.RowNumber) {
				return true
			}
		}
		return false
	}
	if a, ok := op.Attrs.(ir.ScanAttrs); ok && v.Index >= a.Captures && v.Index < a.Captures+a.Carries {
		if w.differs(v.In.Results[v.Index-a.Captures]) {
			return true
		}
	}
	return w.differs(op.Operands[v.Index])
}

func isLoop(op *ir.Op) bool {
	switch op.Attrs.(type) {
	case ir.ScanAttrs, ir.MapAttrs:
		return true
	}
	return false
}
