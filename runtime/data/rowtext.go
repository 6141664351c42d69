package data

import (
	"bufio"
	"bytes"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// RowText makes the text of rows that are written one by one, as a table would
// be, for files that grow.
type RowText struct {
	rows *TableWriter
	out  *Output
	text bytes.Buffer
}

// NewRowText is for rows with the format and columns of w; types are those of
// the columns' values and ds says what indices print as.
func NewRowText(w *ir.Write, types []ir.Type, ds *Dataset, at source.Span) (*RowText, error) {
	r := &RowText{out: &Output{path: w.Path, span: at}}
	r.out.buf = bufio.NewWriter(&r.text)
	var err error
	r.rows, err = NewTableWriter(r.out, w, types, ds)
	return r, err
}

// Row is the text of a row, behind a header where it is the first. Every value
// has a leading dimension of 1. The text is valid until the next call.
func (r *RowText) Row(values []*array.Array, first bool) ([]byte, error) {
	r.text.Reset()
	r.rows.begun = !first
	err := r.rows.Rows(values, nil, 1)
	if e := r.out.buf.Flush(); err == nil {
		err = e
	}
	return r.text.Bytes(), err
}
