package dfc

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Note: rows of new tables. What is written for a row of `T |> map(f)` is what
// is written for a row of T after f: the two functions become one, of a row of
// the table that was read, and everything else is as for that one.

// unmap makes the row writer of a job one for rows of the table that was read.
func (j *job) unmap() error {
	for {
		d := j.mapping()
		if d == nil {
			return nil
		}
		c := &composer{job: j, derive: d, maker: j.module.Func(d.Fn), in: map[ir.Input]*ir.Value{}}
		if err := c.compose(); err != nil {
			return err
		}
	}
}

// mapping is the first `map` on the way from the written table to the one read.
func (j *job) mapping() *ir.Derive {
	for name := j.write.Table; ; {
		n := j.module.Node(name)
		if n == nil {
			return nil
		}
		d, ok := n.Body.(*ir.Derive)
		if !ok || d.Op == "map" {
			return d
		}
		name = d.Of
	}
}

// composer puts a row writer behind the function that makes its rows.
type composer struct {
	job    *job
	derive *ir.Derive
	maker  *ir.Func
	fn     *ir.Func
	in     map[ir.Input]*ir.Value
	made   []*ir.Value // results of the maker in the new function
}

func (c *composer) compose() error {
	j := c.job
	writer := j.module.Func(j.write.Fn)
	c.fn = ir.NewFunc(writer.Name)
	c.fn.Span = writer.Span
	b := ir.NewBuilder(j.module, c.fn)
	values := map[*ir.Value]*ir.Value{}
	for i, p := range c.maker.Params() {
		values[p] = c.param(c.maker.Inputs[i], p)
	}
	ir.CopyOps(b, c.maker.Body.Ops, values)
	for _, r := range c.maker.Results() {
		c.made = append(c.made, values[r])
	}
	values = map[*ir.Value]*ir.Value{}
	for i, p := range writer.Params() {
		v := c.value(writer.Inputs[i], p)
		if v == nil {
			return c.cannot(writer.Inputs[i].Bind)
		}
		values[p] = v
	}
	ir.CopyOps(b, writer.Body.Ops, values)
	var results []*ir.Value
	for _, r := range writer.Results() {
		results = append(results, values[r])
	}
	b.Return(results...)
	all := make([]int, len(results))
	for i := range all {
		all[i] = i
	}
	j.replace(keepResults(c.fn, all, nil)) // not every field of the new table is written
	j.write.Columns = slices.Clone(j.write.Columns)
	for i := range j.write.Columns {
		if text := c.texts(&j.write.Columns[i]); text != "" {
			return c.cannot(text)
		}
	}
	j.write.Table = c.derive.Of
	return nil
}

func (c *composer) cannot(path string) error {
	return &source.Diagnostic{Code: codePredict, Class: source.Program, Span: c.job.node.Span,
		Message: "a prediction that follows the key in `" + path + "`, which is computed, cannot be made for new rows"}
}

// param is the input of the new function, made where something first asks for it.
func (c *composer) param(in ir.Input, like *ir.Value) *ir.Value {
	if v := c.in[in]; v != nil {
		return v
	}
	v := c.fn.AddParam(like.Name, like.Type, in)
	v.Span = like.Span
	c.in[in] = v
	return v
}

// value is what an input of the writer is: a result of the maker, a field
// behind a key that it hands on, or an input as before; nil where a computed key
// is followed.
func (c *composer) value(in ir.Input, p *ir.Value) *ir.Value {
	if in.Role != ir.Col || in.Bind == "#" {
		return c.param(in, p)
	}
	path, has := strings.CutSuffix(in.Bind, "?")
	head, _, deep := strings.Cut(path, ".")
	k, optional := c.result(head)
	switch {
	case k < 0:
		return nil
	case !deep && has && optional:
		return c.made[k+1]
	case !deep && !has:
		return c.made[k]
	}
	if in.Bind = c.behind(in.Bind); in.Bind == "" {
		return nil
	}
	return c.param(in, p)
}

// result is the number of the result of the maker that is a field; behind that
// of an optional one stands whether it is there.
func (c *composer) result(field string) (k int, optional bool) {
	for _, f := range c.derive.Fields {
		if f.Name == field {
			return k, f.Optional
		}
		if k++; f.Optional {
			k++
		}
	}
	return -1, false
}

// behind is the path, from a row of the table mapped, of a path behind a key
// of the new table; "" where the key is computed.
func (c *composer) behind(path string) string {
	head, rest, _ := strings.Cut(path, ".")
	k, _ := c.result(head)
	if k < 0 {
		return ""
	}
	for in, v := range c.in {
		if v != c.made[k] || in.Role != ir.Col {
			continue
		}
		if in.Bind == "#" {
			return rest
		}
		return in.Bind + "." + rest
	}
	return ""
}

// texts gives the texts of a column their paths from the table mapped; it
// returns one that has none.
func (c *composer) texts(col *ir.WriteColumn) string {
	if col.IsField() {
		path := c.behind(col.Text)
		if path == "" {
			return col.Text
		}
		col.Text = path
	}
	col.First = slices.Clone(col.First)
	for i := range col.First {
		if text := c.texts(&col.First[i]); text != "" {
			return text
		}
	}
	return ""
}
