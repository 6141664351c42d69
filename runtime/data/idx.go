package data

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// idxKinds are the kinds of IDX files.
var idxKinds = map[byte]ir.Kind{0x08: ir.U8, 0x09: ir.I8, 0x0b: ir.I16, 0x0c: ir.I32, 0x0d: ir.F32, 0x0e: ir.F64}

var bigEndian = binary.BigEndian

// idxFile is an open IDX file past its header: big-endian numbers, row by row.
type idxFile struct {
	s     *stream
	kind  ir.Kind
	shape []int
}

// openIdx reads the header: 0, 0, the kind, the number of dimensions, then
// each size in 4 bytes.
func openIdx(s *stream) (*idxFile, error) {
	var head [4]byte
	if err := readFull(s, head[:], "D0123", "an IDX file"); err != nil {
		return nil, err
	}
	f := &idxFile{s: s, kind: idxKinds[head[2]]}
	if head[0] != 0 || head[1] != 0 || f.kind == ir.NoKind || head[3] == 0 || head[3] > 8 {
		return nil, source.Dataf("D0123", source.Place{File: s.path}, "`%s` does not begin like an IDX file", s.path)
	}
	total := int64(1)
	for range head[3] {
		var size [4]byte
		if err := readFull(s, size[:], "D0123", "an IDX file"); err != nil {
			return nil, err
		}
		n := int64(binary.BigEndian.Uint32(size[:]))
		if n > 0 && total > math.MaxInt32*16/n {
			return nil, source.Dataf("D0123", source.Place{File: s.path}, "the sizes in the header of `%s` are too large to be true", s.path)
		}
		total *= n
		f.shape = append(f.shape, int(n))
	}
	return f, nil
}

// readFull reads just len(b) bytes.
func readFull(r io.Reader, b []byte, code, what string) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		path := ""
		if s, ok := r.(*stream); ok {
			path = s.path
		}
		return source.Dataf(code, source.Place{File: path}, "`%s` ends before its data does: it is no whole %s", path, what[3:])
	}
	return err
}

// inner is the number of elements after the leading dimension.
func (f *idxFile) inner() int {
	n := 1
	for _, s := range f.shape[1:] {
		n *= s
	}
	return n
}

// read decodes n elements into dst from element at on.
func (f *idxFile) read(dst *array.Array, at, n int, buf *[]byte) error {
	*buf = grow(*buf, n*kindSize(f.kind))
	if err := readFull(f.s, *buf, "D0123", "an IDX file"); err != nil {
		return err
	}
	decodeNumbers(dst, at, *buf, f.kind, binary.BigEndian)
	return nil
}

// decodeNumbers converts raw numbers of a kind into an array of that kind.
func decodeNumbers(dst *array.Array, at int, b []byte, kind ir.Kind, order binary.ByteOrder) {
	for i := 0; len(b) > 0; i++ {
		switch kind {
		case ir.U8, ir.Bool:
			copy(dst.U8[at:], b)
			return
		case ir.I8:
			dst.I8[at+i] = int8(b[0])
		case ir.I16:
			dst.I16[at+i] = int16(order.Uint16(b))
		case ir.U16:
			dst.U16[at+i] = order.Uint16(b)
		case ir.I32, ir.Index:
			dst.I32[at+i] = int32(order.Uint32(b))
		case ir.F32:
			dst.F32[at+i] = math.Float32frombits(order.Uint32(b))
		case ir.I64, ir.Key:
			dst.I64[at+i] = int64(order.Uint64(b))
		case ir.F64:
			dst.F64[at+i] = math.Float64frombits(order.Uint64(b))
		}
		b = b[kindSize(kind):]
	}
}

// readIdx reads a table whose fields each come from an IDX file.
func (t *table) readIdx() error {
	files := make([]*idxFile, len(t.inputs))
	rows := -1
	for _, p := range t.reader.Paths {
		k := t.inputNamed(p.Name)
		s, err := t.ds.openStream(p.Text, t.span)
		if err != nil {
			return err
		}
		defer s.close()
		f, err := openIdx(s)
		if err != nil {
			return err
		}
		if rows >= 0 && rows != f.shape[0] {
			return source.Dataf("D0123", source.Place{File: p.Text}, "`%s` has %d rows, the file before it %d", p.Text, f.shape[0], rows).At(t.span)
		}
		if rows = f.shape[0]; rows > mostRows {
			return t.tooManyRows(p.Text)
		}
		t.files = []fileRows{{p.Text, int64(rows)}}
		if k < 0 {
			continue
		}
		if err := t.checkIdx(f, t.inputs[k]); err != nil {
			return err
		}
		files[k] = f
	}
	for k, in := range t.inputs {
		if files[k] == nil {
			return source.Dataf("D0104", source.Place{}, "no file is given for the field `%s`", in.name).At(in.at(t.span))
		}
	}
	for at := 0; at < rows; at += ChunkRows {
		if err := t.idxRows(files, at, min(ChunkRows, rows-at)); err != nil {
			return err
		}
	}
	t.store.rows = int64(rows)
	return t.store.close()
}

// inputNamed finds the input of a field; a nameless file feeds the only one.
func (t *table) inputNamed(name string) int {
	for k, in := range t.inputs {
		if in.name == name || name == "" && len(t.node.Fields) == 1 {
			return k
		}
	}
	return -1
}

func (t *table) checkIdx(f *idxFile, in *input) error {
	if f.inner() != in.width || len(f.shape)-1 != len(in.col.shape) {
		return source.Dataf("D0126", source.Place{File: f.s.path}, "a row of `%s` has sizes %v, but `%s` is declared with %v",
			f.s.path, f.shape[1:], in.name, in.col.shape).At(in.at(t.span))
	}
	for i, n := range in.col.shape {
		if f.shape[i+1] != n {
			return source.Dataf("D0126", source.Place{File: f.s.path}, "a row of `%s` has sizes %v, but `%s` is declared with %v",
				f.s.path, f.shape[1:], in.name, in.col.shape).At(in.at(t.span))
		}
	}
	if f.kind.IsFloat() && !in.kind.IsFloat() || f.kind == ir.F64 && in.kind == ir.F32 {
		return source.Dataf("D0126", source.Place{File: f.s.path}, "`%s` holds %s, which `%s` would cut to %s", f.s.path, f.kind, in.name, in.kind).At(in.at(t.span))
	}
	return nil
}

// idxRows decodes and appends rows at..at+n.
func (t *table) idxRows(files []*idxFile, at, n int) error {
	vals, ids := make([]values, len(files)), make([][]int32, len(files))
	var buf []byte
	for k, f := range files {
		in := t.inputs[k]
		raw := array.New(f.kind, n*in.width)
		if err := f.read(raw, 0, n*in.width, &buf); err != nil {
			return err
		}
		if f.kind == in.kind {
			vals[k].a = *raw
			continue
		}
		if err := t.convert(f, in, raw, &vals[k].a, at); err != nil {
			return err
		}
	}
	return t.store.append(t.inputs, vals, 0, n, ids)
}

// convert changes the kind of elements, checking that each fits.
func (t *table) convert(f *idxFile, in *input, raw, out *array.Array, first int) error {
	*out = *array.New(in.kind, raw.Len())
	lo, hi := intRangeOf(in.kind)
	for i := range raw.Len() {
		if in.kind.IsFloat() {
			out.SetFloat(i, raw.Float(i))
			continue
		}
		x := raw.Int(i)
		p := (*problem)(nil)
		if in.as == asIndex {
			p = checkIndex(in.name, x, in.bound)
		} else if x < lo || x > hi {
			p = bad("D0112", "this number does not fit into %s, which holds %d to %d", in.kind, lo, hi)
		}
		if p != nil {
			at := source.Place{File: f.s.path, Row: int64(first + i/in.width + 1), Column: in.name, Value: itoa(x)}
			return source.Dataf(p.code, at, "%s", p.message).At(in.at(t.span))
		}
		out.SetInt(i, x)
	}
	return nil
}
