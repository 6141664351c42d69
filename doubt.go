package dfc

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
)

// Note: results that are not finite are printed and written as they are, with
// a notice that shows where they began. The interpreter finds that, as it does
// for a loss, once for a result.

// doubt notes a value of a print or write node that is not finite.
func (s *session) doubt(n *ir.Node, t *ir.Tree, what string) {
	name, x := s.infinite(t, nil)
	if name == "" {
		return
	}
	s.doubted(n, s.originOf(name), x, what)
}

// doubted enters the notice; d is where the number began, nil where that is
// not known.
func (s *session) doubted(n *ir.Node, d *source.Diagnostic, x float64, what string) {
	text := strings.ToLower(floatText(x, 64))
	if d == nil {
		d = source.Warnf(runtime.CodeDoubt, n.Span, "%s is %s", what, text)
	} else if d.At(n.Span).Note(n.Span, "therefore %s is %s", what, text); within(d.Span, n.Span) {
		d.Notes[len(d.Notes)-1].Span = source.Span{} // the line is shown already
	}
	d.Code, d.Severity = runtime.CodeDoubt, source.Warning
	s.out.Notices.Add(d)
}

func within(a, b source.Span) bool {
	return a.File == b.File && b.Start <= a.Start && a.End <= b.End
}

// infinite finds an output in a tree with an element that is there and not
// finite; present are the outputs that say what is there.
func (s *session) infinite(t *ir.Tree, present []string) (string, float64) {
	if t.Present != "" {
		present = append(slices.Clone(present), t.Present)
	}
	if a := s.values[t.Value]; t.Value != "" && a != nil && a.Kind.IsFloat() {
		for i := range a.Len() {
			if x := a.Float(i); x-x != 0 && s.there(present, i, a.Len()) {
				return t.Value, x
			}
		}
	}
	for _, in := range t.Inner() {
		if name, x := s.infinite(&in, present); name != "" {
			return name, x
		}
	}
	return "", 0
}

// there reports whether all of some bools hold for element i of n; their
// dimensions are the first ones of its tensor.
func (s *session) there(present []string, i, n int) bool {
	for _, p := range present {
		if a := s.values[p]; a != nil && a.Len() > 0 && a.Int(i*a.Len()/n) == 0 {
			return false
		}
	}
	return true
}

// originOf is where an output that is not finite began to be, nil where that
// cannot be said.
func (s *session) originOf(name string) *source.Diagnostic {
	n := s.web.owner[name]
	if n == nil {
		return nil
	}
	k := slices.IndexFunc(ir.OutputsOf(n), func(o ir.Output) bool { return o.Name == name })
	switch b := n.Body.(type) {
	case *ir.Compute:
		c, err := s.newCall(b.Fn, "", n)
		if err != nil {
			return nil
		}
		return s.blamed(c, k, nil)
	case *ir.Reduce:
		return s.originInRows(n, b, k)
	}
	return nil
}

// blamed is the report for a result of a call; numbers are its rows.
func (s *session) blamed(c *call, result int, locate func(int64) source.Place) *source.Diagnostic {
	b, err := c.planned.BlameResult(c.in, c.actual, result)
	if err != nil || b == nil {
		return nil
	}
	if b.Input >= 0 && b.Input < len(c.fn.Inputs) {
		if in := c.fn.Inputs[b.Input]; in.Role == ir.Given {
			return s.originOf(in.Bind)
		}
	}
	d := b.Diagnostic()
	d.Place = source.Place{}
	if b.Row >= 0 && locate != nil {
		d.Place = locate(b.Row)
	}
	return d
}

// errFound ends a pass over rows.
var errFound = errors.New("found")

// originInRows goes over the rows of an aggregate once more for the first that
// is not finite; nil where only their aggregate is not.
func (s *session) originInRows(n *ir.Node, b *ir.Reduce, k int) (d *source.Diagnostic) {
	c, err := s.newCall(b.Fn, rowsSymbol, n)
	if err != nil {
		return nil
	}
	if b.Cond {
		k++
	}
	err = s.stream(b.Table, c, nil, func(batch *data.Batch) error {
		var keep *array.Array
		if b.Cond {
			keep = c.out[0]
		}
		if row, _ := infiniteRow(c.out[k], keep, batch.N); row < 0 {
			return nil
		}
		d = s.blamed(c, k, func(row int64) source.Place { return s.data.Locate(b.Table, batch.Rows()[row]) })
		return errFound
	})
	if err != nil && err != errFound {
		return nil
	}
	return d
}

// infiniteRow is the first of n rows of a tensor that holds a number that is
// not finite where keep, if there is one, holds; -1 for none.
func infiniteRow(a, keep *array.Array, n int) (row int, x float64) {
	if !a.Kind.IsFloat() || n == 0 {
		return -1, 0
	}
	each := a.Len() / n
	for i := range a.Len() {
		if x := a.Float(i); x-x != 0 && (keep == nil || keep.Int(i/each) != 0) {
			return i / each, x
		}
	}
	return -1, math.NaN()
}

// doubtRows notes the first number of a written table that is not finite.
func (s *session) doubtRows(n *ir.Node, w *ir.Write, c *call, table string, batch *data.Batch) (found bool) {
	for _, col := range w.Columns {
		if col.Result < 0 {
			continue
		}
		var keep *array.Array
		if col.Present >= 0 {
			keep = c.out[col.Present]
		}
		row, x := infiniteRow(c.out[col.Result], keep, batch.N)
		if row < 0 {
			continue
		}
		locate := func(row int64) source.Place { return s.data.Locate(table, batch.Rows()[row]) }
		d := s.blamed(c, col.Result, locate)
		if d != nil && d.Place.File == "" {
			d.Place = locate(int64(row))
		}
		s.doubted(n, d, x, "`"+col.Name+"` in "+w.Path)
		return true
	}
	return false
}
