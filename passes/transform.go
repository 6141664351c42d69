package passes

import "github.com/dfc-lang/dfc/ir"

// JVP adds fn in forward mode to m (see ir.Request): in says which parameters
// carry tangents.
func JVP(m *ir.Module, fn string, in []bool) (*ir.Func, error) {
	return request(m, fn, ir.Request{Kind: "jvp", In: in})
}

// VJP adds fn in reverse mode to m: in says which parameters get cotangents,
// out which results carry them (nil: every float result).
func VJP(m *ir.Module, fn string, in, out []bool) (*ir.Func, error) {
	return request(m, fn, ir.Request{Kind: "vjp", In: in, Out: out})
}

// Batch adds fn over a new leading dimension d of the parameters in; rows
// says that they are the rows of a table.
func Batch(m *ir.Module, fn string, in []bool, d ir.Dim, rows bool) (*ir.Func, error) {
	return request(m, fn, ir.Request{Kind: "batch", In: in, D: d, Rows: rows})
}

// request realises one transform of a function, and whatever fn asks for
// inside. The result is memoised within one call only.
func request(m *ir.Module, fn string, q ir.Request) (f *ir.Func, err error) {
	defer asDiagnostic(&err)
	v := newDeriver(m)
	name := v.realise(ir.CallAttrs{Fn: fn, Req: []ir.Request{q}})
	return m.Func(name), nil
}
