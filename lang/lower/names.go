package lower

import (
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// name is the value of a name where it is used.
func (c *cx) name(n *syntax.Name) Value {
	v, ok := c.lookup(n.Name)
	if !ok {
		return c.unknown(n)
	}
	if c.inst == nil && c.tr == nil && v == Value(stepWord) {
		return c.unknown(n)
	}
	return v
}

// binding of a local name, for narrowing; nil where the name is not local.
func (c *cx) local(name string) *binding { return c.sc.find(name) }

// lookup finds a name: local, of the training at hand, of the module, of the
// modules open everywhere, built in.
func (c *cx) lookup(name string) (Value, bool) {
	if b := c.sc.find(name); b != nil {
		return b.val, true
	}
	if v, ok := c.trainWord(name); ok {
		return v, true
	}
	if d := c.mod.Decls[name]; d != nil {
		return c.value(d), true
	}
	if _, ok := c.mod.Dims[name]; ok {
		return dimNum(ir.Sym(name)), true
	}
	if m := c.mod.Imports[name]; m != nil {
		return &Namespace{name, m}, true
	}
	for _, m := range c.prog.Open {
		if d := m.Decls[name]; d != nil {
			return c.value(d), true
		}
	}
	return builtin(name)
}

// builtin finds a name that the compiler knows.
func builtin(name string) (Value, bool) {
	if in := intrinsics[name]; in != nil {
		return in, true
	}
	switch name {
	case "pi":
		return &Num{Big: bigPi, Float: true, Approx: true}, true
	case "random", "batch":
		return &Namespace{Name: name}, true
	case "training":
		return &Flag{false}, true
	}
	return nil, false
}

// unknown reports a name that means nothing.
func (c *cx) unknown(n *syntax.Name) Value {
	for _, b := range c.mod.File.Broken {
		if b == n.Name {
			return poison
		}
	}
	switch n.Name {
	case "step", "epoch":
		c.errf("E0213", n.Span(), "`%s` means something only inside `train`", n.Name)
		return poison
	}
	r := c.errf("E0214", n.Span(), "there is nothing called `%s` here", n.Name)
	if later[n.Name] {
		r.hint("`%s` is not part of this version", n.Name)
	} else if h := elsewhere[n.Name]; h != "" {
		r.hint("%s", h)
	} else if isStd(n.Name) {
		r.hint("write `import %s` at the top of the file", n.Name)
	} else if near := source.Nearest(n.Name, c.names()); near != "" {
		r.hint("did you mean `%s`?", near)
	} else if m := c.moduleWith(n.Name); m != "" {
		r.hint("the module `%s` has one: `import %s` and `%s.%s`", m, m, m, n.Name)
	}
	return poison
}

// elsewhere has words of other languages and what is written here instead.
var elsewhere = map[string]string{
	"len": "the rows of a table are `count(T)`; a dimension is a number itself", "size": "the rows of a table are `count(T)`; a dimension is a number itself",
	"range": "a range is `0..10`, and `n` alone counts below n: `[f(i) for i in n]`", "array": "a list is `[1, 2, 3]`", "tensor": "a list is `[1, 2, 3]`",
	"null": "a missing value has no name; ask with `present(x)`", "None": "a missing value has no name; ask with `present(x)`", "nan": "a missing value has no name; ask with `present(x)`",
	"True": "write `true`", "False": "write `false`", "ln": "the natural logarithm is `log`", "avg": "write `mean`", "average": "write `mean`",
	"matmul": "the product of matrices is `a @ b`", "mse": "the loss of a row is `squared(p, y)`; dfc takes the mean", "mae": "the loss of a row is `absolute(p, y)`; dfc takes the mean",
	"cumsum": "running sums are `scan((s, x) => s + x, 0, xs)`", "while": "a loop has a length that is known: `fold(s => …, s0, 100)`, which may leave the state as it is",
	"fixpoint": "a loop has a length that is known: `fold(s => …, s0, 100)`", "map": "for each element it is `[f(x) for x in xs]`", "filter": "it stands in an aggregate, `sum(x for x in xs if x > 0)`, or makes a table, `T |> where(r => r.x > 0)`",
	"reduce": "a loop with a state is `fold((s, x) => …, s0, xs)`", "where": "of two values one is chosen by `if c then a else b`; rows are chosen by `T |> where(r => …)`",
	"print": "`print` stands at the start of a line", "csv": "`table T from csv(\"a.csv\") { … }` or `read csv(…)`", "self": "the parameters of a model are known by their names alone",
}

// later has functions that a language such as this one could have, and that
// this version does not.
var later = map[string]bool{
	"conv": true, "conv2d": true, "max_pool": true, "avg_pool": true, "top_k": true, "cholesky": true, "triangular_solve": true, "solve": true,
	"logdet": true, "inverse": true, "inv": true, "qr": true, "svd": true, "eigh": true, "fft": true, "checkpoint": true, "group": true, "window": true,
	"einsum": true, "argsort": true,
}

func isStd(name string) bool {
	for _, m := range check.StdNames() {
		if m == name {
			return true
		}
	}
	return false
}

// moduleWith finds a module of the standard library that has a name.
func (c *cx) moduleWith(name string) string {
	l := &check.Loader{}
	for _, m := range check.StdNames() {
		if l.Has(m, name) {
			return m
		}
	}
	return ""
}

// names lists everything that a name could have meant.
func (c *cx) names() []string {
	var out []string
	for s := c.sc; s != nil; s = s.up {
		out = append(out, s.name)
	}
	for n := range c.mod.Decls {
		out = append(out, n)
	}
	for n := range c.mod.Imports {
		out = append(out, n)
	}
	for _, m := range c.prog.Open {
		for n := range m.Decls {
			out = append(out, n)
		}
	}
	for n := range intrinsics {
		if !strings.Contains(n, ".") {
			out = append(out, n)
		}
	}
	sort.Strings(out)
	return out
}

// value is the value of a declaration, evaluated when it is first needed.
func (e *el) value(d *check.Decl) Value {
	if b := e.global[d]; b != nil {
		return b.val
	}
	if d.Cyclic {
		return poison
	}
	if e.busy[d] {
		e.errf("E0212", d.At, "`%s` needs its own value", d.Name)
		return poison
	}
	e.busy[d] = true
	defer delete(e.busy, d)
	at := e.nodeAt
	e.nodeAt = d.Node.Span()
	defer func() { e.nodeAt = at }()
	v := Value(poison)
	e.guard(d.At, func() { v = e.evaluate(d) })
	if e.global[d] == nil {
		e.global[d] = &binding{val: v, at: d.At}
	}
	return e.global[d].val
}

// evaluate is value without the memory.
func (e *el) evaluate(d *check.Decl) Value {
	switch n := d.Node.(type) {
	case *syntax.Fn:
		return &FnRef{d, n}
	case *syntax.Model:
		return &ModelRef{d: d, n: n}
	case *syntax.Optimizer:
		return &OptimRef{d, n}
	case *syntax.Let:
		return e.globalLet(d, n)
	case *syntax.Dim:
		return e.globalDim(d, n)
	case *syntax.Setting:
		return e.setting(d, n)
	case *syntax.Category:
		return e.category(d, n)
	case *syntax.Table:
		return e.table(d, n)
	case *syntax.Train:
		return e.training(d, n)
	case *syntax.Param:
		return &globalParam{d, n}
	case *syntax.TypeDecl:
		return &typeName{d, n}
	}
	return poison
}

// typeName is the name of a type, which is no value.
type typeName struct {
	d *check.Decl
	n *syntax.TypeDecl
}

// globalDim is `dim n = count(T)` at top level.
func (e *el) globalDim(d *check.Decl, n *syntax.Dim) Value {
	c := e.graphCx(d.Module, n.Name.Name)
	return c.dimDecl(n)
}

func (c *cx) dimDecl(n *syntax.Dim) Value {
	v := c.expr(n.Value, check.DimT)
	if isPoison(v) {
		return poison
	}
	if num, ok := v.(*Num); ok {
		if d, ok := num.dim(); ok {
			return dimNum(d)
		}
	}
	c.errf("E0401", n.Value.Span(), "a dimension is a whole number known before the data is used, and this is %s", c.describe(v)).
		hint("numbers, other dimensions and `count(T)` of a table make one")
	return poison
}

func sorted(s []string) []string {
	sort.Strings(s)
	return s
}
