package lower

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// settings reports settings from outside that the program does not have.
func (e *el) settings() {
	var names []string
	for n, d := range e.prog.Main.Decls {
		if _, ok := d.Node.(*syntax.Setting); ok {
			names = append(names, n)
		}
	}
	sorted(names)
	for _, n := range sortedKeys(e.opt.Settings) {
		if !has(names, n) {
			r := e.errf("E0820", source.Span{}, "the program has no setting `%s`", n)
			if near := source.Nearest(n, names); near != "" {
				r.hint("did you mean `%s`?", near)
			} else if len(names) > 0 {
				r.hint("it has %s", strings.Join(names, ", "))
			} else {
				r.hint("it has none; `setting %s: f32 = 1` declares one", n)
			}
		}
	}
	for _, d := range e.prog.Main.File.Decls {
		if s, ok := d.(*syntax.Setting); ok && s.Name != nil {
			e.value(e.prog.Main.Decls[s.Name.Name])
		}
	}
}

// setting is the value of a setting: from outside, else its default.
func (e *el) setting(d *check.Decl, n *syntax.Setting) Value {
	c := e.graphCx(d.Module, d.Name)
	t := c.typ(n.Type)
	if t == check.Unknown {
		return poison
	}
	if !settable(t) {
		e.errf("E0821", n.Type.Span(), "a setting is a number, `bool`, `str` or `dim`, not %s", t)
		return poison
	}
	text, given := e.opt.Settings[d.Name]
	if given && d.Module == e.prog.Main {
		return c.settingText(n, t, text)
	}
	if n.Value == nil {
		e.errf("E0822", n.Span(), "the setting `%s` has no value", d.Name).hint("`--set %s=…`, or a default here", d.Name)
		return poison
	}
	v := c.expr(n.Value, t)
	return c.settingValue(v, t, n, n.Value.Span())
}

func settable(t check.Type) bool {
	switch t := t.(type) {
	case check.Tensor:
		return len(t.Dims) == 0 && t.Kind != ir.Index && !t.Kind.IsStorage()
	case check.Simple:
		return t == check.Text || t == check.DimT
	}
	return false
}

// settingValue keeps a number untyped, after seeing that it fits.
func (c *cx) settingValue(v Value, t check.Type, n *syntax.Setting, at source.Span) Value {
	if isPoison(v) {
		return poison
	}
	num, ok := v.(*Num)
	if !ok || num.mk != nil && num.Dim.IsZero() {
		if ok || !constant(v) {
			c.errf("E0823", at, "the value of a setting is a constant, and this is %s", c.describe(v))
			return poison
		}
		return c.coerce(v, t, place{at: at, what: "the setting `" + n.Name.Name + "`", from: n.Type.Span()})
	}
	w := c.coerce(v, t, place{at: at, what: "the setting `" + n.Name.Name + "`", from: n.Type.Span()})
	if isPoison(w) {
		return poison
	}
	if ten, ok := t.(check.Tensor); ok {
		own := *num
		own.Own = ten.Kind
		return &own
	}
	return num
}

func constant(v Value) bool {
	switch v.(type) {
	case *Flag, *Txt, *Num:
		return true
	}
	return false
}

// settingText reads a setting from the command line.
func (c *cx) settingText(n *syntax.Setting, t check.Type, text string) Value {
	bad := func(what string) Value {
		c.errf("E0824", n.Span(), "`--set %s=%s`: %s is needed", n.Name.Name, text, what)
		return poison
	}
	if t == check.Text {
		return &Txt{S: text, At: n.Span()}
	}
	if tt, ok := t.(check.Tensor); ok && tt.Kind == ir.Bool {
		switch text {
		case "true", "false":
			return &Flag{text == "true"}
		}
		return bad("`true` or `false`")
	}
	r, ok := parseNum(strings.ReplaceAll(text, "_", ""))
	if !ok {
		return bad("a number")
	}
	if t == check.DimT && (!r.IsInt() || r.Sign() < 0) {
		return bad("a whole number that is not negative")
	}
	return c.settingValue(&Num{Rat: r, Approx: hasPoint(text) || !r.IsInt()}, t, n, n.Span())
}
