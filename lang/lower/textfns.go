package lower

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// texts are the functions of texts.
func texts() {
	intrinsic("lower", "lower(text) -> text", "The text in small letters.", lowerCall)
	intrinsic("length", "length(text) -> i64", "The number of characters of a text, or of the parts of `split(text, \",\")`.", lengthCall)
	intrinsic("matches", "matches(text, \"free|win\") -> bool", "Whether a regular expression (RE2) matches somewhere in the text; `^` and `$` are its ends.", matchesCall)
}

// Parts is a text cut at every separator.
type Parts struct {
	s   *Str
	sep string
}

// textArg is the first argument of a function of texts: a *Str, or a *Txt.
func (c *cx) textArg(name string, v Value, at source.Span) Value {
	switch v := v.(type) {
	case *Poison, *Txt, *Pick:
		return v
	case *Opt:
		c.errf("E0330", at, "this value may be missing (%s), and `%s` needs it", c.typeOf(v), name).
			hint("ask first: `if present(x) then … else …`")
		return poison
	}
	if s := c.asText(v); s != nil {
		return s
	}
	r := c.errf("E0541", at, "`%s` is of a text, and this is %s", name, c.describe(v))
	if name == "length" {
		r.hint("how many elements there are is `count(x for x in xs)`")
	}
	return poison
}

func lowerCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("lower", call, 1, 1)
	if !ok {
		return poison
	}
	return c.lowered(args[0].v, args[0].at)
}

func (c *cx) lowered(v Value, at source.Span) Value {
	switch v := c.textArg("lower", v, at).(type) {
	case *Txt:
		return &Txt{S: strings.ToLower(v.S), At: v.At}
	case *Str:
		return v.with(ir.TextStep{Op: "lower"})
	case *Pick:
		a, b := c.lowered(v.Then, at), c.lowered(v.Else, at)
		if !isPoison(a, b) {
			return &Pick{v.If, a, b}
		}
	}
	return poison
}

func lengthCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("length", call, 1, 1)
	if !ok {
		return poison
	}
	switch v := args[0].v.(type) {
	case *Parts:
		return c.ask(v.s, ir.TextStep{Op: "parts", Arg: v.sep}, ir.I64, call.at)
	case *List:
		return intNum(int64(len(v.Items)))
	}
	return c.overPick(args[0].v, ir.I64, call.at, func(v Value) Value {
		switch v := c.textArg("length", v, args[0].at).(type) {
		case *Txt:
			return intNum(int64(utf8.RuneCountInString(v.S)))
		case *Str:
			return c.ask(v, ir.TextStep{Op: "length"}, ir.I64, call.at)
		}
		return poison
	})
}

func matchesCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("matches", call, 2, 2)
	if !ok {
		return poison
	}
	p, ok := args[1].v.(*Txt)
	if !ok {
		c.errf("E0553", args[1].at, "a regular expression is a text that stands in the program, and this is %s", c.describe(args[1].v))
		return poison
	}
	re, err := regexp.Compile(p.S)
	if err != nil {
		c.errf("E0553", args[1].at, "%q is no regular expression: %s", p.S, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return poison
	}
	return c.overPick(args[0].v, ir.Bool, call.at, func(v Value) Value {
		switch v := c.textArg("matches", v, args[0].at).(type) {
		case *Txt:
			return &Flag{re.MatchString(v.S)}
		case *Str:
			return c.ask(v, ir.TextStep{Op: "matches", Arg: p.S}, ir.Bool, call.at)
		}
		return poison
	})
}

// splitText is `split(text, ",")`; ok is false where the first argument is no text.
func (c *cx) splitText(call *callArgs) (Value, bool) {
	if len(call.args) == 0 {
		return nil, false
	}
	v := call.args[0].val(c, nil)
	_, txt := v.(*Txt)
	if !txt && c.asText(v) == nil {
		return nil, false
	}
	args, ok := c.fixed("split", call, 2, 2)
	if !ok {
		return poison, true
	}
	sep, ok := args[1].v.(*Txt)
	if !ok || sep.S == "" {
		c.errf("E0541", args[1].at, "a text is cut at a text that stands in the program, and this is %s", c.describe(args[1].v)).hint("`split(x, \",\")[0]`")
		return poison, true
	}
	if t, ok := v.(*Txt); ok {
		out := &List{}
		for _, part := range strings.Split(t.S, sep.S) {
			out.Items = append(out.Items, &Txt{S: part, At: t.At})
		}
		return out, true
	}
	return &Parts{c.asText(v), sep.S}, true
}

// partAt is `split(text, ",")[1]`, empty where there are fewer parts.
func (c *cx) partAt(p *Parts, x *syntax.Index) Value {
	if len(x.Items) == 1 {
		if n, ok := c.expr(x.Items[0], nil).(*Num); ok {
			if i, ok := n.int(); ok && i >= 0 {
				return p.s.with(ir.TextStep{Op: "part", Arg: p.sep, N: int(i)})
			}
		}
	}
	c.errf("E0365", x.Span(), "a part of a text is chosen when the program is compiled, by a constant")
	return poison
}

// keyOfText replaces texts by their hashes, for `by:` of a split.
func (c *cx) keyOfText(v Value, at source.Span) Value {
	switch v := v.(type) {
	case *Str:
		return c.ask(v, ir.TextStep{Op: "hash"}, ir.I64, at)
	case *Pick:
		return poison // it has no hash
	case *Opt:
		return &Opt{c.keyOfText(v.Val, at), v.Has}
	case *Tup:
		out := &Tup{}
		for _, x := range v.Vals {
			out.Vals = append(out.Vals, c.keyOfText(x, at))
		}
		return out
	case *Rec:
		out := &Rec{Names: v.Names}
		for _, x := range v.Vals {
			out.Vals = append(out.Vals, c.keyOfText(x, at))
		}
		return out
	}
	return v
}
