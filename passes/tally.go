package passes

import "github.com/dfc-lang/dfc/ir"

// tally counts by value without a map: by number, which a value shares with no
// other of its function. What was counted before a round began counts for
// nothing in it, so that one tally serves all regions of a function, nested
// ones too, and one function after the other.
type tally struct {
	at    []tallied
	round uint32
}

type tallied struct {
	round uint32
	n     int32
}

// counts is one round of a tally.
type counts struct {
	t     *tally
	round uint32
}

func (t *tally) begin() counts {
	t.round++
	return counts{t, t.round}
}

func (c counts) add(x *ir.Value) {
	t := c.t
	for x.ID >= len(t.at) {
		t.at = append(t.at, tallied{})
		t.at = t.at[:cap(t.at)]
	}
	if e := &t.at[x.ID]; e.round == c.round {
		e.n++
	} else {
		*e = tallied{c.round, 1}
	}
}

func (c counts) of(x *ir.Value) int {
	if x.ID < len(c.t.at) && c.t.at[x.ID].round == c.round {
		return int(c.t.at[x.ID].n)
	}
	return 0
}

func (c counts) has(x *ir.Value) bool { return c.of(x) > 0 }

// countUses counts how often operations and results read each value.
func (t *tally) countUses(ops []*ir.Op, results []*ir.Value) counts {
	c := t.begin()
	for _, op := range ops {
		for _, x := range op.Operands {
			c.add(x)
		}
	}
	for _, x := range results {
		c.add(x)
	}
	return c
}
