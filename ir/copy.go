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
	c := copier{f: f, lo: int(^uint(0) >> 1)}
	c.measure(r)
	if n := c.hi - c.lo + 1; n <= 4*c.values.left+64 {
		c.at = make([]twin, max(n, 0))
	} else { // few values with numbers far apart
		c.rest = make(map[*Value]*Value, c.values.left)
	}
	return c.region(r)
}

// copier copies a region. The twins of its values stand by number, which each
// has for itself within its function.
type copier struct {
	f      *Func
	lo, hi int // the numbers of the values
	at     []twin
	rest   map[*Value]*Value

	values slab[Value]
	ops    slab[Op]
	lists  slab[*Value]
}

type twin struct{ from, to *Value }

// measure finds how much there is to copy.
func (c *copier) measure(r *Region) {
	c.lists.left += len(r.Params) + len(r.Results)
	c.number(r.Params)
	c.ops.left += len(r.Ops)
	for _, op := range r.Ops {
		c.lists.left += len(op.Operands) + len(op.Results)
		c.number(op.Results)
		for _, in := range op.Regions {
			c.measure(in)
		}
	}
}

func (c *copier) number(vs []*Value) {
	c.values.left += len(vs)
	for _, v := range vs {
		c.lo, c.hi = min(c.lo, v.ID), max(c.hi, v.ID)
	}
}

func (c *copier) region(r *Region) *Region {
	out := &Region{Ops: make([]*Op, len(r.Ops))}
	out.Params = c.defined(r.Params, nil, out)
	ops := c.ops.take(len(r.Ops))
	for k, op := range r.Ops {
		o := &ops[k]
		*o = Op{Row: op.Row, Attrs: op.Attrs, Span: op.Span, Operands: c.mapped(op.Operands)}
		o.Results = c.defined(op.Results, o, out)
		if len(op.Regions) > 0 {
			o.Regions = make([]*Region, len(op.Regions))
		}
		for i, in := range op.Regions {
			o.Regions[i] = c.region(in)
		}
		out.Ops[k] = o
	}
	out.Results = c.mapped(r.Results)
	return out
}

// defined copies values that are defined together.
func (c *copier) defined(vs []*Value, def *Op, in *Region) []*Value {
	out, fresh := c.lists.take(len(vs)), c.values.take(len(vs))
	for i, v := range vs {
		w := &fresh[i]
		copyValue(c.f, w, v, def, i, in)
		out[i] = w
		if c.rest != nil {
			c.rest[v] = w
		} else {
			c.at[v.ID-c.lo] = twin{v, w}
		}
	}
	return out
}

// mapped is the copies of vs, and of what does not belong to the region itself.
func (c *copier) mapped(vs []*Value) []*Value {
	out := c.lists.take(len(vs))
	for i, v := range vs {
		out[i] = v
		if c.rest != nil {
			if w, ok := c.rest[v]; ok {
				out[i] = w
			}
		} else if n := v.ID - c.lo; n >= 0 && n < len(c.at) && c.at[n].from == v {
			out[i] = c.at[n].to
		}
	}
	return out
}

// copyValue makes w, which is new, a copy of v in f.
func copyValue(f *Func, w, v *Value, def *Op, i int, in *Region) {
	f.number(w, v.Type)
	w.Name, w.Span, w.Primal = v.Name, v.Span, v.Primal
	w.Def, w.Index, w.In = def, i, in
}

// mapped puts m[v] for each v, and v itself where m has none.
func mapped(vs []*Value, m map[*Value]*Value) []*Value {
	if len(vs) == 0 {
		return nil
	}
	out := make([]*Value, len(vs))
	for i, v := range vs {
		out[i] = twinOf(v, m)
	}
	return out
}

func twinOf(v *Value, m map[*Value]*Value) *Value {
	if c, ok := m[v]; ok {
		return c
	}
	return v
}

// Inline copies the operations of r, a region or body of any function, to the
// region that b has open, with args for its parameters, and returns what its
// results have become. Names, spans and Primal stay those of the original.
func Inline(b *Builder, r *Region, args []*Value) []*Value {
	m := make(map[*Value]*Value, len(r.Params)+len(r.Ops))
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
		o, one := newOp(op.Row, op.Attrs, op.Span, len(op.Operands), len(op.Results))
		for i, v := range op.Operands {
			o.Operands[i] = twinOf(v, m)
		}
		at := b.place(o.Operands)
		for i, v := range o.Operands {
			o.Operands[i] = b.local(at, v)
		}
		for _, in := range op.Regions {
			o.Regions = append(o.Regions, CopyRegion(b.Func, in))
		}
		if one == nil {
			o.Results = make([]*Value, len(op.Results))
		}
		for i, v := range op.Results {
			if one == nil {
				o.Results[i] = &Value{}
			}
			copyValue(b.Func, o.Results[i], v, o, i, at.region)
			m[v] = o.Results[i]
		}
		at.region.Ops = append(at.region.Ops, o)
	}
}
