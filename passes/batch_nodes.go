package passes

import "github.com/dfc-lang/dfc/ir"

// RowsSymbol is the dimension of a batch of rows in the functions that nodes
// other than trainings run over a table; RowsSize its capacity. No table or
// category of a program can have that name.
const (
	RowsSymbol = "$rows"
	RowsSize   = 1024
)

// batchNodes gives every reduce, derive and write over a table a function that
// takes $rows rows at once, and renames the node's Fn to it: from then on a
// node's Fn is a batched function `NAME.batch` in which Col and RowNumber
// inputs, and every result, have the leading dimension $rows; all other inputs
// are as before. Functions of compute and test nodes stay as they are.
func batchNodes(m *ir.Module) {
	done := map[string]string{}
	for _, n := range m.Nodes {
		var fn *string
		switch b := n.Body.(type) {
		case *ir.Derive:
			fn = &b.Fn
		case *ir.Reduce:
			fn = &b.Fn
		case *ir.Write:
			if b.Table != "" {
				fn = &b.Fn
			}
		}
		if fn == nil || *fn == "" || m.Func(*fn) == nil {
			continue
		}
		if done[*fn] == "" {
			name := batchFunc(m, m.Func(*fn)).Name
			done[*fn], done[name] = name, name
		}
		*fn = done[*fn]
	}
	if m.Symbol(RowsSymbol) == nil {
		m.Symbols = append(m.Symbols, &ir.Symbol{Name: RowsSymbol, Class: ir.Batch, Size: RowsSize, From: "rows at a time"})
	}
}

func batchFunc(m *ir.Module, f *ir.Func) *ir.Func {
	d := ir.Sym(RowsSymbol)
	g := ir.NewFunc(unused(m, f.Name+".batch"))
	g.Span = f.Span
	on := rowMask(f)
	for i, p := range f.Params() {
		t := p.Type
		if on[i] {
			t = t.Lead(d)
		}
		g.AddParam(p.Name, t, f.Inputs[i]).Span = p.Span
	}
	b := ir.NewBuilder(m, g)
	b.Span = f.Span
	rs := b.Op("call", ir.CallAttrs{Fn: f.Name, Req: []ir.Request{{Kind: "batch", In: on, D: d, Rows: true}}}, g.Params()...)
	for i, x := range f.Results() {
		rs[i].Name = x.Name
	}
	b.Return(rs...)
	return m.Add(g)
}
