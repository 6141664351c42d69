package ir

import "github.com/dfc-lang/dfc/lang/source"

// Donation says that result Result of a function is written where parameter
// Param lies.
type Donation struct{ Param, Result int }

// CheckDonation checks that donated parameters may be overwritten: the types
// agree, nothing else is donated twice, and every reader of the old value
// stands before the operation that writes the new one, or is that operation.
// A structural operation may yield a view, so that readers of its result count
// as readers of its operand, and a result is written where what it is a view
// of is.
func CheckDonation(f *Func, pairs []Donation) error {
	c := donation{f: f, at: map[*Op]int{}, result: map[int]bool{}, param: map[int]bool{}}
	for i, op := range f.Body.Ops {
		c.at[op] = i
	}
	for _, p := range pairs {
		c.pair(p)
	}
	return c.list.Err()
}

type donation struct {
	f             *Func
	at            map[*Op]int // position in the body
	param, result map[int]bool
	list          source.List
}

func (c *donation) fault(at source.Span, format string, args ...any) {
	c.list = append(c.list, source.Errorf(codeDonation, at, fnName(c.f.Name)+": "+format, args...))
}

func (c *donation) pair(d Donation) {
	if d.Param < 0 || d.Param >= len(c.f.Params()) || d.Result < 0 || d.Result >= len(c.f.Results()) {
		c.fault(c.f.Span, "there is no parameter %d or no result %d", d.Param, d.Result)
		return
	}
	old, fresh := c.f.Params()[d.Param], c.f.Results()[d.Result]
	if c.param[d.Param] || c.result[d.Result] {
		c.fault(old.Span, "%s or %s is donated twice", old, fresh)
	}
	c.param[d.Param], c.result[d.Result] = true, true
	if !old.Type.Equal(fresh.Type) {
		c.fault(old.Span, "%s is %s and cannot hold %s, which is %s", old, old.Type, fresh, fresh.Type)
		return
	}
	views := c.views(old)
	if views[fresh] {
		return // unchanged
	}
	for i, r := range c.f.Results() {
		if views[r] {
			c.fault(old.Span, "the old value %s is returned as result %d after it was overwritten", old, i)
		}
	}
	c.readers(old, fresh, views)
}

// views is v and what structural operations make of it.
func (c *donation) views(v *Value) map[*Value]bool {
	views := map[*Value]bool{v: true}
	for _, op := range c.f.Body.Ops {
		if !op.Row.Has(Structural) {
			continue
		}
		for _, x := range op.Operands {
			for _, r := range op.Results {
				views[r] = views[r] || views[x]
			}
		}
	}
	return views
}

func (c *donation) readers(old, fresh *Value, views map[*Value]bool) {
	writer := fresh
	for writer.Def != nil && writer.Def.Row.Has(Structural) && len(writer.Def.Operands) == 1 {
		writer = writer.Def.Operands[0]
	}
	if writer.Def == nil {
		return // another parameter: copied when the function returns
	}
	for _, op := range c.f.Body.Ops[c.at[writer.Def]+1:] {
		for _, x := range op.Operands {
			if views[x] {
				c.fault(op.Span, "`%s` reads the old value of %s after `%s` has written the new one", op, old, writer.Def)
			}
		}
	}
}
