package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// isTime reports a time of the data.
func isTime(v Value) bool {
	s, ok := v.(*Str)
	return ok && s.time && len(s.steps) == 0
}

// compareTimes compares times of the data with each other and with times that
// stand in the program, by the moments that they are.
func (c *cx) compareTimes(op syntax.Op, x, y operand, at source.Span) Value {
	a, b := c.instant(x), c.instant(y)
	if isPoison(a, b) {
		return poison
	}
	p, q := c.tensor(a, ir.I64, x.at), c.tensor(b, ir.I64, y.at)
	return c.ten(c.fn.b.Cmp(cmpPred[op], c.use(p), c.use(q)))
}

// instant is a time in microseconds since 1970.
func (c *cx) instant(x operand) Value {
	switch v := x.v.(type) {
	case *Poison:
		return poison
	case *Txt:
		if n, ok := ir.ParseTime([]byte(v.S)); ok {
			return intNum(n)
		}
		c.errf("E0355", x.at, "%q is no time", v.S).hint("`\"2024-02-29\"`, `\"2024-02-29T13:05\"` or `\"2024-02-29T13:05:07+02:00\"`")
		return poison
	case *Opt:
		if isTime(v.Val) {
			c.errf("E0330", x.at, "this value may be missing (%s), so it has no place in time yet", c.typeOf(v)).hint("ask first: `present(x) and x < \"2024-02-29\"`")
			return poison
		}
	}
	if isTime(x.v) {
		return c.ask(x.v.(*Str), ir.TextStep{Op: "time"}, ir.I64, x.at)
	}
	c.errf("E0355", x.at, "a time is compared with a time, and this is %s", c.describe(x.v))
	return poison
}
