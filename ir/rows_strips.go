package ir

import "fmt"

// StripsAttrs: the region runs strip by strip. Its parameters are the operands;
// one whose type begins with Rows, where that of the operand begins with Count,
// is the rows of the strip at hand, any other the whole operand. A result that
// begins with Rows is the rows of that strip, any other a sum over the rows of
// all strips. Rows is a symbol that stands nowhere else; Size is how many rows a
// strip has, the last perhaps fewer. What comes out does not depend on it: it
// is what the region makes of all rows at once.
type StripsAttrs struct {
	Count, Rows Dim
	Size        int64
}

func init() {
	addRow(
		Row{
			Name: "strips", Family: "control", Traits: Control, Attrs: StripsAttrs{},
			Doc:  "Operations whose rows do not depend on one another, run on a strip of rows after the other.",
			Type: stripsType, Eval: evalStrips,
			Flops: stripsFlops,
		},
	)
}

// stripsFlops is what the region costs where a strip has all rows.
func stripsFlops(op *Op, size func(Dim) int64) int64 {
	a := attrsOf[StripsAttrs](op)
	n := int64(0)
	for _, o := range op.Regions[0].Ops {
		n += o.Row.Flops(o, func(d Dim) int64 {
			return size(d.Subst(func(name string) (Dim, bool) { return a.Count, Sym(name) == a.Rows }))
		})
	}
	return n
}

func stripsType(op *Op) ([]Type, error) {
	a := attrsOf[StripsAttrs](op)
	if _, ok := a.Rows.Symbol(); !ok || a.Size < 1 || a.Count.IsZero() {
		return nil, fmt.Errorf("strips of %d rows, %s in all, named %s", a.Size, a.Count, a.Rows)
	}
	if len(op.Regions) != 1 || len(op.Regions[0].Params) != len(op.Operands) {
		return nil, fmt.Errorf("takes a region with a parameter for each operand")
	}
	body := op.Regions[0]
	for i, p := range body.Params {
		if t := op.typeOf(i); !p.Type.Equal(t) && !(leads(t, a.Count) && p.Type.Equal(t.Inner().Lead(a.Rows))) {
			return nil, fmt.Errorf("parameter %d of the region is %s, and the operand %s", i, p.Type, t)
		}
	}
	if err := wantApart(body, a.Rows); err != nil {
		return nil, err
	}
	out := operandTypes(body.Results)
	for i, t := range out {
		if leads(t, a.Rows) {
			out[i] = t.Inner().Lead(a.Count)
		}
	}
	return out, nil
}

func leads(t Type, d Dim) bool { return t.Rank() > 0 && t.Dims[0] == d }

// wantApart checks that the rows of a region do not depend on one another, and
// that sums over them leave it.
func wantApart(r *Region, rows Dim) error {
	lead, sums := map[*Value]bool{}, map[*Value]bool{}
	for _, p := range r.Params {
		lead[p] = leads(p.Type, rows)
	}
	for _, op := range r.Ops {
		for _, x := range op.Operands {
			if sums[x] {
				return fmt.Errorf("%s is a sum over all rows and not known in a strip", x)
			}
		}
		kind := RowsOf(op, rows, lead)
		for _, x := range op.Results {
			lead[x], sums[x] = kind == RowsApart, kind == RowsSum
		}
		if kind == RowsMixed {
			return fmt.Errorf("`%s` mixes rows", op)
		}
	}
	for _, x := range r.Results {
		if !lead[x] && !sums[x] {
			return fmt.Errorf("%s is neither rows of a strip nor a sum over them", x)
		}
	}
	return nil
}

// evalStrips runs the region once, on all rows.
func evalStrips(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	a := op.Attrs.(StripsAttrs)
	n, err := e.size(a.Count)
	if err != nil {
		return nil, err
	}
	was := e.Sizes
	defer func() { e.Sizes = was }()
	rows, _ := a.Rows.Symbol()
	e.Sizes = map[string]int64{rows: int64(n)}
	for name, size := range was {
		e.Sizes[name] = size
	}
	args := make([]*Tensor, len(in))
	for i, p := range op.Regions[0].Params {
		args[i] = &Tensor{Type: p.Type, Shape: in[i].Shape, F: in[i].F, I: in[i].I}
	}
	out, err := e.region(op.Regions[0], args)
	if err != nil {
		return nil, err
	}
	typed := make([]*Tensor, len(out))
	for i, x := range out {
		typed[i] = &Tensor{Type: op.Results[i].Type, Shape: x.Shape, F: x.F, I: x.I}
	}
	return typed, nil
}
