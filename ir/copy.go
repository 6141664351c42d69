package ir

// Clone is a deep copy of f under a new name, with dense IDs in program order.
// Attributes are shared: they are never changed in place.
func Clone(f *Func, name string) *Func {
	g := &Func{Name: name, Span: f.Span}
	g.Inputs = append([]Input(nil), f.Inputs...)
	g.Linear = append([]bool(nil), f.Linear...)
	g.Body = CopyRegion(g, f.Body)
	return g
}

// CopyRegion is a deep copy of a closed region (of any function) with fresh
// values of f. It is not yet placed anywhere.
func CopyRegion(f *Func, r *Region) *Region {
	out, m := &Region{Ops: make([]*Op, 0, len(r.Ops))}, make(map[*Value]*Value, len(r.Params)+len(r.Ops))
	for i, p := range r.Params {
		out.Params = append(out.Params, copyValue(f, p, nil, i, out, m))
	}
	for _, op := range r.Ops {
		o := &Op{Row: op.Row, Attrs: op.Attrs, Span: op.Span, Operands: mapped(op.Operands, m)}
		for i, v := range op.Results {
			o.Results = append(o.Results, copyValue(f, v, o, i, out, m))
		}
		for _, in := range op.Regions {
			o.Regions = append(o.Regions, CopyRegion(f, in))
		}
		out.Ops = append(out.Ops, o)
	}
	out.Results = mapped(r.Results, m)
	return out
}

func copyValue(f *Func, v *Value, def *Op, i int, in *Region, m map[*Value]*Value) *Value {
	c := f.NewValue(v.Type)
	c.Name, c.Span, c.Primal = v.Name, v.Span, v.Primal
	c.Def, c.Index, c.In = def, i, in
	m[v] = c
	return c
}

// mapped puts m[v] for each v, and v itself where m has none.
func mapped(vs []*Value, m map[*Value]*Value) []*Value {
	if len(vs) == 0 {
		return nil
	}
	out := make([]*Value, len(vs))
	for i, v := range vs {
		if c, ok := m[v]; ok {
			v = c
		}
		out[i] = v
	}
	return out
}

// Inline copies the operations of r, a region or body of any function, to the
// region that b has open, with args for its parameters, and returns what its
// results have become. Names, spans and Primal stay those of the original.
func Inline(b *Builder, r *Region, args []*Value) []*Value {
	m := make(map[*Value]*Value, len(r.Params))
	for i, p := range r.Params {
		m[p] = args[i]
	}
	CopyOps(b, r.Ops, m)
	return mapped(r.Results, m)
}

// CopyOps appends copies of ops to the region that b has open. Operands go
// through m, which must have those that belong to another function, and
// receives the results; types are taken over as they are. Where b linearizes,
// copies with a tangent among their operands go to the linear region.
func CopyOps(b *Builder, ops []*Op, m map[*Value]*Value) {
	for _, op := range ops {
		operands := mapped(op.Operands, m)
		at := b.place(operands)
		o := &Op{Row: op.Row, Attrs: op.Attrs, Span: op.Span}
		for _, v := range operands {
			o.Operands = append(o.Operands, b.local(at, v))
		}
		for _, in := range op.Regions {
			o.Regions = append(o.Regions, CopyRegion(b.Func, in))
		}
		for i, v := range op.Results {
			o.Results = append(o.Results, copyValue(b.Func, v, o, i, at.region, m))
		}
		at.region.Ops = append(at.region.Ops, o)
	}
}
