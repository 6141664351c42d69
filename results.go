package dfc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
)

// results are the files that a run writes. All are begun before the first
// step, so that a place that cannot be written costs no training, and appear
// when the whole program has succeeded.
type results struct {
	outputs *data.Outputs
	open    map[*ir.Write]*data.Output
	files   []string
	growing map[string]string // places of logs, by their paths in the program
}

func (r *results) begin(s *session) error {
	r.outputs, r.open = data.NewOutputs(s.opt.Out), map[*ir.Write]*data.Output{}
	r.outputs.Spare(s.bound.data.Paths()...)
	for _, n := range s.module.Nodes {
		w, ok := n.Body.(*ir.Write)
		if !ok {
			continue
		}
		sweep(filepath.Join(s.opt.Out, w.Path))
		out, err := r.outputs.Open(w.Path, n.Span)
		if err != nil {
			return err
		}
		r.open[w] = out
	}
	return r.logs(s)
}

// logs finds the places of the logs of trainings, which are no results: they
// grow as the program runs and stay as far as it came.
func (r *results) logs(s *session) (err error) {
	r.growing = map[string]string{}
	for _, n := range s.module.Nodes {
		t, ok := n.Body.(*ir.Train)
		if !ok {
			continue
		}
		for _, l := range t.Logs {
			sweep(filepath.Join(s.opt.Out, l.Path))
			if r.growing[l.Path], err = r.outputs.Growing(l.Path, l.Span); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep removes what a killed run has left beside a result or a log, which it
// would have renamed or removed itself.
func sweep(path string) {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part-*"))
	if err != nil {
		return // a name with the signs of a pattern; nothing depends on it
	}
	for _, l := range left {
		os.Remove(l)
	}
}

func (r *results) commit() ([]string, error) {
	if r.outputs == nil {
		return nil, nil
	}
	o := r.outputs
	r.outputs = nil
	return r.files, o.Commit()
}

func (r *results) abort() {
	if r.outputs != nil {
		r.outputs.Abort()
		r.outputs = nil
	}
}

// outputOf is the file of a write node; replanning a program copies its nodes,
// so the path decides.
func (r *results) outputOf(w *ir.Write) *data.Output {
	for o, out := range r.open {
		if o.Path == w.Path {
			return out
		}
	}
	return nil
}

// write writes a result file.
func (s *session) write(n *ir.Node, w *ir.Write) error {
	out := s.results.outputOf(w)
	if out == nil {
		return source.Bugf(n.Span, "the file %s was not begun", w.Path)
	}
	if w.Cond != "" {
		c, err := s.given(w.Cond, n)
		if err != nil {
			return err
		}
		if c.Int(0) == 0 {
			s.results.outputs.Drop(out)
			return nil
		}
	}
	s.results.files = append(s.results.files, w.Path)
	if w.Table == "" {
		s.doubt(n, w.Value, "a number in "+w.Path)
		return data.WriteValue(out, w.Format, w.Value, s.lookup(n), s.data)
	}
	_, err := s.writeRows(out, n, w, w.Table)
	return err
}

// writeRows writes the rows of a table and returns their number.
func (s *session) writeRows(out *data.Output, n *ir.Node, w *ir.Write, table string) (int64, error) {
	c, err := s.newCall(w.Fn, rowsSymbol, n)
	if err != nil {
		return 0, err
	}
	var types []ir.Type
	for _, v := range c.fn.Results() {
		types = append(types, v.Type.Inner())
	}
	t, err := data.NewTableWriter(out, w, types, s.data)
	if err != nil {
		return 0, err
	}
	t.Ahead(s.bound.options.Workers)
	defer t.Close()
	rows, doubted := int64(0), false
	err = s.stream(table, c, data.TextReqs(w), func(b *data.Batch) error {
		rows += int64(b.N)
		doubted = doubted || s.doubtRows(n, w, c, table, b)
		return t.Rows(c.out, b.Texts[len(c.reqs):], b.N)
	})
	if err != nil {
		return 0, err
	}
	return rows, t.Finish()
}

func (s *session) lookup(n *ir.Node) data.Lookup {
	return func(name string) (*array.Array, ir.Type, error) {
		a, err := s.given(name, n)
		return a, s.types[name], err
	}
}

// read enters the tensors of a file, which binding has read.
func (s *session) read(n *ir.Node, _ *ir.Read) error {
	list, err := s.data.ReadTensor(n)
	if err != nil {
		return err
	}
	return s.yield(n, list)
}

// print writes values in a row, as people read them.
func (s *session) print(n *ir.Node, b *ir.Print) error {
	for i := range b.Parts {
		s.doubt(n, &b.Parts[i], "a number that is printed")
	}
	var parts []string
	for i := range b.Parts {
		t := &b.Parts[i]
		for t.First != nil && t.Present == "" {
			t = s.chosen(t.First, nil)
		}
		if t.Text != nil {
			parts = append(parts, *t.Text) // a text stands bare only at the top
		} else {
			parts = append(parts, s.text(t, nil))
		}
	}
	_, err := fmt.Fprintln(s.stdout, strings.Join(parts, " "))
	if err != nil {
		return &source.Diagnostic{Code: codeOutput, Class: source.Data, Message: "what the program prints cannot be written: " + plain(err)}
	}
	return nil
}

// text is a structured value for people; at are the places in the lists around.
func (s *session) text(t *ir.Tree, at []int) string {
	if t.Present != "" {
		has, ok := s.values[t.Present]
		if ok && len(has.Shape) > len(at) { // a column of which any element may be missing
			return s.listText(t, at)
		}
		if ok {
			if _, from := part(has, at); has.Int(from) == 0 {
				return "missing"
			}
		}
	}
	switch {
	case t.Text != nil:
		return strconv.Quote(*t.Text)
	case t.First != nil:
		return s.text(s.chosen(t.First, at), at)
	case t.Each != nil:
		return s.listText(t.Each, at)
	case t.Value != "":
		a, ok := s.values[t.Value]
		if !ok {
			return "?"
		}
		n, from := part(a, at)
		return s.tensorText(a, s.types[t.Value], len(at), from, n)
	case len(t.Items) == 0:
		return "()"
	}
	open, close := "(", ")"
	var items []string
	for i := range t.Items {
		item := s.text(&t.Items[i], at)
		if t.Names != nil {
			open, close = "{ ", " }"
			item = t.Names[i] + ": " + item
		}
		items = append(items, item)
	}
	return open + strings.Join(items, ", ") + close
}

// chosen is the first of some trees that is there; of a choice the last always is.
func (s *session) chosen(first []ir.Tree, at []int) *ir.Tree {
	for i := range first {
		has, ok := s.values[first[i].Present]
		if !ok {
			return &first[i]
		}
		if _, from := part(has, at); has.Int(from) != 0 {
			return &first[i]
		}
	}
	return &first[len(first)-1]
}

// part is how many elements of a tensor stand at leading indices, and where
// they begin.
func part(a *array.Array, at []int) (n, from int) {
	n = a.Len()
	for axis, i := range at {
		n /= max(1, a.Shape[axis])
		from += i * n
	}
	return n, from
}

// listText is a list of records, or of what may be missing.
func (s *session) listText(each *ir.Tree, at []int) string {
	size := s.sizeAt(each, len(at))
	var items []string
	for i := range min(size, longest) {
		items = append(items, s.text(each, append(slices.Clone(at), i)))
	}
	if size > longest {
		items = append(items, fmt.Sprintf("… %d more", size-longest))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// sizeAt is the size of a dimension of the tensors of a tree.
func (s *session) sizeAt(t *ir.Tree, axis int) int {
	for _, name := range []string{t.Present, t.Value} {
		if a, ok := s.values[name]; ok && axis < len(a.Shape) {
			return a.Shape[axis]
		}
	}
	parts := t.Inner()
	for i := range parts {
		if n := s.sizeAt(&parts[i], axis); n > 0 {
			return n
		}
	}
	return 0
}

// longest is how many elements of an axis are printed before a row is cut.
const longest = 1000

// tensorText is the elements from..from+n of a tensor, which are all below
// the first axis dimensions.
func (s *session) tensorText(a *array.Array, t ir.Type, axis, from, n int) string {
	if axis == len(a.Shape) {
		return s.elementText(a, t, from)
	}
	size := a.Shape[axis]
	var items []string
	for i := range min(size, longest) {
		items = append(items, s.tensorText(a, t, axis+1, from+i*(n/size), n/size))
	}
	if size > longest {
		items = append(items, fmt.Sprintf("… %d more", size-longest))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func (s *session) elementText(a *array.Array, t ir.Type, i int) string {
	switch a.Kind {
	case ir.F32:
		return floatText(float64(a.F32[i]), 32)
	case ir.F64:
		return floatText(a.F64[i], 64)
	case ir.Bool:
		return strconv.FormatBool(a.U8[i] != 0)
	case ir.Index:
		if !t.Bound.IsZero() {
			if text, ok := s.data.TextOf(t.Bound.String(), a.Int(i)); ok {
				return text
			}
		}
	}
	return strconv.FormatInt(a.Int(i), 10)
}

// floatText is a number as files have it, but that a zero has no sign.
func floatText(x float64, bits int) string {
	if x == 0 {
		return "0"
	}
	return string(data.AppendFloat(nil, x, bits))
}
