package dfc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
	"github.com/dfc-lang/dfc/runtime/train"
)

// Model is a program together with the state that a run of it has saved: it
// predicts, it does not learn.
type Model struct {
	program *Program
	state   *train.State
	dir     string
	notices source.List
}

// PredictOptions says which rows to predict and where the results go.
type PredictOptions struct {
	Table   string // table of the program that the rows stand in for; "" where only one will do
	File    string // file with the rows, read as the program reads that table
	Output  string // file written; its ending must be that of a format: .csv, .jsonl, .json, .npy, .safetensors
	Write   string // which write node of the program to run, by its path; "" the first whose rows are of Table
	Dir     string // what paths of the program's other data are relative to; "" is the folder of its file
	Workers int
	Memory  int64 // bytes that it may take; 0 is no bound
}

// Load reads a state that p has saved. Its training code must be the same;
// the schedule and the paths of data may differ.
func (p *Program) Load(dir string) (m *Model, err error) {
	defer guard(&err, "reading the state")
	st, notices, err := train.Load(train.Disk, dir)
	if err != nil {
		return nil, err
	}
	if err := p.owns(st); err != nil {
		return nil, source.Dataf("D0207", source.Place{File: dir}, "the state was saved by another program: %v", err).
			WithHint("predict with the program and the settings that saved it")
	}
	return &Model{program: p, state: st, dir: dir, notices: notices}, nil
}

// Notices tells of a damaged state that was passed over.
func (m *Model) Notices() source.List { return m.notices }

// Tables are the names of tables that Predict can take rows for, in order.
func (m *Model) Tables() []string {
	var out []string
	for _, n := range m.program.module.Nodes {
		if w, ok := n.Body.(*ir.Write); ok && w.Table != "" {
			if t := rootTable(m.program.module, w.Table); t != "" && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// rootTable is the table read from files that the rows of a table are rows
// of or are made from, one each; "" where there is none.
func rootTable(m *ir.Module, name string) string {
	for {
		n := m.Node(name)
		if n == nil {
			return ""
		}
		switch b := n.Body.(type) {
		case *ir.SourceTable:
			return name
		case *ir.Derive:
			name = b.Of
		default:
			return ""
		}
	}
}

// Predict runs the program's row writer for the rows of a file and writes the
// results, a row for each, to o.Output. Fields that no prediction depends on,
// such as the one that was learned, need not be there, or not in every row;
// columns that are made of them are left out then. It returns the number of
// rows.
func (m *Model) Predict(ctx context.Context, o PredictOptions) (rows int64, err error) {
	defer guard(&err, "predicting")
	format, err := formatOf(o.Output)
	if err != nil {
		return 0, err
	}
	j, err := m.job(o.Table, o.Write)
	if err != nil {
		return 0, err
	}
	j.write.Format, j.write.Path = format, o.Output
	j.options = DataOptions{Dir: o.Dir, Workers: o.Workers, Memory: o.Memory, Files: map[string]string{j.table: o.File}}
	return j.run(ctx, "")
}

// formatOf is the format that a file name calls for.
func formatOf(path string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(path, ".gz"))
	for _, f := range []string{"csv", "jsonl", "json", "npy", "safetensors"} {
		if strings.HasSuffix(name, "."+f) {
			return f, nil
		}
	}
	return "", &source.Diagnostic{Code: codePredict, Class: source.Usage, Message: path + " does not say in which format to write",
		Hint: "end its name in .csv, .jsonl, .json, .npy or .safetensors"}
}

// PredictRecord predicts one record, a JSON object with the fields of the
// table as keys, and returns the written columns as a JSON object.
func (m *Model) PredictRecord(ctx context.Context, table string, record []byte) (out []byte, err error) {
	defer guard(&err, "predicting")
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(record, &fields); err != nil {
		return nil, &source.Diagnostic{Code: codeRecord, Class: source.Data, Place: source.Place{File: "(record)"},
			Message: "the record is no JSON object" + jsonFault(err), Hint: `write {"field": value, …}`}
	}
	j, err := m.job(table, "")
	if err != nil {
		return nil, err
	}
	if err := j.absent(fields); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dfc-record-*")
	if err != nil {
		return nil, &source.Diagnostic{Code: codeOutput, Class: source.Data, Message: "there is no place for temporary files: " + plain(err)}
	}
	defer os.RemoveAll(dir)
	j.write.Format, j.write.Path = "jsonl", "record.jsonl"
	j.options = DataOptions{records: map[string][]byte{j.table: record}}
	if _, err := j.run(ctx, dir); err != nil {
		return nil, err
	}
	out, err = os.ReadFile(filepath.Join(dir, "record.jsonl"))
	return []byte(strings.TrimSpace(string(out))), err
}

// job is one prediction: a module with nothing but tables and one row writer.
type job struct {
	model   *Model
	module  *ir.Module
	table   string
	node    *ir.Node
	write   *ir.Write
	may     map[string]bool // fields that no prediction depends on
	options DataOptions

	required []ir.Field // that may be missing in the program, and not here
}

// job finds the row writer for a table and cuts the program down to it.
func (m *Model) job(table, path string) (*job, error) {
	tables := m.Tables()
	switch {
	case len(tables) == 0:
		return nil, &source.Diagnostic{Code: codePredict, Class: source.Usage, Message: "the program writes nothing for the rows of a table, so there is nothing to predict",
			Hint: "add a line such as write csv(\"predicted.csv\") = [{ predicted: fit(r) } for r in Table]"}
	case table == "" && len(tables) == 1:
		table = tables[0]
	case table == "":
		return nil, &source.Diagnostic{Code: codePredict, Class: source.Usage, Message: "the program writes rows of " + list(tables) + ": say which of them are given"}
	}
	j := &job{model: m, table: table, module: cloneModule(m.program.module)}
	for _, n := range j.module.Nodes {
		w, ok := n.Body.(*ir.Write)
		if ok && j.write == nil && w.Table != "" && rootTable(j.module, w.Table) == table && (path == "" || path == w.Path) {
			j.node, j.write = n, w
		}
	}
	if j.write == nil {
		d := &source.Diagnostic{Code: codePredict, Class: source.Usage, Message: "the program writes nothing for rows of " + table}
		return nil, d.WithHint("it does for %s", list(tables))
	}
	if err := j.unmap(); err != nil {
		return nil, err
	}
	j.write.Table = table
	return j, j.cut()
}

// cut keeps the tables read from files, the categories and the row writer,
// and finds out which fields predictions depend on.
func (j *job) cut() error {
	web := newWeb(j.module)
	after := web.trained()
	fn := j.module.Func(j.write.Fn)
	for _, in := range fn.Inputs {
		if table, _, _ := strings.Cut(in.Bind, "."); in.Role == ir.Column && rootTable(j.module, table) == j.table {
			return &source.Diagnostic{Code: codePredict, Class: source.Program, Span: j.node.Span,
				Message: "a prediction that looks at the whole column " + in.Bind + " cannot be made for new rows of " + j.table,
				Hint:    "name what it computes from the column with a `let`, whose value is in the state"}
		}
	}
	need, may := map[string]bool{}, map[string]bool{}
	of := sliceResults(fn, func(name string) bool { n := web.owner[name]; return n != nil && after[n] })
	for _, col := range j.write.Columns {
		col.EachPart(func(c *ir.WriteColumn) {
			if c.IsField() {
				may[fieldOf(c.Text)] = true
			}
			for _, r := range []int{c.Result, c.Present} {
				if r < 0 {
					continue
				}
				for f := range of[r].fields {
					if of[r].trained {
						need[f] = true
					} else {
						may[f] = true
					}
				}
			}
		})
	}
	for f := range need {
		delete(may, f)
	}
	j.may = may
	j.strict()
	fn = j.module.Func(j.write.Fn)
	j.module.Nodes = slices.DeleteFunc(j.module.Nodes, func(n *ir.Node) bool { return !j.stays(n, fn) })
	j.module.SetFuncs(slices.DeleteFunc(j.module.Funcs, func(f *ir.Func) bool { return !reaches(j.module, fn, f.Name) }))
	j.standIns(fn)
	return nil
}

// standIns puts a node in the place of each that yielded a value which stands
// in the state now, so that the module is whole. They are never run.
func (j *job) standIns(fn *ir.Func) {
	var nodes []*ir.Node
	for i, in := range fn.Inputs {
		if in.Role != ir.Given {
			continue
		}
		t := fn.Params()[i].Type
		f := ir.NewFunc(fmt.Sprintf("state.%d", i))
		b := ir.NewBuilder(j.module, f)
		b.Return(b.Zeros(t))
		j.module.Add(f)
		nodes = append(nodes, &ir.Node{Name: f.Name, Span: j.node.Span, Body: &ir.Compute{Fn: f.Name, Outputs: []ir.Output{{Name: in.Bind, Type: t}}}})
	}
	j.module.Nodes = append(nodes, j.module.Nodes...)
}

// stays says whether a node has a part in a prediction.
func (j *job) stays(n *ir.Node, fn *ir.Func) bool {
	switch n.Body.(type) {
	case *ir.Category:
		return true
	case *ir.SourceTable:
		return n.Name == j.table || slices.Contains(j.tables(fn), n.Name)
	case *ir.Derive:
		return slices.Contains(j.tables(fn), n.Name)
	}
	return n == j.node
}

// tables are those, beside the one predicted, that a function needs: behind
// the keys that it follows, as dimensions, and as whole columns.
func (j *job) tables(fn *ir.Func) []string {
	var out []string
	var add func(name string)
	add = func(name string) {
		n := j.module.Node(name)
		if n == nil || name == j.table || slices.Contains(out, name) {
			return
		}
		switch b := n.Body.(type) {
		case *ir.SourceTable:
			out = append(out, name)
			for _, f := range b.Fields {
				add(f.Table)
			}
		case *ir.Derive:
			out = append(out, name)
			add(b.Of)
		}
	}
	symbols := map[string]bool{}
	for i, p := range fn.Params() {
		p.Type.Symbols(symbols)
		in := fn.Inputs[i]
		switch table, _, _ := strings.Cut(in.Bind, "."); in.Role {
		case ir.Column:
			add(table)
		case ir.Col:
			j.follow(j.table, in.Bind, add)
		}
	}
	ir.WalkValues(fn.Body, func(v *ir.Value) { v.Type.Symbols(symbols) })
	for _, q := range data.TextReqs(j.write) {
		j.follow(j.table, q.Path, add)
	}
	for _, n := range j.module.Nodes {
		if symbols[n.Name] {
			add(n.Name)
		}
	}
	return out
}

// follow adds the tables that a path leads through.
func (j *job) follow(table, path string, add func(string)) {
	head, rest, deep := strings.Cut(strings.TrimSuffix(path, "?"), ".")
	n := j.module.Node(table)
	if n == nil {
		return
	}
	if b, ok := n.Body.(*ir.SourceTable); ok {
		for _, f := range b.Fields {
			if f.Name == head && f.Table != "" {
				add(f.Table)
				if deep {
					j.follow(f.Table, rest, add)
				}
			}
		}
	}
}

// reaches reports whether a function is from or called from it.
func reaches(m *ir.Module, from *ir.Func, name string) bool {
	if from.Name == name {
		return true
	}
	found := false
	ir.Walk(from.Body, func(op *ir.Op) {
		if a, ok := op.Attrs.(ir.CallAttrs); ok && !found {
			if f := m.Func(a.Fn); f != nil {
				found = reaches(m, f, name)
			}
		}
	})
	return found
}

// absent leaves out the columns of fields that a record does not have.
func (j *job) absent(have map[string]json.RawMessage) error {
	gone := map[string]bool{}
	src, ok := j.module.Node(j.table).Body.(*ir.SourceTable)
	if !ok {
		return nil
	}
	for _, f := range src.Fields {
		there := len(f.From) == 0 && present(have, f.Name)
		for _, from := range f.From {
			there = there || present(have, from)
		}
		if !there && j.may[f.Name] {
			gone[f.Name] = true
		}
	}
	return j.without(gone)
}

// jsonFault says where a text stops being JSON, "" where it is JSON of another
// kind.
func jsonFault(err error) string {
	var at *json.SyntaxError
	if !errors.As(err, &at) {
		return ""
	}
	return fmt.Sprintf(": the text goes wrong at byte %d", at.Offset)
}

func present(have map[string]json.RawMessage, name string) bool {
	_, ok := have[name]
	return ok
}

// without leaves out what needs some fields.
func (j *job) without(fields map[string]bool) error {
	if len(fields) == 0 {
		return nil
	}
	if !leaveOut(j.module, j.write, fields) {
		return &source.Diagnostic{Code: codePredict, Class: source.Data, Message: "none of the columns that the program writes can be computed from what is given"}
	}
	return nil
}

// run binds the job to its rows and writes the results. A field that the file
// lacks is left out where no prediction depends on it.
func (j *job) run(ctx context.Context, out string) (int64, error) {
	j.options.categories, j.options.lengths = map[string][]string{}, map[string]int64{}
	for _, t := range j.model.state.Trainings {
		j.options.lengths[t.Name+historySuffix] = int64(len(t.Progress.History))
	}
	for _, c := range j.model.state.Categories {
		j.options.categories[c.Name] = c.Values
	}
	var b *Bound
	for {
		var err error
		if b, err = j.model.program.bind(ctx, j.module, j.options); err == nil {
			break
		}
		field := j.lacking(err)
		if field == "" {
			return 0, j.explained(err)
		}
		if err := j.without(map[string]bool{field: true}); err != nil {
			return 0, err
		}
		delete(j.may, field)
	}
	defer b.Close()
	s := newSession(ctx, b, RunOptions{Out: out})
	defer s.results.abort()
	if err := j.load(s); err != nil {
		return 0, err
	}
	if err := s.results.begin(s); err != nil {
		return 0, err
	}
	n := s.module.Node(j.node.Name)
	w := n.Body.(*ir.Write)
	rows, err := s.writeRows(s.results.outputOf(w), n, w, j.table)
	if err != nil {
		return 0, err
	}
	_, err = s.results.commit()
	return rows, err
}

// lacking is the field for which an error says that the file has no column, or
// a row no value, where the prediction can do without it; else "".
func (j *job) lacking(err error) string {
	var d *source.Diagnostic
	if !errors.As(err, &d) {
		if l := source.AsList(err); len(l) > 0 {
			d = l[0]
		}
	}
	if d == nil || d.Code != codeNoColumn && d.Code != codeNoValue {
		return ""
	}
	lacks := func(column string) bool {
		return column == d.Place.Column || d.Code == codeNoColumn && strings.Contains(d.Message, "`"+column+"`")
	}
	src, ok := j.module.Node(j.table).Body.(*ir.SourceTable)
	if !ok {
		return ""
	}
	for _, f := range src.Fields {
		if j.may[f.Name] && (len(f.From) == 0 && lacks(f.Name) || slices.ContainsFunc(f.From, lacks)) {
			return f.Name
		}
	}
	return ""
}

// load enters the values of the state, and checks that those which the writer
// asks for are there and have the sizes of the data. What is computed ahead for the
// writer is computed.
func (j *job) load(s *session) error {
	st := j.model.state
	origins := j.model.program.origins()
	for _, g := range st.Given {
		if origins[g.Name] == st.Origins[g.Name] {
			s.values[g.Name] = g.Value
		}
	}
	for _, t := range st.Trainings {
		s.enter(t.Name+"/", append(slices.Clone(t.Params), t.States...))
		if !t.Progress.Done && t.Best != nil {
			s.enter(t.Name+"/", t.Best)
		}
	}
	for _, n := range s.module.Nodes {
		if !isAhead(n) {
			continue
		}
		if err := j.has(s, n, n.Body.(*ir.Compute).Fn); err != nil {
			return err
		}
		if err := s.node(n); err != nil {
			return err
		}
	}
	n := s.module.Node(j.node.Name)
	return j.has(s, n, n.Body.(*ir.Write).Fn)
}

// has checks that the values that a function of a node asks for are there.
func (j *job) has(s *session, n *ir.Node, name string) error {
	fn := s.module.Func(name)
	for i, in := range fn.Inputs {
		if in.Role != ir.Given {
			continue
		}
		a, ok := s.values[in.Bind]
		if !ok {
			return source.Dataf("D0209", source.Place{File: j.model.dir}, "the state has no %s as the program computes it, which the prediction needs", in.Bind).
				At(n.Span).WithHint("run the program to its end with --save, then predict")
		}
		if err := fits(s, in.Bind, a, fn.Params()[i].Type); err != nil {
			return err
		}
	}
	return nil
}

// fits checks the sizes of a value of the state against those of the data.
func fits(s *session, name string, a *array.Array, t ir.Type) error {
	if len(a.Shape) != t.Rank() {
		return source.Dataf("D0207", source.Place{}, "%s has %d dimensions in the state and %d in the program", name, len(a.Shape), t.Rank())
	}
	for i, d := range t.Dims {
		size, err := d.Eval(func(y string) (int64, bool) { z, ok := s.bound.sizes[y]; return z.Actual, ok })
		if err == nil && size != int64(a.Shape[i]) {
			return source.Dataf("D0208", source.Place{File: d.String()}, "%s is for %d rows of %s, but there are %d now", name, a.Shape[i], d, size).
				WithHint("predict with the data of %s that the model was trained with", d)
		}
	}
	if a.Kind = kindLike(a.Kind, t.Kind); a.Kind != t.Kind {
		return source.Dataf("D0207", source.Place{}, "%s is %s in the state and %s in the program", name, a.Kind, t.Kind)
	}
	return nil
}

// kindLike gives a value the kind that a function expects where both are
// stored alike.
func kindLike(have, want ir.Kind) ir.Kind {
	if have == ir.I32 && want == ir.Index || have == ir.I64 && want == ir.Key {
		return want
	}
	return have
}
