package syntax

import "github.com/dfc-lang/dfc/lang/source"

// This file parses what stands in the braces of bodies and of `train`, with
// recovery at the end of each statement.

// block parses a body that is a value: its statements and, last, its result.
// It returns nil if something in it is broken.
func (p *parser) block() *Block {
	b := p.statements()
	if b == nil {
		return nil
	}
	if b.Result == nil {
		end := b.At
		end.Start = end.End - 1
		p.report(source.Errorf("E0140", end, "this body ends without a value").
			Note(source.Span{File: p.file, Start: b.At.Start, End: b.At.Start + 1}, "of the body that begins here").
			WithHint("write the value of the body as its last line"))
		return nil
	}
	return b
}

// effects parses the body of an optimizer or a test, which has no value.
func (p *parser) effects() *Block {
	b := p.statements()
	if b != nil && b.Result != nil {
		p.unused(b.Result)
		b.Result = nil
	}
	return b
}

func (p *parser) unused(e Expr) {
	p.report(source.Errorf("E0141", e.Span(), "the value of this expression is not used").
		WithHint("give it a name with `let`, or remove it"))
}

func (p *parser) statements() *Block {
	p.deeper()
	defer func() { p.depth-- }()
	from := p.here()
	p.mark(p.i, roleBody)
	b := &Block{}
	ok := p.braced(p.endsBody, func() {
		s := p.statement()
		if last := b.Result; last != nil {
			p.unused(last)
			b.Stmts, b.Result = append(b.Stmts, &ExprStmt{Pos{last.Span()}, last}), nil
		}
		if x, isExpr := s.(*ExprStmt); isExpr {
			b.Result = x.X
		} else {
			b.Stmts = append(b.Stmts, s)
		}
	})
	b.Pos = p.pos(from)
	if !ok {
		return nil
	}
	return b
}

// endsBody reports whether the token at i begins a declaration, which no body
// swallows. What may also be a statement does not count.
func (p *parser) endsBody(i int) bool {
	switch p.toks[i].text {
	case "let", "param", "dim":
		return false
	}
	return startsDecl(p.toks, i)
}

// braced parses `{ (one END)* }`. After an error in one of them it goes on with
// the next; it reports whether all came through.
func (p *parser) braced(stops func(int) bool, one func()) bool {
	opening := p.next()
	depth, ok := p.braces, true
	for {
		for p.tok().kind == kEnd {
			p.next()
		}
		if p.at("}") {
			p.next()
			return ok
		}
		if p.tok().kind == kEOF || stops(p.i) {
			p.unclosed(opening)
			panic(bail{})
		}
		before := p.broken
		if !p.try(false, func() { one(); p.settle(); p.statementEnd() }) {
			p.broken++
			p.skipStatement(depth, stops)
		}
		ok = ok && p.broken == before
	}
}

// unclosed reports a `{` without its `}`. It passes by what else is wrong
// inside: this is where a reader has to look.
func (p *parser) unclosed(opening *token) {
	p.report(p.errorf("E0112", opening, "this `{` is not closed").
		WithHint("close it with `}`, at the latest before the next declaration"))
}

func (p *parser) statementEnd() {
	if p.isEnd() || p.at("}") {
		return
	}
	t := p.tok()
	d := p.errorf("E0114", t, "the end of the statement expected, found %s", p.found(t))
	p.fail(p.endHint(d, t))
}

// endHint says what may have been meant by a token behind something complete.
func (p *parser) endHint(d *source.Diagnostic, t *token) *source.Diagnostic {
	switch {
	case t.is("="):
		return d.WithHint("names are bound with `let name = …`; to compare write `==`")
	case t.is(")") || t.is("]"):
		return d.WithHint("remove `%s`: nothing here is open", t.text)
	case t.is("?"):
		return d.WithHint("a choice is `if c then a else b`; what stands in for a missing value is `x ?? 0`")
	case t.is("->"):
		return d.WithHint("a function inside an expression is written `x => x + 1`")
	case t.is("=>"):
		return d.WithHint("put parentheses around the function: `(x => …)`")
	case t.kind == kReserved && t.text == "for":
		return d.WithHint("`for` stands directly in `[ ]` or in an aggregate: `[f(x) for x in xs]`")
	case infixHints[t.text] != "" && t.kind == kName:
		return d.WithHint("%s", infixHints[t.text])
	case t.kind == kName || t.kind == kNumber || t.kind == kText:
		return d.WithHint("put an operator or a comma between the two, or begin a new line")
	}
	return d.WithHint("begin a new line, or write `;` between two statements")
}

// infixHints has operators of other languages that are functions here.
var infixHints = map[string]string{
	"div": "whole-number division is a function: `div(a, b)`", "mod": "the remainder is a function: `mod(a, b)`",
	"rem": "the remainder is a function: `mod(a, b)`",
}

// skipStatement goes to the END or `}` of the braces at a depth.
func (p *parser) skipStatement(depth int, stops func(int) bool) {
	for p.tok().kind != kEOF && !stops(p.i) && !mayStartDecl(p.tok()) {
		if p.braces == depth && (p.tok().kind == kEnd || p.at("}")) {
			return
		}
		p.next()
	}
}

func (p *parser) statement() Stmt {
	from := p.here()
	switch t := p.tok(); {
	case t.is("let"):
		return p.let()
	case t.is("fn"):
		p.fail(p.errorf("E0143", t, "functions are not declared inside bodies").
			WithHint("write `let f = x => …`, or declare it at the top of the file"))
	case t.is("param") && p.adjacentWords():
		p.only(t, inModel)
		return p.param()
	case t.is("dim") && p.adjacentWords():
		return p.dimension()
	case t.is("state") && p.adjacentWords():
		p.only(t, inModel, inOptimizer)
		return p.state()
	case t.is("assert") && p.isAssert():
		p.only(t, inTest)
		p.next()
		c := p.expr()
		return &Assert{p.pos(from), c}
	case t.kind == kName && p.peek().is("<-"):
		name := p.name("a name")
		p.only(p.next(), inModel, inOptimizer)
		v := p.expr()
		return &Assign{p.pos(from), name, v}
	}
	x := p.expr()
	return &ExprStmt{p.pos(from), x}
}

// isAssert tells the word from a name: in a test it is the word unless `.`
// follows; elsewhere only where it could not be a name, for a good message.
func (p *parser) isAssert() bool {
	if p.where == inTest {
		return !p.peek().is(".")
	}
	n := p.peek()
	return p.sameLine(p.i+1) && (n.kind == kName || n.kind == kNumber || n.is("not"))
}

var placeNames = map[where]string{inModel: "a `model`", inOptimizer: "an `optimizer`", inTest: "a `test`"}

// only reports a statement that does not belong into this kind of body.
func (p *parser) only(t *token, places ...where) {
	list := ""
	for i, w := range places {
		if w == p.where {
			return
		}
		if i > 0 {
			list += " or "
		}
		list += placeNames[w]
	}
	d := p.errorf("E0142", t, "`%s` stands only in %s", t.text, list)
	switch t.text {
	case "<-":
		d.WithHint("values do not change; give the new one a name: `let next = …`")
	case "assert":
		d.WithHint("put it into a test: `test \"name\" { assert a == b }`")
	case "param":
		d.WithHint("declare the parameter in a `model`, or at the top of the file for all models that mention it")
	default:
		d.WithHint("a value that is carried along a loop is the state of `scan` or `fold`")
	}
	p.report(d)
	p.broken++
}

func (p *parser) let() *Let {
	from := p.here()
	l := &Let{Doc: p.doc(p.i)}
	p.next()
	l.Pattern = p.pattern()
	if p.accept(":") {
		l.Type = p.typ()
	}
	p.expect("=", "`=` and a value expected after the name of a `let`", "let a = 1")
	l.Value = p.expr()
	l.Pos = p.pos(from)
	return l
}

func (p *parser) dimension() *Dim {
	from := p.here()
	d := &Dim{Doc: p.doc(p.i)}
	p.next()
	d.Name = p.name("the name of a dimension")
	p.expect("=", "`=` and a size expected after the name of a `dim`", "dim n = count(T)")
	d.Value = p.expr()
	d.Pos = p.pos(from)
	return d
}

func (p *parser) state() *State {
	from := p.here()
	p.next()
	s := &State{Name: p.name("the name of a state")}
	if p.accept(":") {
		s.Type = p.typ()
	}
	p.expect("=", "`=` and a first value expected after the name of a `state`", "state m = zeros(3)")
	s.Value = p.expr()
	s.Pos = p.pos(from)
	return s
}

func (p *parser) param() *Param {
	from := p.here()
	a := &Param{Doc: p.doc(p.i)}
	p.next()
	a.Name = p.name("the name of a parameter")
	p.expect(":", "`:` and a type expected after the name of a `param`", "param w: f32 = 0")
	a.Type = p.typ()
	if p.tok().kind == kName {
		at := p.here()
		name := p.name("a constraint")
		a.Constraint = name
		if p.at("(") {
			a.Constraint = p.call(name, at)
		}
	}
	switch {
	case p.accept("~"):
		a.Init = p.expr()
	case p.accept("="):
		a.Value = p.expr()
	}
	a.Pos = p.pos(from)
	return a
}

// clauses parses the braces of `train`.
func (p *parser) clauses() []*Clause {
	var out []*Clause
	p.mark(p.i, roleBody)
	stops := func(i int) bool { return p.toks[i].text != "optimizer" && p.endsBody(i) }
	p.braced(stops, func() {
		p.inClause = true
		c := &Clause{Broken: true}
		defer func() {
			if c.Word != nil {
				out = append(out, c)
			}
		}()
		p.clause(c)
		p.inClause = false
	})
	return out
}

func (p *parser) clause(c *Clause) {
	from := p.here()
	p.mark(p.i, roleClause)
	c.Value = &Wildcard{p.pos(from)}
	c.Word = p.name("a clause such as `loss` or `batch`")
	c.Pos = p.pos(from)
	if p.at(":") || p.at("=") {
		p.fail(p.errorf("E0110", p.tok(), "a value expected, found %s", p.found(p.tok())).WithHint("a clause is a word and its value: `%s …`", c.Word.Name))
	}
	if p.at("each") {
		if n := p.peek(); (n.kind == kName || n.is("{") || n.is("[")) && p.sameLine(p.i+1) {
			c.Each = p.name("each")
		}
	}
	c.Value = p.expr()
	if p.at("lazily") {
		c.Lazy = p.name("lazily")
	}
	if p.accept("every") {
		c.Every = p.pipe()
	}
	if p.accept("=") {
		c.Is = p.expr()
	}
	c.Pos, c.Broken = p.pos(from), false
}
