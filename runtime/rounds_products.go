package runtime

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// labelled is an operand of a contraction.
type labelled struct {
	v      *ir.Value
	labels string
	rest   string // the labels but for that of the rows
}

// einsum writes products of rows with what they share, and sums over rows.
func (c *roundsCoder) einsum(op *ir.Op) bool {
	in, out, err := ir.EinsumLabels(op.Attrs.(ir.EinsumAttrs).Spec)
	if err != nil || len(in) != 2 || !summed(in, out) || !op.Results[0].Type.IsFloat() {
		return false
	}
	row := rune(0)
	x := [2]labelled{}
	for i, v := range op.Operands {
		x[i] = labelled{v: v, labels: in[i], rest: in[i]}
		if a := c.rowAxis(v); a >= 0 {
			row = rune(in[i][a])
		}
	}
	for i := range x {
		x[i].rest = strings.ReplaceAll(in[i], string(row), "")
		if len(x[i].rest) > 2 || strings.Count(in[i], string(row)) > 1 {
			return false
		}
	}
	if strings.ContainsRune(out, row) {
		return c.product(op, x, row, strings.ReplaceAll(out, string(row), ""))
	}
	return c.sumProducts(op, x, row, out)
}

// product writes a product over the elements of a row, as a chain for each
// element of the result.
func (c *roundsCoder) product(op *ir.Op, x [2]labelled, row rune, out string) bool {
	var link rune
	for _, l := range x[0].rest + x[1].rest {
		if !strings.ContainsRune(out, l) {
			if link != 0 && link != l {
				return false
			}
			link = l
		}
	}
	if !strings.ContainsRune(x[0].rest, link) || !strings.ContainsRune(x[1].rest, link) || len(out) > 1 {
		return false
	}
	links, w := c.extent(x, link), c.floatWidth(op)
	if links == 0 || links > kernel.K0 || links*c.width(op.Results[0])+c.out.Len() > roundNodes {
		return false
	}
	var results []lanes
	v := op.Results[0]
	early := c.early(x)
	for i := range c.width(v) {
		sum := c.out.Const(w, 0)
		for k := range links {
			var f [2]jit.Value
			for j := range x {
				y, ok := c.labelled(x[j], row, map[rune]int{link: k, runeOf(out): i})
				if !ok {
					return false
				}
				f[j] = y.value[index(w)]
			}
			sum = c.out.Do(jit.Fma, w, f[0], f[1], sum)
		}
		results = append(results, number(sum, w))
	}
	if c.in(jit.Main); early {
		results = c.handOn(op, results)
	}
	c.values[v] = results
	return true
}

// early lets a product of what lies in memory be made in the first stage.
func (c *roundsCoder) early(x [2]labelled) bool {
	for _, o := range x {
		if c.rowAxis(o.v) >= 0 && !c.inMemory(o.v) {
			return false
		}
	}
	c.in(jit.Early)
	return true
}

// handOn is what the first stage has made, as the next one reads it.
func (c *roundsCoder) handOn(op *ir.Op, x []lanes) []lanes {
	kind, _ := streamOf(op.Results[0].Type.Kind)
	if c.hands[op] == nil {
		for range x {
			c.hands[op] = append(c.hands[op], c.out.Stream(kind, jit.Still))
		}
	}
	out := make([]lanes, len(x))
	for i, y := range x {
		w := y.width
		c.in(jit.Early)
		c.out.Keep(c.hands[op][i], y.value[index(w)])
		c.in(jit.Main)
		out[i] = number(c.out.Kept(c.hands[op][i], w), w)
	}
	return out
}

// in says in which stage what follows is computed.
func (c *roundsCoder) in(s jit.Stage) {
	c.stage = s
	c.out.Turn(c.vector, s)
}

func runeOf(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// extent is the size of a label.
func (c *roundsCoder) extent(x [2]labelled, label rune) int {
	for _, l := range x {
		if i := strings.IndexRune(l.labels, label); i >= 0 {
			return c.b.size(l.v.Type.Dims[i])
		}
	}
	return 0
}

func (c *roundsCoder) floatWidth(op *ir.Op) jit.Width {
	_, w := streamOf(op.Results[0].Type.Kind)
	return w
}

// labelled is the element of an operand at a point that labels name.
func (c *roundsCoder) labelled(x labelled, row rune, point map[rune]int) (lanes, bool) {
	axes, at := make([]int, len(x.labels)), make([]int, len(x.labels))
	for i, l := range x.labels {
		if axes[i] = i; l != row {
			at[i] = point[l]
		}
	}
	return c.element(x.v, axes, at)
}
