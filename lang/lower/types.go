package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// typeCx says how names in a type are read. With open, unknown dimensions are
// those that a signature leaves open.
type typeCx struct {
	*cx
	open map[string]source.Span
	args map[string]*check.Type // parameters of a named type
	free bool                   // in a named type: `real` is the unknown kind of the signature that names it
}

// typ reads a type where every dimension is known.
func (c *cx) typ(t syntax.Type) check.Type {
	return (&typeCx{cx: c}).typ(t)
}

func (t *typeCx) typ(x syntax.Type) check.Type {
	switch x := x.(type) {
	case *syntax.Path:
		return t.path(x)
	case *syntax.IndexType:
		if d, ok := t.dim(x.Bound); ok {
			return t.indexType(d)
		}
		return check.Unknown
	case *syntax.Optional:
		in := t.typ(x.X)
		if _, twice := in.(check.Opt); twice {
			t.errf("E0311", x.Span(), "a value cannot be missing twice")
			return in
		}
		if in == check.Unknown {
			return in
		}
		return check.Opt{X: in}
	case *syntax.Of:
		return t.of(x)
	case *syntax.TupleType:
		return check.Tuple{Items: t.types(x.Items)}
	case *syntax.FuncType:
		return check.Func{Args: t.types(x.Args), Result: t.typ(x.Result)}
	case *syntax.RecordType:
		return t.record(x)
	}
	return check.Unknown
}

func (t *typeCx) types(xs []syntax.Type) []check.Type {
	out := make([]check.Type, len(xs))
	for i, x := range xs {
		out[i] = t.typ(x)
	}
	return out
}

func (t *typeCx) indexType(d ir.Dim) check.Type {
	return check.Tensor{Kind: ir.Index, Bound: d, Of: t.tableOf(ir.IndexOf(d))}
}

func (t *typeCx) record(x *syntax.RecordType) check.Type {
	r := check.Record{}
	for _, it := range x.Fields.Items {
		f, ok := it.(*syntax.Field)
		if !ok || f.Key || f.From != nil || f.If != nil {
			t.errf("E0312", it.Span(), "a record type holds `name: type` and nothing else")
			if !ok {
				continue
			}
		}
		for _, n := range r.Names {
			if n == f.Name.Name {
				t.errf("E0313", f.Name.Span(), "the record has two fields `%s`", n)
			}
		}
		r.Names = append(r.Names, f.Name.Name)
		r.Types = append(r.Types, t.typ(f.Type))
	}
	return r
}

// of is a type over dimensions.
func (t *typeCx) of(x *syntax.Of) check.Type {
	if p, ok := x.X.(*syntax.Path); ok {
		if v := t.typeDecl(p); v != nil {
			return t.named(v, x.Dims, x)
		}
	}
	in := t.typ(x.X)
	var dims []ir.Dim
	for _, e := range x.Dims {
		d, ok := t.dim(e)
		if !ok {
			return check.Unknown
		}
		dims = append(dims, d)
	}
	switch in := in.(type) {
	case check.Tensor:
		in.Dims = append(append([]ir.Dim{}, dims...), in.Dims...)
		return in
	case check.Record, check.Tuple, check.Opt:
		return check.Array{Elem: in, Dims: dims}
	case check.Array:
		return check.Array{Elem: in.Elem, Dims: append(dims, in.Dims...)}
	case check.Simple:
		if in == check.Unknown {
			return in
		}
	}
	t.errf("E0314", x.Span(), "`%s` has no dimensions", in)
	return check.Unknown
}

// typeDecl finds `type Cell[k] = …`.
func (t *typeCx) typeDecl(p *syntax.Path) *typeName {
	var d *check.Decl
	switch len(p.Parts) {
	case 1:
		d = check.Find(t.prog, t.mod, p.Parts[0].Name)
	case 2:
		if m := t.mod.Imports[p.Parts[0].Name]; m != nil {
			d = m.Decls[p.Parts[1].Name]
		}
	}
	if d == nil {
		return nil
	}
	n, ok := d.Node.(*syntax.TypeDecl)
	if !ok {
		return nil
	}
	return &typeName{d, n}
}

// named replaces the dimensions of a named type.
func (t *typeCx) named(n *typeName, dims []syntax.Expr, at syntax.Node) check.Type {
	if len(dims) != len(n.n.Dims) {
		t.errf("E0315", at.Span(), "`%s` has %s, and %d are given", n.d.Name, many(len(n.n.Dims), "dimension"), len(dims)).note(n.d.At, "declared here")
		return check.Unknown
	}
	if t.busy[n.d] {
		t.errf("E0316", n.d.At, "the type `%s` contains itself", n.d.Name)
		return check.Unknown
	}
	t.busy[n.d] = true
	defer delete(t.busy, n.d)
	inner := t.el.root(n.d.Module)
	for i, x := range dims {
		dim, ok := t.dim(x)
		if !ok {
			return check.Unknown
		}
		inner = inner.with(n.n.Dims[i].Name, n.n.Dims[i].Span(), &Num{Dim: dim, mk: dimNum(dim).mk, Rat: dimNum(dim).Rat})
	}
	// `real` is what it is where the type is named.
	d := *inner
	d.real = t.defaultKind()
	return (&typeCx{cx: &d, free: t.unknownReal()}).typ(n.n.Type)
}

func (t *typeCx) unknownReal() bool { return t.free || t.open != nil && t.real == ir.NoKind }

// path is a type that is a name.
func (t *typeCx) path(p *syntax.Path) check.Type {
	name := p.Parts[0].Name
	if len(p.Parts) == 1 {
		switch name {
		case "real":
			if t.unknownReal() {
				return check.Tensor{Kind: ir.NoKind}
			}
			return check.Tensor{Kind: t.defaultKind()}
		case "str":
			return check.Text
		case "time":
			return check.Time
		case "dim":
			return check.DimT
		case "key":
			return check.KeyT
		}
		if k := ir.KindOf(name); k != ir.NoKind && k != ir.Index && k != ir.Key {
			return check.Tensor{Kind: k}
		}
	}
	if n := t.typeDecl(p); n != nil {
		return t.named(n, nil, p)
	}
	if v, ok := t.pathValue(p); ok {
		switch v := v.(type) {
		case *Tab:
			return v.T.RowType()
		case *Poison:
			return check.Unknown
		case *paramsType:
			return check.Params{Model: v.m.name()}
		case *Num:
			t.errf("E0317", p.Span(), "`%s` is a dimension, not a type", p).hint("an integer below it is an `index[%s]`", p)
			return check.Unknown
		}
		t.errf("E0318", p.Span(), "`%s` is no type", p)
		return check.Unknown
	}
	if len(p.Parts) == 1 {
		for _, b := range t.mod.File.Broken {
			if b == name {
				return check.Unknown
			}
		}
	}
	r := t.errf("E0319", p.Span(), "there is no type `%s`", p)
	if own := kindsElsewhere[name]; own != "" {
		r.hint("write %s", own)
	} else {
		r.hint("the kinds are f32, f64, i32, i64 and bool").suggest(name, t.typeNames())
	}
	return check.Unknown
}

// kindsElsewhere has the kinds of other languages and those here.
var kindsElsewhere = map[string]string{
	"int": "`i32` or `i64`", "integer": "`i32` or `i64`", "Int": "`i32` or `i64`", "long": "`i64`", "float": "`f32` or `f64`", "Float": "`f32` or `f64`",
	"double": "`f64`", "number": "`f32` or `f64`", "string": "`str`, or `category` to compute with it", "String": "`str`, or `category` to compute with it",
	"text": "`str`, or `category` to compute with it", "boolean": "`bool`", "Bool": "`bool`", "date": "`time`, or `str`", "datetime": "`time`",
}

// pathValue evaluates `Users`, `Penguins.sex`, `price.params`.
func (t *typeCx) pathValue(p *syntax.Path) (Value, bool) {
	d := check.Find(t.prog, t.mod, p.Parts[0].Name)
	var v Value
	if b := t.sc.find(p.Parts[0].Name); b != nil {
		v = b.val
	} else if d != nil {
		v = t.value(d)
	} else if m := t.mod.Imports[p.Parts[0].Name]; m != nil {
		v = &Namespace{p.Parts[0].Name, m}
	} else {
		return nil, false
	}
	for _, part := range p.Parts[1:] {
		v = t.member(v, part)
		if v == nil {
			return nil, false
		}
	}
	return v, true
}

// member is what a path in a type may select: a module's declaration, a
// category of a table, the parameters of a model.
func (t *typeCx) member(v Value, n *syntax.Name) Value {
	switch v := v.(type) {
	case *Namespace:
		if v.Mod != nil && v.Mod.Decls[n.Name] != nil {
			return t.value(v.Mod.Decls[n.Name])
		}
	case *Tab:
		if f := v.T.Field(n.Name); f != nil {
			ft := f.Type
			if o, ok := ft.(check.Opt); ok {
				ft = o.X
			}
			if ten, ok := ft.(check.Tensor); ok && ten.Of != nil {
				return &Tab{ten.Of}
			}
		}
	case *ModelRef:
		if n.Name == "params" {
			return &paramsType{v}
		}
	}
	return nil
}

// paramsType is `price.params` where a type stands.
type paramsType struct{ m *ModelRef }

func (t *typeCx) typeNames() []string {
	out := []string{"f32", "f64", "i32", "i64", "bool", "u8", "i8", "u16", "i16", "real", "str", "time", "dim", "index"}
	for n, d := range t.mod.Decls {
		switch d.Node.(type) {
		case *syntax.Table, *syntax.Category, *syntax.TypeDecl:
			out = append(out, n)
		}
	}
	return out
}

// defaultKind is the kind of a constant that meets nothing.
func (c *cx) defaultKind() ir.Kind {
	if c.real != ir.NoKind {
		return c.real
	}
	return c.prec
}

// dim reads a dimension.
func (t *typeCx) dim(x syntax.Expr) (ir.Dim, bool) {
	switch x := x.(type) {
	case *syntax.Number:
		r, ok := parseNum(x.Text)
		if ok && r.IsInt() && r.Num().IsInt64() && r.Sign() >= 0 {
			return ir.N(r.Num().Int64()), true
		}
		t.errf("E0402", x.Span(), "a dimension is a whole number that is not negative, not %s", x.Text)
		return ir.Dim{}, false
	case *syntax.Name:
		return t.dimName(x)
	case *syntax.Select:
		return t.dimValue(x, t.cx.expr(x, check.DimT))
	case *syntax.Binary:
		return t.dimOp(x)
	case *syntax.Call:
		if f, ok := x.Fun.(*syntax.Name); ok && len(x.Args) == 2 && f.Name == "div" {
			a, ok1 := t.dim(x.Args[0])
			b, ok2 := t.dim(x.Args[1])
			if !ok1 || !ok2 {
				return ir.Dim{}, false
			}
			return t.quotient(x, a, b, ir.Dim.Div)
		}
		if f, ok := x.Fun.(*syntax.Name); ok && f.Name == "count" {
			return t.dimValue(x, t.cx.expr(x, check.DimT))
		}
	}
	t.errf("E0403", x.Span(), "this is no dimension").hint("a dimension is made of numbers, names, `+ - * /` and `div(a, b)`")
	return ir.Dim{}, false
}

func (t *typeCx) quotient(x syntax.Expr, a, b ir.Dim, f func(a, b ir.Dim) ir.Dim) (ir.Dim, bool) {
	if n, ok := b.Const(); ok && n <= 0 {
		t.errf("E0404", x.Span(), "a dimension is divided by %d", n)
		return ir.Dim{}, false
	}
	d := f(a, b)
	if _, ok := a.Const(); ok {
		if _, ok := b.Const(); ok {
			if _, whole := d.Const(); !whole {
				t.errf("E0405", x.Span(), "%s is not divisible by %s", a, b).hint("`div(a, b)` rounds down")
				return ir.Dim{}, false
			}
		}
	}
	return d, true
}

func (t *typeCx) dimOp(x *syntax.Binary) (ir.Dim, bool) {
	a, ok1 := t.dim(x.X)
	b, ok2 := t.dim(x.Y)
	if !ok1 || !ok2 {
		return ir.Dim{}, false
	}
	switch x.Op {
	case "+":
		return a.Add(b), true
	case "-":
		d := a.Sub(b)
		if n, ok := d.Const(); ok && n < 0 {
			t.errf("E0406", x.Span(), "this dimension is negative: %d", n)
			return ir.Dim{}, false
		}
		return d, true
	case "*":
		return a.Mul(b), true
	case "/":
		return t.quotient(x, a, b, ir.Dim.Quo)
	}
	t.errf("E0403", x.Span(), "`%s` makes no dimension", x.Op).hint("a dimension is made of numbers, names, `+ - * /` and `div(a, b)`")
	return ir.Dim{}, false
}

// dimName is a dimension that is a name; in a signature, one that the program
// does not know stands for any.
func (t *typeCx) dimName(n *syntax.Name) (ir.Dim, bool) {
	if b := t.sc.find(n.Name); b != nil {
		return t.dimValue(n, b.val)
	}
	if d := check.Find(t.prog, t.mod, n.Name); d != nil && t.isDim(d) {
		return t.dimValue(n, t.value(d))
	}
	if _, ok := t.mod.Dims[n.Name]; ok {
		return ir.Sym(n.Name), true
	}
	if t.open != nil {
		if _, seen := t.open[n.Name]; !seen {
			t.open[n.Name] = n.Span()
		}
		return ir.Sym(check.Meta + n.Name), true
	}
	if v, ok := t.lookup(n.Name); ok {
		return t.dimValue(n, v)
	}
	t.errf("E0407", n.Span(), "there is no dimension `%s` here", n.Name).hint("`dim %s = …` declares one", n.Name).suggest(n.Name, t.dimNames())
	return ir.Dim{}, false
}

// isDim reports whether a declaration is known as a dimension everywhere.
func (t *typeCx) isDim(d *check.Decl) bool {
	switch n := d.Node.(type) {
	case *syntax.Table, *syntax.Category, *syntax.Dim:
		return true
	case *syntax.Setting:
		p, ok := n.Type.(*syntax.Path)
		return ok && p.String() == "dim"
	}
	return false
}

func (t *typeCx) dimNames() []string {
	var out []string
	for n, d := range t.mod.Decls {
		if t.isDim(d) {
			out = append(out, n)
		}
	}
	for n := range t.mod.Dims {
		out = append(out, n)
	}
	for s := t.sc; s != nil; s = s.up {
		if num, ok := s.b.val.(*Num); ok {
			if _, ok := num.dim(); ok {
				out = append(out, s.name)
			}
		}
	}
	return out
}

func (t *typeCx) dimValue(x syntax.Node, v Value) (ir.Dim, bool) {
	switch v := v.(type) {
	case *Poison:
		return ir.Dim{}, false
	case *Tab:
		return v.T.Dim, true
	case *Num:
		if d, ok := v.dim(); ok {
			if n, ok := d.Const(); ok && n < 0 {
				t.errf("E0406", x.Span(), "this dimension is negative: %d", n)
				return ir.Dim{}, false
			}
			return d, true
		}
		if v.exact() && v.untyped() {
			s, _ := v.text()
			t.errf("E0402", x.Span(), "a dimension is a whole number that is not negative, not %s", s)
			return ir.Dim{}, false
		}
	case *Ten:
		t.errf("E0408", x.Span(), "this number is computed while the program runs and cannot be a dimension").
			hint("only sizes can: a `dim`, a number, a table, `count(T)`")
		return ir.Dim{}, false
	}
	r := t.errf("E0408", x.Span(), "%s is no dimension", t.describe(v))
	if _, typed := v.(*Num); typed {
		r.hint("a dimension is a `dim`, a whole number without a type, a table, `count(T)`")
	}
	return ir.Dim{}, false
}
