package dfc

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Note: what a program knows of its rows. A writer for the rows of `T |> where(r
// => present(r.x))` reads x without asking. A row that is predicted need not
// have it, so it is asked for: of the fields of the row when they are read, of
// those behind keys by an assertion.

// strict makes the job refuse rows without a value that its writer takes to be
// there.
func (j *job) strict() {
	fn := j.module.Func(j.write.Fn)
	asked := map[string]bool{}
	for _, in := range fn.Inputs {
		if path, has := strings.CutSuffix(in.Bind, "?"); in.Role == ir.Col && has {
			asked[path] = true
		}
	}
	var far []string
	for _, in := range fn.Inputs {
		if in.Role != ir.Col || strings.HasSuffix(in.Bind, "?") || j.isAsked(asked, in.Bind) {
			continue
		}
		head, _, deep := strings.Cut(in.Bind, ".")
		j.require(head)
		if deep && j.mayLackFar(in.Bind) && !j.may[head] {
			far = append(far, in.Bind)
		}
	}
	if len(far) > 0 {
		j.assertThere(fn, far)
	}
}

// isAsked reports whether the writer asks for the value of a path, or for the
// key that it follows.
func (j *job) isAsked(asked map[string]bool, path string) bool {
	for p := range asked {
		if p == path || strings.HasPrefix(path, p+".") || strings.HasPrefix(p, path+".") {
			return true
		}
		// Two fields behind one key that may match nothing: one answer is for both.
		if a, _, ok := strings.Cut(p, "."); ok {
			if b, _, ok := strings.Cut(path, "."); ok && a == b {
				return true
			}
		}
	}
	return false
}

// require makes a field of the table one that cannot be missing.
func (j *job) require(field string) {
	src, ok := j.module.Node(j.table).Body.(*ir.SourceTable)
	if !ok {
		return
	}
	for i := range src.Fields {
		if f := &src.Fields[i]; f.Name == field && f.Optional && !f.Each {
			src.Fields = slices.Clone(src.Fields)
			src.Fields[i].Optional, src.Fields[i].Maybe = false, false
			j.required = append(j.required, src.Fields[i])
		}
	}
}

// mayLackFar reports whether the field at the end of a path through keys may be
// missing, or a key behind the first one.
func (j *job) mayLackFar(path string) bool {
	table := j.table
	parts := strings.Split(path, ".")
	for i, name := range parts {
		n := j.module.Node(table)
		if n == nil {
			return false
		}
		src, ok := n.Body.(*ir.SourceTable)
		if !ok {
			return false
		}
		k := slices.IndexFunc(src.Fields, func(f ir.Field) bool { return f.Name == name })
		if k < 0 {
			return false
		}
		if i > 0 && src.Fields[k].Optional && !src.Fields[k].Each {
			return true
		}
		table = src.Fields[k].Table
	}
	return false
}

// assertThere puts a check of each path in front of a writer.
func (j *job) assertThere(fn *ir.Func, paths []string) {
	g := ir.NewFunc(fn.Name)
	g.Span = fn.Span
	b := ir.NewBuilder(j.module, g)
	values := map[*ir.Value]*ir.Value{}
	for i, p := range fn.Params() {
		v := g.AddParam(p.Name, p.Type, fn.Inputs[i])
		v.Span, values[p] = p.Span, v
	}
	for _, path := range paths {
		of := fn.Params()[slices.Index(fn.Inputs, ir.Input{Role: ir.Col, Bind: path})].Type
		has := g.AddParam("there", ir.TensorOf(ir.Bool, of.Dims[0]), ir.Input{Role: ir.Col, Bind: path + "?"}) // of all rows at hand
		b.Span = j.node.Span
		b.Op("assert", ir.AssertAttrs{Message: "`" + path + "` is missing, and the program predicts only rows where it is there"}, has)
	}
	ir.CopyOps(b, fn.Body.Ops, values)
	var results []*ir.Value
	for _, r := range fn.Results() {
		results = append(results, values[r])
	}
	b.Return(results...)
	j.replace(g)
}

// replace puts a function in the place of the one of its name.
func (j *job) replace(g *ir.Func) {
	j.module.SetFuncs(slices.DeleteFunc(slices.Clone(j.module.Funcs), func(f *ir.Func) bool { return f.Name == g.Name }))
	j.module.Add(g)
}

// explained gives the refusal of a row without a required value the reason.
func (j *job) explained(err error) error {
	for _, d := range source.AsList(err) {
		if d.Code != codeNoValue && d.Code != codeNoKey {
			continue
		}
		for _, f := range j.required {
			if f.Name == d.Place.Column || strings.Join(f.From, ", ") == d.Place.Column {
				d.WithHint("the program predicts only rows where `%s` is there: take such rows out, or let it write for all rows and say with `??` what stands in", f.Name)
			}
		}
	}
	return err
}
