package runtime

import "github.com/dfc-lang/dfc/ir"

// stripsSeen looks through the `strips` operations of a function: the interpreter
// runs their regions on all rows, so that what a region makes is what it stands
// for outside, element by element, and operations inside are to blame as any other.
type stripsSeen struct {
	outer map[*ir.Value]*ir.Value // parameters of regions: the operands
	rows  map[ir.Dim]ir.Dim       // rows of a strip: all rows
}

func stripsIn(f *ir.Func) stripsSeen {
	s := stripsSeen{map[*ir.Value]*ir.Value{}, map[ir.Dim]ir.Dim{}}
	for _, op := range f.Body.Ops {
		a, ok := op.Attrs.(ir.StripsAttrs)
		if !ok {
			continue
		}
		s.rows[a.Rows] = a.Count
		for i, p := range op.Regions[0].Params {
			s.outer[p] = op.Operands[i]
		}
	}
	return s
}

// real is the value that v is another name of: what a region yields for a result,
// an operand for a parameter.
func (s stripsSeen) real(v *ir.Value) *ir.Value {
	for {
		if o, ok := s.outer[v]; ok {
			v = o
			continue
		}
		if v.Def == nil || v.Def.Row.Name != "strips" {
			return v
		}
		v = v.Def.Regions[0].Results[v.Index]
	}
}

// whole is the dimension that d is outside.
func (s stripsSeen) whole(d ir.Dim) ir.Dim {
	if w, ok := s.rows[d]; ok {
		return w
	}
	return d
}
