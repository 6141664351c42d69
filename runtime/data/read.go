package data

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// openReads reads the tensors of `read` and binds the dimensions that only
// their files know. Those over tables are compared later, by checkReads.
func (ds *Dataset) openReads() error {
	for _, n := range ds.m.Nodes {
		r, ok := n.Body.(*ir.Read)
		if !ok || ofCategory(&r.Reader) {
			continue
		}
		for _, out := range r.Outputs {
			a, err := ds.readTensor(&r.Reader, out, len(r.Outputs), n.Span)
			if err == nil {
				err = ds.bindShape(&r.Reader, out, a, false)
			}
			if err == nil {
				a, err = ds.toKind(&r.Reader, out, a)
			}
			if err != nil {
				return source.AsList(err)[0].At(n.Span)
			}
			ds.reads[n.Name] = append(ds.reads[n.Name], a)
		}
	}
	return nil
}

// checkReads compares all sizes once those of tables are known.
func (ds *Dataset) checkReads() error {
	for _, n := range ds.m.Nodes {
		if r, ok := n.Body.(*ir.Read); ok && ofCategory(&r.Reader) {
			a, err := ds.readMember(&r.Reader, r.Outputs[0], n.Span)
			if err != nil {
				return err
			}
			ds.reads[n.Name] = []*array.Array{a}
		} else if ok {
			for i, out := range r.Outputs {
				a := ds.reads[n.Name][i]
				err := ds.bindShape(&r.Reader, out, a, true)
				if err == nil && a.Kind == ir.Index {
					_, err = ds.toKind(&r.Reader, out, a) // its range may be a table
				}
				if err != nil {
					return source.AsList(err)[0].At(n.Span)
				}
			}
		}
	}
	return nil
}

// memberReader names a text of the program that is a member of a category, or
// the key of a row, which only the data numbers.
const memberReader = "member"

// ofCategory reports a reader of what binding has numbered, not of a file.
func ofCategory(r *ir.Reader) bool {
	return r.Name == memberReader || r.Name == askedReader || r.Name == inReader
}

func (ds *Dataset) readMember(r *ir.Reader, out ir.Output, at source.Span) (*array.Array, error) {
	switch r.Name {
	case askedReader:
		return ds.asked(r, out, at)
	case inReader:
		return ds.isIn(r), nil
	}
	return ds.member(r, at)
}

func (ds *Dataset) member(r *ir.Reader, at source.Span) (*array.Array, error) {
	of, text := r.Options["of"], r.Paths[0].Text
	id, found := int32(0), false
	if c := ds.cats[of]; c != nil {
		if id, found = c.ids[text]; !found {
			return nil, notMember(c, text).At(at)
		}
	} else if v := ds.views[of]; v != nil && v.src.keys != nil {
		for row := int32(0); int(row) < len(v.src.keys.texts) && !found; row++ {
			id, found = row, v.src.keyText(row) == text
		}
	}
	if !found {
		return nil, source.Dataf("D0117", source.Place{}, "no row of `%s` has the key %q", of, text).At(at)
	}
	return &array.Array{Kind: ir.Index, Shape: []int{}, I32: []int32{id}}, nil
}

// ReadTensor is the outputs of a read node.
func (ds *Dataset) ReadTensor(n *ir.Node) ([]*array.Array, error) {
	as, ok := ds.reads[n.Name]
	if !ok {
		return nil, source.Bugf(n.Span, "%s was not read", n.Name)
	}
	return as, nil
}

// Probe is the kind and sizes of the tensor that a reader would yield, for
// programs that do not say its type. Matrices of text are f64.
func Probe(r *ir.Reader, dir string, at source.Span) (ir.Kind, []int, error) {
	ds := &Dataset{opt: Options{Dir: dir, Memory: defaultMemory}}
	a, err := ds.readTensor(r, ir.Output{Type: ir.TensorOf(ir.F64, ir.N(0), ir.N(0))}, 1, at)
	if err != nil {
		return ir.NoKind, nil, err
	}
	return a.Kind, a.Shape, nil
}

func (ds *Dataset) readTensor(r *ir.Reader, out ir.Output, outputs int, at source.Span) (*array.Array, error) {
	if len(r.Paths) == 0 {
		return nil, source.Errorf("D0134", at, "`read %s` needs a path", r.Name)
	}
	path := r.Paths[0].Text
	if r.Name == "csv" || r.Name == "lines" {
		return ds.readMatrix(r, out.Type, path, at)
	}
	s, err := ds.openStream(path, at)
	if err != nil {
		return nil, err
	}
	defer s.close()
	switch r.Name {
	case "npy":
		return readNpy(path, s, ds.opt.Memory)
	case "idx":
		f, err := openIdx(s)
		if err != nil {
			return nil, err
		}
		return f.whole(ds.opt.Memory)
	case "safetensors":
		b, err := ds.readAll(path, ds.opt.Memory, at)
		if err != nil {
			return nil, err
		}
		st, err := ParseSafetensors(path, b)
		if err != nil {
			return nil, err
		}
		return st.Tensor(tensorName(r, out, outputs, st))
	}
	return nil, source.Errorf("D0134", at, "`%s` is no reader of tensors", r.Name)
}

// tensorName is the one given, or for several outputs the end of their names.
func tensorName(r *ir.Reader, out ir.Output, outputs int, st *Safetensors) string {
	if n := r.Options["tensor"]; n != "" || outputs == 1 {
		return n
	}
	name := out.Name
	for {
		if _, ok := st.entries[name]; ok {
			return name
		}
		i := strings.IndexAny(name, "/.")
		if i < 0 {
			return out.Name
		}
		name = name[i+1:]
	}
}

// whole reads all elements of an IDX file. Rows are read as they come, so
// that a header cannot claim memory that its file does not fill.
func (f *idxFile) whole(limit int64) (*array.Array, error) {
	want, ok := sizeOfShape(f.shape, kindSize(f.kind))
	if !ok || want > limit {
		return nil, source.Dataf("D0119", source.Place{File: f.s.path}, "`%s` claims sizes %v, more than the %s that are allowed", f.s.path, f.shape, byteText(limit))
	}
	var raw, buf []byte
	for at := int64(0); at < want; {
		n := min(want-at, 1<<20)
		buf = grow(buf, int(n))
		if err := readFull(f.s, buf, "D0123", "an IDX file"); err != nil {
			return nil, err
		}
		raw = append(raw, buf...)
		at += n
	}
	a, _ := plainKind(f.kind).decode(raw, bigEndian, f.shape)
	return a, nil
}

// readMatrix reads numbers in rows. A type of one dimension takes a single
// row or column, one of none a single number.
func (ds *Dataset) readMatrix(r *ir.Reader, t ir.Type, path string, at source.Span) (*array.Array, error) {
	d, err := dialectOf(r, at)
	if err != nil {
		return nil, err
	}
	b, err := ds.readAll(path, ds.opt.Memory, at)
	if err != nil {
		return nil, err
	}
	if b, err = dropBOM(path, b); err != nil {
		return nil, err
	}
	if _, given := r.Options["separator"]; r.Name == "lines" && !given {
		b = bytes.TrimRight(b, "\n") // a number a line
	}
	return parseMatrix(path, b, d, t)
}

func parseMatrix(path string, b []byte, d dialect, t ir.Type) (*array.Array, error) {
	c := &csvDecoder{dialect: d}
	in := &input{name: "value", as: asNumber, kind: t.Kind, width: 1, bound: -1}
	switch t.Kind {
	case ir.Bool:
		in.as = asBool
	case ir.Index:
		in.as = asIndex
	}
	v := &values{}
	v.reset(t.Kind)
	var names []string
	line, rows, cols := int64(1), 0, 0
	if d.header {
		var rest []byte
		var err error
		if names, rest, err = c.readHeader(path, b); err != nil {
			return nil, err
		}
		line += int64(countLines(b[:len(b)-len(rest)]))
		b = rest
	}
	l := &layout{columns: names}
	for i := 0; i < len(b); {
		start, n := i, 0
		for last := false; !last; n++ {
			var raw []byte
			var p *problem
			raw, i, last, p = c.field(b, i)
			if p == nil && n == 0 && last && len(trim(raw)) == 0 {
				n = -1 // a blank line
				continue
			}
			if p == nil {
				p = v.put(in, &d, raw, 0, 0)
			}
			if p != nil {
				e := source.Dataf(p.code, source.Place{File: path, Row: int64(rows + 1), Line: line, Column: l.column(n), Value: clip(raw)}, "%s", p.message)
				if p.hint != "" && p.code != "D0113" {
					e.WithHint("%s", p.hint)
				}
				return nil, e
			}
		}
		switch {
		case n == 0:
		case rows > 0 && n != cols:
			return nil, source.Dataf("D0106", source.Place{File: path, Row: int64(rows + 1), Line: line}, "this record has %s, the others have %d", count(n, "column"), cols)
		default:
			rows, cols = rows+1, n
		}
		line += int64(countLines(b[start:i]))
	}
	a := v.a
	a.Shape = []int{rows, cols}
	switch {
	case t.Rank() == 1 && cols == 1:
		a.Shape = []int{rows}
	case t.Rank() == 1 && rows == 1:
		a.Shape = []int{cols}
	case t.Rank() == 0 && rows == 1 && cols == 1:
		a.Shape = []int{}
	}
	return &a, nil
}

// bindShape compares the sizes of a tensor with its declared type. A symbol
// that stands alone in a size and is not yet known is bound by it; all says
// that by now everything must be known.
func (ds *Dataset) bindShape(r *ir.Reader, out ir.Output, a *array.Array, all bool) error {
	at := source.Place{File: r.Paths[0].Text}
	if len(a.Shape) != out.Type.Rank() {
		return source.Dataf("D0126", at, "%s is declared as %s, but the file has the sizes %s", outName(out), out.Type, sizesText(a.Shape))
	}
	for i, d := range out.Type.Dims {
		n := int64(a.Shape[i])
		unknown := ds.unknownIn(d)
		if len(unknown) == 1 && !all && ds.m.Node(unknown[0]) == nil {
			ds.solve(d, unknown[0], n)
			unknown = ds.unknownIn(d)
		}
		if len(unknown) > 0 {
			if all {
				return source.Dataf("D0126", at, "nothing gives the dimension `%s` of %s a size", d, outName(out))
			}
			continue
		}
		if m, ok := ds.sizeOf(d); !ok || m != n {
			e := source.Dataf("D0126", at, "%s is declared as %s, but the file has the sizes %s", outName(out), out.Type, sizesText(a.Shape))
			if _, fixed := d.Const(); !fixed {
				e.Message += fmt.Sprintf(": `%s` is %d, and %d here", d, m, n)
			}
			if !ok {
				e = source.Dataf("D0126", at, "no whole size makes `%s` equal to %d, as %s would need", d, n, outName(out))
			}
			return e
		}
	}
	return nil
}

func shortName(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// outName is what a message calls a tensor that is read: names with a point
// are no names of the program.
func outName(out ir.Output) string {
	if n := shortName(out.Name); !strings.Contains(n, ".") {
		return "`" + n + "`"
	}
	return "the tensor"
}

func sizesText(shape []int) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = itoa(int64(n))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (ds *Dataset) unknownIn(d ir.Dim) []string {
	set := map[string]bool{}
	d.Symbols(set)
	var out []string
	for _, s := range sortedKeys(set) {
		if _, ok := ds.size(s); !ok {
			out = append(out, s)
		}
	}
	return out
}

// solve finds the size of a symbol from d = n, where d is linear in it.
func (ds *Dataset) solve(d ir.Dim, sym string, n int64) {
	num, den, rest, ok := d.Linear(sym)
	if !ok || num == 0 {
		return
	}
	r := int64(0)
	if !rest.IsZero() {
		if r, ok = ds.sizeOf(rest); !ok {
			return
		}
	}
	if x := (n - r) * den; x%num == 0 && x/num >= 0 {
		ds.sizes[sym] = x / num
	}
}

// toKind converts a tensor to the declared kind where nothing is lost.
func (ds *Dataset) toKind(r *ir.Reader, out ir.Output, a *array.Array) (*array.Array, error) {
	want := out.Type.Kind
	at := source.Place{File: r.Paths[0].Text}
	switch {
	case a.Kind == want && want != ir.Index:
		return a, nil
	case a.Kind.IsFloat() && !want.IsFloat(), a.Kind == ir.F64 && want == ir.F32, a.Kind == ir.Bool != (want == ir.Bool):
		d := source.Dataf("D0126", at, "%s is declared as %s, but the file holds %s", outName(out), want, a.Kind)
		return nil, d.WithHint("declare it as %s and convert where you mean to: `%s(read %s(…))`", a.Kind, want, r.Name)
	}
	b := array.New(want, a.Shape...)
	bound := int64(-1)
	if n, ok := ds.sizeOf(out.Type.Bound); ok && want == ir.Index {
		bound = n
	}
	lo, hi := intRangeOf(want)
	for i := range a.Len() {
		if want.IsFloat() {
			x := a.Float(i)
			if b.SetFloat(i, x); b.Float(i) != x && x == x || !a.Kind.IsFloat() && int64(x) != a.Int(i) {
				at.Value = itoa(a.Int(i))
				return nil, source.Dataf("D0112", at, "this number does not fit into %s without rounding", want)
			}
			continue
		}
		x := a.Int(i)
		if x < lo || x > hi || want == ir.Index && bound >= 0 && x >= bound {
			at.Value = itoa(x)
			return nil, source.Dataf("D0114", at, "element %d of `%s` is outside of the range of %s", i, shortName(out.Name), out.Type.Elem())
		}
		b.SetInt(i, x)
	}
	return b, nil
}
