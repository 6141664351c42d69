package syntax

import (
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// This file parses the smallest expressions, and everything in brackets.

func (p *parser) primary() Expr {
	t := p.tok()
	p.missing("an expression expected")
	switch t.kind {
	case kNumber:
		p.next()
		return &Number{p.tokenPos(t), t.text}
	case kDuration:
		return p.duration()
	case kText:
		return p.text("a text")
	case kName:
		return p.nameExpr()
	case kReserved:
		return p.reservedExpr(t)
	case kSym:
		switch t.text {
		case "(":
			return p.paren()
		case "[":
			return p.list()
		case "{":
			return p.brace()
		}
	}
	p.noExpr(t)
	return nil
}

func (p *parser) nameExpr() Expr {
	t := p.tok()
	if p.atRead() {
		return p.read()
	}
	p.next()
	if t.text == "_" {
		w := &Wildcard{p.tokenPos(t)}
		p.wild = append(p.wild, w)
		return w
	}
	return &Name{p.tokenPos(t), t.text}
}

func (p *parser) reservedExpr(t *token) Expr {
	switch t.text {
	case "true", "false":
		p.next()
		return &Bool{p.tokenPos(t), t.text == "true"}
	case "if":
		p.fail(p.errorf("E0124", t, "`if … then … else …` as an operand stands in parentheses").
			WithHint("write `1 + (if a then b else c)`"))
	case "fn":
		p.fail(p.errorf("E0110", t, "`fn` declares a function at the top of a file").
			WithHint("a function inside an expression is `x => x + 1`"))
	case "let":
		p.fail(p.errorf("E0110", t, "`let` is no expression").WithHint("a block in braces may begin with it: `{ let a = 1; a + 1 }`"))
	case "for":
		p.fail(p.errorf("E0125", t, "`for` stands only after the first expression in `[ ]` or in an aggregate").
			WithHint("write `[f(x) for x in xs]` or `sum(f(x) for x in xs)`"))
	}
	p.noExpr(t)
	return nil
}

// noExpr reports a token with which no expression begins.
func (p *parser) noExpr(t *token) {
	d := p.errorf("E0110", t, "an expression expected, found %s", p.found(t))
	switch {
	case t.is("."):
		d.WithHint("a number has a digit on both sides of its dot: `0.5`")
	case t.is(")") || t.is("]") || t.is("}"):
		d.WithHint("remove `%s`, or write what is missing before it", t.text)
	case t.is("+"):
		d.WithHint("a `+` stands between two values; write the one before it")
	case t.is("*") && p.i > 0 && p.toks[p.i-1].is("*"):
		d.WithHint("a power is `x ^ 2`")
	case t.is("="):
		d.WithHint("to compare write `==`")
	case t.is(";"):
		d.WithHint("write a value before the `;`")
	case p.isEnd():
		d.WithHint("write the value that belongs here; a line that ends in an operator goes on in the next")
	default:
		d.WithHint("write a value: a number, a name, a call, or something in brackets")
	}
	p.fail(d)
}

func (p *parser) duration() Expr {
	t := p.tok()
	if !p.inClause {
		p.fail(p.errorf("E0131", t, "a duration such as `%s` stands only in the clauses of `train`", t.text).
			WithHint("elsewhere write a number, and its unit in the name: `seconds = 10`"))
	}
	p.next()
	n := strings.TrimRight(t.text, "abcdefghijklmnopqrstuvwxyz")
	return &Duration{p.tokenPos(t), strings.ReplaceAll(n, "_", ""), t.text[len(n):]}
}

// atRead reports whether `read` is the word here, and not a name.
func (p *parser) atRead() bool { return p.at("read") && p.adjacentWords() }

func (p *parser) read() Expr {
	from := p.here()
	p.next()
	r := p.reader()
	return &Read{p.pos(from), r}
}

// reader parses `csv("a.csv", header: none)`.
func (p *parser) reader() *Call {
	from := p.here()
	if p.tok().kind == kText {
		p.fail(p.errorf("E0110", p.tok(), "a reader expected, found a text").WithHint("say how the file is read: `csv(\"data.csv\")`"))
	}
	name := p.name("a reader")
	if !p.at("(") {
		p.fail(p.errorf("E0110", p.tok(), "`(` expected after `%s`, found %s", name.Name, p.found(p.tok())).
			WithHint("name the file in parentheses: `%s(\"data.csv\")`", name.Name))
	}
	call, ok := p.call(name, from).(*Call)
	if !ok {
		p.fail(source.Errorf("E0125", name.At, "a reader takes no `for`").WithHint("name the file: `csv(\"data.csv\")`"))
	}
	return call
}

// paren parses a grouped expression, a tuple, or `()` before `=>`.
func (p *parser) paren() Expr {
	from := p.here()
	opening := p.tok()
	closing := p.open("(")
	if p.accept(")") {
		if !p.at("=>") {
			p.fail(source.Errorf("E0127", p.span(from), "`()` is no value").
				WithHint("it stands only before `=>`: `() => 1`; a call without arguments is `f()`"))
		}
		return &Tuple{Pos: p.pos(from)}
	}
	var items []Expr
	comma := false
	for {
		items = append(items, p.expr())
		comma = p.accept(",")
		if !comma || p.at(")") {
			break
		}
	}
	p.noFor(opening)
	closing()
	if len(items) > 1 {
		return &Tuple{p.pos(from), items}
	}
	if comma {
		p.fail(source.Errorf("E0127", p.span(from), "a tuple has two parts or more").
			WithHint("leave out the comma: `(a)` is `a`"))
	}
	p.parens[items[0]] = p.span(from)
	return items[0]
}

// noFor reports a `for` where no comprehension may stand.
func (p *parser) noFor(opening *token) {
	if p.at("for") {
		p.fail(p.errorf("E0125", p.tok(), "`for` stands only directly inside `[ ]` or an aggregate").
			Note(p.tokenSpan(opening), "not inside these brackets").
			WithHint("write `[f(x) for x in xs]` or `sum(f(x) for x in xs)`"))
	}
}

// list parses `[a, b]` or a comprehension.
func (p *parser) list() Expr {
	from := p.here()
	closing := p.open("[")
	var items []Expr
	for !p.at("]") {
		items = append(items, p.expr())
		if p.at("for") {
			return p.comprehension(from, items, closing)
		}
		if !p.accept(",") {
			break
		}
	}
	closing()
	return &List{p.pos(from), items}
}

func (p *parser) comprehension(from int, items []Expr, closing func()) Expr {
	if len(items) > 1 {
		p.fail(p.errorf("E0125", p.tok(), "a comprehension stands alone in its brackets").
			WithHint("write `[f(x) for x in xs]`, and join lists with `concat(a, b)`"))
	}
	c := &Comprehension{Elem: items[0], Clauses: p.forClauses()}
	if p.at(",") {
		p.fail(p.errorf("E0125", p.tok(), "a comprehension stands alone in its brackets").
			WithHint("write `[f(x) for x in xs]`, and join lists with `concat(a, b)`"))
	}
	closing()
	c.Pos = p.pos(from)
	return c
}

// forClauses parses `for p in xs`, then more of it or `if c`.
func (p *parser) forClauses() []For {
	var out []For
	for n := 0; p.at("for") || p.at("if"); n++ {
		p.step(n)
		from := p.here()
		if p.next().text == "if" {
			c := p.pipe()
			out = append(out, &ForIf{p.pos(from), c})
			continue
		}
		pattern := p.pattern()
		p.expect("in", "`in` expected after the pattern of `for`", "for x in xs")
		xs := p.pipe()
		out = append(out, &ForIn{p.pos(from), pattern, xs})
	}
	return out
}

// call parses the arguments after f.
func (p *parser) call(f Expr, from int) Expr {
	p.mark(p.i, roleCall)
	closing := p.open("(")
	c := &Call{Fun: f}
	var agg *Aggregate
	for !p.at(")") {
		switch {
		case p.tok().word() && p.peek().is(":"):
			c.Named = append(c.Named, p.namedArg())
		case agg != nil || len(c.Named) > 0:
			p.misplaced(agg != nil)
		default:
			e := p.expr()
			if p.at("for") {
				agg = p.aggregate(f, c, e)
				break
			}
			c.Args = append(c.Args, e)
		}
		if !p.accept(",") {
			break
		}
	}
	closing()
	if agg != nil {
		agg.Named, agg.Pos = c.Named, p.pos(from)
		return agg
	}
	c.Pos = p.pos(from)
	return c
}

func (p *parser) namedArg() *NamedArg {
	from := p.here()
	name := p.word("the name of an argument")
	p.next()
	value := p.expr()
	return &NamedArg{p.pos(from), name, value}
}

func (p *parser) misplaced(afterFor bool) {
	d := p.errorf("E0129", p.tok(), "a positional argument after a named one")
	if afterFor {
		d = p.errorf("E0129", p.tok(), "a positional argument after a comprehension")
	}
	p.fail(d.WithHint("name it, or move it to the front: `f(a, b, c: 1)`"))
}

// aggregate parses the clauses of `sum(e for x in xs)`.
func (p *parser) aggregate(f Expr, c *Call, elem Expr) *Aggregate {
	name, ok := f.(*Name)
	if _, grouped := p.parens[f]; !ok || grouped || !aggregates[name.Name] {
		shown := f.Span().Text()
		p.fail(p.errorf("E0125", p.tok(), "`for` among arguments belongs to an aggregate, and `%s` is none", clip(shown)).
			Note(source.Span{}, "the aggregates are %s", strings.Join(aggregateWords, " ")).
			WithHint("give it a list: `%s([x for x in xs])`", clip(shown)))
	}
	if len(c.Args) > 0 {
		p.fail(p.errorf("E0125", p.tok(), "a comprehension is the first argument of an aggregate").
			WithHint("only named arguments follow it: `quantile(x for x in xs, p: 0.9)`"))
	}
	return &Aggregate{Fun: name, Elem: elem, Clauses: p.forClauses()}
}

// brace parses a block, which begins with `let`, or a record.
func (p *parser) brace() Expr {
	if p.peek().is("let") && !p.toks[min(p.i+2, len(p.toks)-1)].is(":") {
		b := p.block()
		if b == nil {
			panic(bail{}) // reported inside; the statement around it is left out
		}
		return b
	}
	return p.record()
}

func (p *parser) record() Expr {
	from := p.here()
	opening := p.next()
	r := &Record{}
	for !p.at("}") {
		r.Items = append(r.Items, p.recordItem())
		if !p.accept(",") {
			break
		}
	}
	if !p.at("}") {
		p.noRecord(opening)
	}
	p.next()
	r.Pos = p.pos(from)
	return r
}

func (p *parser) recordItem() *RecordItem {
	from := p.here()
	item := &RecordItem{}
	switch {
	case p.accept("..."):
		item.Spread, item.Value = true, p.pipe()
	case p.tok().word() && p.peek().is(":"):
		item.Name = p.word("a field")
		p.next()
		item.Value = p.expr()
	case p.tok().kind == kName && !p.atRead() && !p.at("_"):
		path := p.path("a field")
		item.Short, item.Name, item.Value = true, path.Parts[len(path.Parts)-1], p.pathExpr(path)
	default:
		p.noRecord(nil)
	}
	item.Pos = p.pos(from)
	return item
}

func (p *parser) pathExpr(path *Path) Expr {
	var e Expr = path.Parts[0]
	for _, n := range path.Parts[1:] {
		e = &Select{Pos{path.At.To(n.At)}, e, n}
	}
	return e
}

// noRecord explains what the braces of an expression hold.
func (p *parser) noRecord(opening *token) {
	t := p.tok()
	if opening != nil && (t.kind == kEOF || t.kind == kEnd && p.toks[p.i+1].kind == kEOF || recoversAt(p.toks, p.i)) {
		p.unclosed(opening)
		panic(bail{})
	}
	d := p.errorf("E0130", t, "in the braces of a record stand `name: value` and `,`, found %s", p.found(t))
	switch {
	case p.atNewline() && p.toks[p.i+1].word():
		d.WithHint("put `,` between the fields of a record, also at the end of a line; a block begins with `let`")
	default:
		d.WithHint("a record is `{ a: 1, b: 2 }`; a block begins with `let`: `{ let a = 1; a + 1 }`")
	}
	p.fail(d)
}
