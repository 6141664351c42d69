package lower

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// stateStmt is `state m = e` in a model: a running value.
func (c *cx) stateStmt(s *syntax.State) *cx {
	if c.slots != nil {
		return c.slotStmt(s)
	}
	var want check.Type
	if s.Type != nil {
		want = c.typ(s.Type)
	}
	v := c.letValue(s.Type, s.Value)
	t := c.tensor(v, kindOf(want), s.Value.Span())
	if t == nil {
		if !isPoison(v) {
			c.errf("E0713", s.Value.Span(), "a state is a number or tensor, not %s", c.describe(v))
		}
		d := c.with(s.Name.Name, s.Name.Span(), poison)
		d.sc.b.what = "state " + s.Name.Name
		return d
	}
	path, root := c.inst.path+"."+s.Name.Name, c.inst.root.ofStates()
	l := c.lex
	info := &paramInfo{path: path, t: l.inst.stack.lead(check.Tensor{Kind: t.T.Kind, Bound: t.T.Bound, Dims: t.T.Dims}), at: s.Span()}
	info.init = func(d *cx) Value {
		e := *d
		e.lex = l
		return e.perLayer(l.inst, info.t.Dims, func(e *cx) Value { return e.tensor(e.letValue(s.Type, s.Value), t.T.Kind, s.Value.Span()) })
	}
	if root.found != nil {
		if old := root.found.byPath[path]; old != nil {
			info = old
		} else {
			root.found.byPath[path] = info
			root.found.states = append(root.found.states, info)
		}
	}
	d := c.with(s.Name.Name, s.Name.Span(), c.slice1(c.inst.stack, c.stateValue(info)))
	d.sc.b.what = "state " + path
	return d
}

// ofStates is where the running values of a model come from.
func (r *paramRoot) ofStates() *paramRoot {
	if r.states != nil {
		return r.states
	}
	return r
}

func (c *cx) stateValue(info *paramInfo) Value {
	root := c.inst.root.ofStates()
	t := ir.Type{Kind: info.t.Kind, Bound: info.t.Bound, Dims: info.t.Dims}
	switch root.mode {
	case rootTrain:
		if c.tr == nil || c.tr.info != root.train {
			panic(notHere{})
		}
		return c.ten(c.input(ir.State, info.path, t))
	case rootTrained:
		return c.ten(c.input(ir.Given, root.train.name+"/"+info.path, t))
	}
	return info.init(c)
}

// assign is `m <- e`: a new value for the next step. Outside of training
// nothing changes.
func (c *cx) assign(s *syntax.Assign) *cx {
	if c.slots != nil {
		return c.slotAssign(s)
	}
	b := c.sc.find(s.Name.Name)
	if b == nil || !strings.HasPrefix(b.what, "state ") {
		c.errf("E0714", s.Name.Span(), "`%s` is no state, and only states change", s.Name.Name).hint("`let` makes a new value; a state begins with `state %s = …`", s.Name.Name)
		c.expr(s.Value, nil)
		return c
	}
	if (c.tr == nil || !c.tr.training) && !c.fn.rigid {
		return c
	}
	old, _ := b.val.(*Ten)
	v := c.expr(s.Value, c.typeOf(b.val))
	if old == nil || isPoison(v) {
		return c
	}
	v = c.coerce(v, c.typeOf(old), place{at: s.Value.Span(), what: "the state `" + s.Name.Name + "`", from: b.at})
	t := c.tensor(v, old.T.Kind, s.Value.Span())
	if t == nil {
		return c
	}
	if root := c.inst.root.ofStates(); root.mode == rootTrain {
		st := c.inst.stack
		if st == nil && len(c.fn.frames) > 0 || st != nil && len(c.fn.frames) != st.depth {
			c.errf("E0715", s.Span(), "a state changes once a step, not inside a loop or a branch")
			return c
		}
		c.setState(root.found.byPath[strings.TrimPrefix(b.what, "state ")], t, st)
	}
	d := c.with(s.Name.Name, b.at, t)
	d.sc.b.what = b.what
	return d
}

// setState remembers the new value of a state; of one layer in a stack, until
// its scan has made them all.
func (c *cx) setState(info *paramInfo, t *Ten, st *stacked) {
	if st == nil {
		info.next = t
		return
	}
	for i, w := range st.writes {
		if w.info == info {
			st.writes[i].v = t
			return
		}
	}
	st.writes = append(st.writes, stackWrite{info, t})
}
