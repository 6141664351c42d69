package passes

import (
	"math"

	"github.com/dfc-lang/dfc/ir"
)

// Laws about constants and about single numbers.

var constantLaws = []Law{
	{Name: "fold", Says: "f(constants) is a constant", Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if c, ok := ir.FoldConst(op); ok {
			return w.constant(c)
		}
		return nil
	}},
	{Name: "move-splat", Says: "moving the elements of a constant that is one number repeated changes its dimensions only",
		On: []string{"reshape", "transpose", "slice", "reverse", "broadcast"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
			if _, ok := splat(op.Operands[0]); !ok {
				return nil
			}
			c := op.Operands[0].Def.Attrs.(ir.ConstAttrs)
			c.T = op.Results[0].Type
			return w.constant(c)
		}},
	{Name: "size-known", Says: "size n = n where n is a number", On: []string{"size"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		a := op.Attrs.(ir.SizeAttrs)
		n, ok := a.N.Const()
		if !ok || n >= 1<<24 {
			return nil
		}
		return one(constLike(w.b, ir.ScalarOf(a.K), float64(n)))
	}},
}

// unary is the law f(g(x)) = x.
func unary(f, g string) func(*rewriter, *ir.Op) []*ir.Value {
	return func(_ *rewriter, op *ir.Op) []*ir.Value {
		if x := op.Operands[0]; op.Row.Name == f && is(x, g) {
			return one(x.Def.Operands[0])
		}
		return nil
	}
}

// unit is the law that an operand which is n everywhere leaves the other one
// as it is; either side where both is set, else the second.
func unit(n float64, both bool) func(*rewriter, *ir.Op) []*ir.Value {
	return func(_ *rewriter, op *ir.Op) []*ir.Value {
		switch {
		case isSplat(op.Operands[1], n):
			return one(op.Operands[0])
		case both && isSplat(op.Operands[0], n):
			return one(op.Operands[1])
		}
		return nil
	}
}

var scalarLaws = []Law{
	{Name: "neg-neg", Says: "-(-x) = x", On: []string{"neg"}, Apply: unary("neg", "neg")},
	{Name: "not-not", Says: "not not p = p", On: []string{"not"}, Apply: unary("not", "not")},
	{Name: "mul-one", Says: "x·1 = x", On: []string{"mul"}, Apply: unit(1, true)},
	{Name: "mul-minus-one", Says: "x·(-1) = -x", On: []string{"mul"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		for i, x := range op.Operands {
			if x.Type.IsFloat() && isSplat(x, -1) {
				return one(w.b.Neg(op.Operands[1-i]))
			}
		}
		return nil
	}},
	{Name: "div-one", Says: "x/1 = x", On: []string{"div"}, Apply: unit(1, false)},
	{Name: "sub-zero", Says: "x - 0 = x; the 0 is not -0", On: []string{"sub"}, Apply: unit(0, false)},
	{Name: "add-minus-zero", Says: "x + (-0) = x; x + 0 is 0 where x is -0", On: []string{"add"}, Apply: func(_ *rewriter, op *ir.Op) []*ir.Value {
		for i, x := range op.Operands {
			f, ok := splat(x)
			if ok && f == 0 && (math.Signbit(f) || !x.Type.IsFloat()) {
				return one(op.Operands[1-i])
			}
		}
		return nil
	}},
	{Name: "add-neg", Says: "x + (-y) = x - y", On: []string{"add"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		for i, x := range op.Operands {
			if is(x, "neg") && x.Type.IsFloat() {
				return one(w.b.Sub(op.Operands[1-i], x.Def.Operands[0]))
			}
		}
		return nil
	}},
	{Name: "sub-neg", Says: "x - (-y) = x + y", On: []string{"sub"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if y := op.Operands[1]; is(y, "neg") && y.Type.IsFloat() {
			return one(w.b.Add(op.Operands[0], y.Def.Operands[0]))
		}
		return nil
	}},
	{Name: "mul-neg-neg", Says: "(-x)·(-y) = x·y", On: []string{"mul"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		x, y := op.Operands[0], op.Operands[1]
		if is(x, "neg") && is(y, "neg") && x.Type.IsFloat() {
			return one(w.b.Mul(x.Def.Operands[0], y.Def.Operands[0]))
		}
		return nil
	}},
	{Name: "powi-one", Says: "x^1 = x", On: []string{"powi"}, Apply: func(_ *rewriter, op *ir.Op) []*ir.Value {
		if op.Attrs.(ir.NAttrs).N == 1 {
			return one(op.Operands[0])
		}
		return nil
	}},
	{Name: "and-true", Says: "p and true = p", On: []string{"and"}, Apply: unit(1, true)},
	{Name: "or-false", Says: "p or false = p", On: []string{"or"}, Apply: unit(0, true)},
	{Name: "select-known", Says: "select(true, x, y) = x", On: []string{"select"}, Apply: func(_ *rewriter, op *ir.Op) []*ir.Value {
		if p, ok := splat(op.Operands[0]); ok {
			return one(op.Operands[2-int(p)])
		}
		return nil
	}},
	{Name: "select-same", Says: "select(p, x, x) = x", On: []string{"select"}, Apply: func(_ *rewriter, op *ir.Op) []*ir.Value {
		if op.Operands[1] == op.Operands[2] {
			return one(op.Operands[1])
		}
		return nil
	}},
	{Name: "select-not", Says: "select(not p, x, y) = select(p, y, x)", On: []string{"select"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if p := op.Operands[0]; is(p, "not") {
			return one(w.b.Select(p.Def.Operands[0], op.Operands[2], op.Operands[1]))
		}
		return nil
	}},
	{Name: "select-select", Says: "select(p, select(p, x, y), z) = select(p, x, z), and so on the other side", On: []string{"select"}, Apply: selectSelect},
	{Name: "convert-same", Says: "converting to the kind that x has is x", On: []string{"convert"}, Apply: func(_ *rewriter, op *ir.Op) []*ir.Value {
		if x := op.Operands[0]; x.Type.Equal(op.Results[0].Type) {
			return one(x)
		}
		return nil
	}},
	{Name: "convert-convert", Says: "a conversion through a kind that holds every value of the first kind goes straight on", On: []string{"convert"}, Apply: convertConvert},
}

func selectSelect(w *rewriter, op *ir.Op) []*ir.Value {
	p, x, y := op.Operands[0], op.Operands[1], op.Operands[2]
	if is(x, "select") && x.Def.Operands[0] == p {
		return one(w.b.Select(p, x.Def.Operands[1], y))
	}
	if is(y, "select") && y.Def.Operands[0] == p {
		return one(w.b.Select(p, x, y.Def.Operands[2]))
	}
	return nil
}

func convertConvert(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "convert") || !holds(x.Type.Kind, x.Def.Operands[0].Type.Kind) {
		return nil
	}
	y := x.Def.Operands[0]
	if y.Type.Kind == ir.Index || op.Results[0].Type.Kind == ir.Index {
		return nil // bounds are checked on the way
	}
	return one(w.b.One("convert", op.Attrs, y))
}

// holds reports whether kind k represents every value of kind l exactly.
func holds(k, l ir.Kind) bool {
	bits := map[ir.Kind]int{ir.Bool: 1, ir.I8: 8, ir.U8: 9, ir.I16: 16, ir.U16: 17, ir.F32: 24, ir.I32: 32, ir.F64: 53, ir.I64: 64}
	switch {
	case bits[k] == 0 || bits[l] == 0:
		return false
	case l.IsFloat():
		return k.IsFloat() && bits[k] >= bits[l]
	case k == ir.Bool || k.IsStorage():
		return k == l
	}
	return bits[k] >= bits[l]
}
