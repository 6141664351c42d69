package lower

import (
	"strconv"

	"github.com/dfc-lang/dfc/lang/syntax"
)

// milliseconds of the units of a duration.
var milliseconds = map[string]float64{"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}

// saveClause reads `save every(10s)` and `save every(500)`: how often the
// state is saved where the run is told to keep one.
func (c *cx) saveClause(info *trainInfo, b *trainBlock) {
	cl := b.one["save"]
	if cl == nil {
		return
	}
	call, ok := cl.Value.(*syntax.Call)
	if ok {
		name, plain := call.Fun.(*syntax.Name)
		ok = plain && name.Name == "every" && len(call.Args) == 1 && len(call.Named) == 0
	}
	if ok {
		ok = c.rhythm(info, call.Args[0])
	}
	if !ok {
		c.errf("E0761", cl.Value.Span(), "`save` takes `every(10s)`, a time, or `every(500)`, a number of steps")
	}
}

// rhythm notes a time or a number of steps; false if it is neither.
func (c *cx) rhythm(info *trainInfo, x syntax.Expr) bool {
	if d, ok := x.(*syntax.Duration); ok {
		n, err := strconv.ParseFloat(d.Number, 64)
		info.node.SaveMillis = int64(n * milliseconds[d.Unit])
		return err == nil && info.node.SaveMillis > 0
	}
	n, ok := c.expr(x, nil).(*Num)
	if !ok {
		return false
	}
	steps, whole := n.int()
	info.node.SaveSteps = steps
	return whole && steps > 0
}
