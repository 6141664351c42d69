package ir

import "math"

// maxFolded is the most elements that a folded constant spells out.
const maxFolded = 4096

// FoldConst computes an elementwise operation, conversion or broadcast of
// constants. ok is false for any other operation, where an operand is no
// constant, where the sizes are not known or the result would be long, and
// where computing fails or yields an infinity or NaN from finite numbers: the
// operation must then stay to be blamed.
func FoldConst(op *Op) (c ConstAttrs, ok bool) {
	broadcast := op.Row.Name == "broadcast"
	if len(op.Results) != 1 || len(op.Operands) == 0 || op.Row.Has(Opaque) || !broadcast && !op.Row.Has(Elementwise) {
		return ConstAttrs{}, false
	}
	for _, v := range op.Operands {
		if v.Def == nil || v.Def.Row.Name != "const" {
			return ConstAttrs{}, false
		}
	}
	splat := true
	consts := make([]ConstAttrs, len(op.Operands))
	for i, v := range op.Operands {
		consts[i] = v.Def.Attrs.(ConstAttrs)
		splat = splat && len(consts[i].F)+len(consts[i].I) == 1
	}
	t := op.Results[0].Type
	if broadcast && splat {
		return ConstAttrs{T: t, F: consts[0].F, I: consts[0].I}, true
	}
	if n, known := product(t.Dims).Const(); !splat && (!known || n > maxFolded) {
		return ConstAttrs{}, false
	}
	if splat && op.Row.Eval == nil && t.IsFloat() && consts[0].T.IsFloat() {
		return foldNumber(op, consts)
	}
	return foldWith(op, consts, splat)
}

// foldNumber is foldWith for numbers of a float kind, which programs have many of.
func foldNumber(op *Op, consts []ConstAttrs) (ConstAttrs, bool) {
	x, finite := make([]float64, len(consts)), true
	for i, c := range consts {
		x[i] = c.F[0]
		finite = finite && isFinite(x[i])
	}
	y := op.Row.Scalar(op, x)
	t := op.Results[0].Type
	if t.Kind == F32 {
		y = float64(float32(y))
	}
	if finite && !isFinite(y) {
		return ConstAttrs{}, false
	}
	x[0] = y
	return ConstAttrs{T: t, F: x[:1:1]}, true
}

// foldWith runs the operation, on scalars where every constant is one number.
func foldWith(op *Op, consts []ConstAttrs, splat bool) (ConstAttrs, bool) {
	result := op.Results[0].Type
	shadow := &Op{Row: op.Row, Attrs: op.Attrs, Span: op.Span}
	at := func(t Type) *Value {
		if splat {
			t = t.Elem()
		}
		return &Value{Type: t}
	}
	e := &Evaluator{Round: true}
	var in []*Tensor
	finite := true
	for _, c := range consts {
		v := at(c.T)
		c.T = v.Type
		x, err := evalConst(e, &Op{Attrs: c}, nil)
		if err != nil {
			return ConstAttrs{}, false
		}
		in = append(in, x[0])
		finite = finite && allFinite(x[0].F)
		shadow.Operands = append(shadow.Operands, v)
	}
	shadow.Results = []*Value{at(result)}
	out, err := e.Apply(shadow, in)
	if err != nil || finite && !allFinite(out[0].F) {
		return ConstAttrs{}, false
	}
	return ConstAttrs{T: result, F: out[0].F, I: out[0].I}, true
}

func isFinite(x float64) bool { return !math.IsInf(x, 0) && !math.IsNaN(x) }

func allFinite(xs []float64) bool {
	for _, x := range xs {
		if !isFinite(x) {
			return false
		}
	}
	return true
}
