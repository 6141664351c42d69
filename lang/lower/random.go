package lower

import (
	"hash/fnv"
	"math"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
)

// key is the key of one random place: the stream, the row, the place in the
// text, the indices of the loops around. A row counts by its number in its
// table, whether a step, a writer or a loop comes to it.
func (c *cx) key() *ir.Value {
	b := c.fn.b
	row, loops := c.drawnFor()
	k := c.input(ir.Seed, c.streamFor(row != nil), ir.ScalarOf(ir.Key))
	if c.fn.init && c.initPath != "" {
		h := fnv.New64a()
		h.Write([]byte(c.initPath))
		k = b.One("key_fold", nil, k, b.Int(ir.ScalarOf(ir.I64), int64(h.Sum64()>>1)))
	}
	if row != nil {
		k = b.One("key_fold", nil, k, row)
	}
	c.fn.places++
	k = b.One("key_fold", nil, k, b.Int(ir.ScalarOf(ir.I64), int64(c.fn.places)))
	for _, i := range loops {
		k = b.One("key_fold", nil, k, i)
	}
	return k
}

// streamFor names the stream of random numbers of the function at hand.
func (c *cx) streamFor(rows bool) string {
	switch {
	case c.stream != "":
		return c.stream
	case c.fn.seed != "":
		return c.fn.seed
	case c.fn.graph && !rows:
		return "run"
	}
	return "fit"
}

// drawnFor is the number of the row that numbers are drawn for, nil for none,
// and the indices of the loops inside it.
func (c *cx) drawnFor() (*ir.Value, []*ir.Value) {
	if c.fn.rigid {
		return nil, c.loops
	}
	if c.fn.row != nil || c.rowAt != nil {
		return c.rowNumber(), c.loops
	}
	if len(c.loops) > 0 {
		for _, fr := range c.fn.frames {
			if fr.iota == c.loops[0] && fr.row != nil {
				return c.numberOf(fr.row), c.loops[1:]
			}
		}
	}
	return nil, c.loops
}

// rowNumber is the number of the row at hand in its table.
func (c *cx) rowNumber() *ir.Value {
	if c.rowAt != nil {
		return c.numberOf(c.rowAt)
	}
	return c.input(ir.RowNumber, "row", ir.ScalarOf(ir.I64))
}

func (c *cx) numberOf(r *Row) *ir.Value {
	return c.fn.b.One("convert", ir.ConvertAttrs{K: ir.I64}, c.use(c.rowIndex(r)))
}

// uniform draws numbers in (0, 1).
func (c *cx) uniform(k ir.Kind, dims []ir.Dim) *ir.Value {
	return c.fn.b.One("uniform", ir.UniformAttrs{K: k, Dims: dims}, c.key())
}

// randomOp lowers random.uniform, normal and bernoulli. Dimensions come from
// the type that is needed.
func randomOp(op string) func(c *cx, call *callArgs, want check.Type) Value {
	return func(c *cx, call *callArgs, want check.Type) Value {
		need := 0
		if op == "bernoulli" {
			need = 1
		}
		if len(call.named) > 0 || len(call.args) < need || op == "bernoulli" && len(call.args) > 1 {
			c.errf("E0635", call.at, "`random.%s` takes %s", op, map[string]string{"bernoulli": "the probability of true", "normal": "nothing, or dimensions", "uniform": "nothing, or dimensions"}[op])
			return poison
		}
		k, dims := c.defaultKind(), []ir.Dim(nil)
		if t, ok := want.(check.Tensor); ok && t.Kind.IsFloat() && op != "bernoulli" && !open(t) {
			k, dims = t.Kind, t.Dims
		}
		if op == "bernoulli" {
			return c.bernoulli(call)
		}
		if len(call.args) > 0 {
			dims = nil
			for _, a := range call.args {
				d, ok := (&typeCx{cx: c}).dimValue(spanNode(a.at), a.val(c, check.DimT))
				if !ok {
					return poison
				}
				dims = append(dims, d)
			}
		}
		if op == "uniform" {
			return c.ten(c.uniform(k, dims))
		}
		return c.ten(c.normal(k, dims))
	}
}

func (c *cx) bernoulli(call *callArgs) Value {
	p := call.args[0].val(c, nil)
	if isPoison(p) {
		return poison
	}
	t := c.tensor(p, ir.NoKind, call.args[0].at)
	if t == nil || t.T.Rank() > 0 || !t.T.IsFloat() {
		c.errf("E0636", call.args[0].at, "a probability is one number, and this is %s", c.describe(p))
		return poison
	}
	return c.ten(c.fn.b.Cmp("lt", c.uniform(t.T.Kind, nil), c.use(t)))
}

// normal draws by the method of Box and Muller (1958), from two uniform
// numbers in the open interval.
func (c *cx) normal(k ir.Kind, dims []ir.Dim) *ir.Value {
	b := c.fn.b
	t := ir.TensorOf(k, dims...)
	u, v := c.uniform(k, dims), c.uniform(k, dims)
	r := b.One("sqrt", nil, b.Mul(b.Float(t, -2), b.One("log", nil, u)))
	return b.Mul(r, b.One("cos", nil, b.Mul(b.Float(t, 2*math.Pi), v)))
}
