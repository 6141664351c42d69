package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
)

// Pick is a text chosen as the program runs: Then where If holds, else Else.
// Each is a *Txt, a *Str, a member of a category, or a *Pick. No text enters a
// function; what does is If, and results are written by what it says.
type Pick struct{ If, Then, Else Value }

// isTextual reports what may be a side of a Pick.
func isTextual(v Value) bool {
	switch v := v.(type) {
	case *Txt, *Pick:
		return true
	case *Str:
		return !v.time
	case *Ten:
		return v.T.Rank() == 0 && v.Of != nil && (v.Of.Category || v.Of.TextKey)
	}
	return false
}

// pick is a branch whose sides are texts.
func (m *merger) pick(a, b Value) Value {
	m.ra = append(m.ra, captureInto(m.c.fn.f, m.ca, m.pred))
	m.rb = append(m.rb, captureInto(m.c.fn.f, m.cb, m.pred))
	then, els := m.carry(a, true), m.carry(b, false)
	return &Pick{&Ten{V: m.pred, T: m.pred.Type, fn: m.c.fn}, then, els}
}

// carry hands the leaves of one side out of the branch; on the other side,
// where nothing asks for them, they are 0.
func (m *merger) carry(v Value, first bool) Value {
	return mapLeaves(v, func(t *Ten) Value {
		zero := m.c.fn.b.Zeros(t.T)
		if first {
			m.ra = append(m.ra, m.ca.Region.Results[m.na])
			m.rb = append(m.rb, captureInto(m.c.fn.f, m.cb, zero))
			m.na++
		} else {
			m.ra = append(m.ra, captureInto(m.c.fn.f, m.ca, zero))
			m.rb = append(m.rb, m.cb.Region.Results[m.nb])
			m.nb++
		}
		return t
	})
}

// overPick is f of the text that is chosen; f yields bools or numbers of kind k.
func (c *cx) overPick(v Value, k ir.Kind, at source.Span, f func(Value) Value) Value {
	p, ok := v.(*Pick)
	if !ok {
		return f(v)
	}
	a, b := c.overPick(p.Then, k, at, f), c.overPick(p.Else, k, at, f)
	x, y := c.tensor(a, k, at), c.tensor(b, k, at)
	if x == nil || y == nil {
		return poison
	}
	return c.ten(c.fn.b.Select(c.use(p.If.(*Ten)), c.use(x), c.use(y)))
}

// pickMember is a chosen text as a member of a category.
func (c *cx) pickMember(p *Pick, t *check.Table, at source.Span) Value {
	side := func(v Value) *Ten {
		switch v := v.(type) {
		case *Pick:
			m, _ := c.pickMember(v, t, at).(*Ten)
			return m
		case *Txt:
			m, _ := c.memberOf(t, v, v.At).(*Ten)
			return m
		case *Ten:
			if v.Of != nil && v.Of.Base == t.Base {
				return v
			}
		}
		c.errf("E0321", at, "what is needed here is %s, and this may be %s", memberText(t), c.describe(v))
		return nil
	}
	a, b := side(p.Then), side(p.Else)
	if a == nil || b == nil {
		return poison
	}
	out := c.ten(c.fn.b.Select(c.use(p.If.(*Ten)), c.use(a), c.use(b)))
	out.Of = t
	return out
}

// pickTable is the category whose members all sides are that are no texts of
// the program; nil where there is none, or several.
func pickTable(v Value) *check.Table {
	switch v := v.(type) {
	case *Ten:
		return v.Of
	case *Pick:
		a, b := pickTable(v.Then), pickTable(v.Else)
		if _, txt := v.Then.(*Txt); txt {
			return b
		}
		if _, txt := v.Else.(*Txt); txt || a == b {
			return a
		}
	}
	return nil
}

// choices adds to col what a chosen text may be, each with the condition under
// which it is the first that is there; given is that of all of them, -1 for none.
func (c *cx) choices(col *ir.WriteColumn, vals []*ir.Value, v Value, given int, at source.Span) ([]*ir.Value, bool) {
	if p, ok := v.(*Pick); ok {
		has := c.use(p.If.(*Ten))
		if given >= 0 {
			has = c.fn.b.One("and", nil, vals[given], has)
		}
		vals, ok = c.choices(col, append(vals, has), p.Then, len(vals), at)
		if !ok {
			return vals, false
		}
		return c.choices(col, vals, p.Else, given, at)
	}
	part := &ir.Write{}
	vals, ok := c.columnIf(part, vals, ir.WriteColumn{Result: -1, Present: given}, v, at)
	col.First = append(col.First, part.Columns...)
	return vals, ok
}

// treeChoices is choices for a structured value.
func (c *cx) treeChoices(t *ir.Tree, v Value, given *Ten, name string, at source.Span) bool {
	if p, ok := v.(*Pick); ok {
		has := p.If.(*Ten)
		if given != nil {
			has = c.ten(c.fn.b.One("and", nil, c.use(given), c.use(has)))
		}
		return c.treeChoices(t, p.Then, has, name, at) && c.treeChoices(t, p.Else, given, name, at)
	}
	part, ok := c.tree(v, name, at)
	if ok && given != nil {
		part.Present = c.outputsOf(given, name+".chosen").(*Ten).Glob
	}
	t.First = append(t.First, part)
	return ok
}
