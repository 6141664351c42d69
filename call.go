package dfc

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
	"github.com/dfc-lang/dfc/runtime/train"
)

// call is a planned function with its arguments in place.
type call struct {
	fn      *ir.Func
	planned *runtime.Function
	in      []*array.Array
	out     []*array.Array
	cols    []int // inputs that are columns, in order
	reqs    []data.ColumnReq
	row     int // input that is the row numbers, -1 for none
	actual  map[string]int64
	symbol  string // of the rows, "" where the function is not of rows
	number  array.Array
}

// newCall plans a function, once for a session, and fetches its arguments.
// rows is the symbol of its rows, "" for a function that is not of rows.
func (s *session) newCall(name, rows string, owner *ir.Node) (*call, error) {
	fn := s.module.Func(name)
	if fn == nil {
		return nil, source.Bugf(owner.Span, "%s calls %s, which is not there", owner.Name, name)
	}
	f, err := s.function(name, nil)
	if err != nil {
		return nil, err
	}
	c := &call{fn: fn, planned: f, row: -1, symbol: rows}
	c.in, c.out = make([]*array.Array, len(fn.Inputs)), make([]*array.Array, len(fn.Results()))
	if rows != "" {
		c.actual = map[string]int64{}
	}
	for i, in := range fn.Inputs {
		switch in.Role {
		case ir.Col:
			t := fn.Params()[i].Type
			c.cols = append(c.cols, i)
			c.reqs = append(c.reqs, data.ColumnReq{Path: in.Bind, Type: t.Inner()})
		case ir.RowNumber:
			c.row = i
		default:
			if c.in[i], err = s.input(in, owner); err != nil {
				return nil, err
			}
		}
	}
	c.number = array.Array{Kind: ir.I64, Shape: []int{0}}
	return c, nil
}

// function is a planned function; one that donates is planned anew.
func (s *session) function(name string, donate map[int]int) (*runtime.Function, error) {
	if f, ok := s.planned[name]; ok && donate == nil {
		return f, nil
	}
	f, err := s.program.Function(name, donate)
	if err != nil {
		return nil, err
	}
	if donate == nil {
		s.planned[name] = f
	}
	return f, nil
}

// once runs a function that is not of rows.
func (c *call) once() error {
	if err := c.planned.Run(c.in, c.out, nil); err != nil {
		return train.FaultAt(err, nil, nil)
	}
	return nil
}

// rows runs a row function over columns; numbers are those of the rows.
func (c *call) rows(cols []*array.Array, numbers []int64) error {
	for i, at := range c.cols {
		c.in[at] = cols[i]
	}
	c.number.I64, c.number.Shape[0] = numbers, len(numbers)
	if c.row >= 0 {
		c.in[c.row] = &c.number
	}
	c.actual[c.symbol] = int64(len(numbers))
	return c.planned.Run(c.in, c.out, c.actual)
}

// stream runs a row function over a whole table in file order, batch by
// batch; each gets every batch, its results standing in c.out.
func (s *session) stream(table string, c *call, extra []data.ColumnReq, each func(b *data.Batch) error) error {
	reqs := append(append([]data.ColumnReq{}, c.reqs...), extra...)
	b, err := s.data.Batches(table, reqs, data.OrderSpec{}, rowsAtOnce)
	if err != nil {
		return err
	}
	defer b.Close()
	for {
		if err := s.stopped(); err != nil {
			return err
		}
		var batch *data.Batch
		err := s.bound.profile.In(partData, func() (err error) {
			batch, err = b.Next()
			return err
		})
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.rows(batch.Cols[:len(c.reqs)], batch.Rows()); err != nil {
			return train.FaultAt(err, &c.number, func(row int64) source.Place { return s.data.Locate(table, row) })
		}
		if err := each(batch); err != nil {
			return err
		}
	}
}

// input is the value of an input that no row feeds.
func (s *session) input(in ir.Input, owner *ir.Node) (*array.Array, error) {
	switch in.Role {
	case ir.Given:
		return s.given(in.Bind, owner)
	case ir.Weight, ir.State:
		if every := everyOf(owner); every != "" {
			return s.given(ir.TrainOf(every)+"/"+in.Bind, owner)
		}
		for _, n := range s.module.Nodes {
			if a, ok := s.values[n.Name+"/"+in.Bind]; ok {
				return a, nil
			}
		}
	case ir.Column:
		return s.column(in.Bind)
	case ir.Seed:
		a := array.New(ir.Key)
		stream, step, _ := strings.Cut(in.Bind, "@") // "fit@20": as step 20 of a training draws
		at, _ := strconv.ParseInt(step, 10, 64)
		a.I64[0] = train.StreamKey(s.seed(), stream, at)
		return a, nil
	case ir.Step, ir.Epoch:
		a := array.New(ir.I64)
		a.I64[0] = 1
		return a, nil
	}
	return nil, source.Bugf(owner.Span, "nothing feeds the input %s %q of %s", in.Role, in.Bind, owner.Name)
}

// given is an output of an earlier node.
func (s *session) given(name string, owner *ir.Node) (*array.Array, error) {
	if a, ok := s.values[name]; ok {
		return a, nil
	}
	return nil, source.Bugf(owner.Span, "%s needs %s, which is not computed", owner.Name, name)
}

// column is a whole column, read once.
func (s *session) column(bind string) (*array.Array, error) {
	if a, ok := s.columns[bind]; ok {
		return a, nil
	}
	t, ok := s.columnType(bind)
	if !ok {
		return nil, source.Bugf(source.Span{}, "nothing asks for the column %s", bind)
	}
	a, err := s.data.Whole(bind, t)
	if err == nil {
		s.columns[bind] = a
	}
	return a, err
}

// columnType is the type that functions expect of a whole column.
func (s *session) columnType(bind string) (ir.Type, bool) {
	for _, f := range s.module.Funcs {
		for i, in := range f.Inputs {
			if in.Role == ir.Column && in.Bind == bind {
				return f.Params()[i].Type, true
			}
		}
	}
	return ir.Type{}, false
}
