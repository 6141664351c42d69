package syntax

import "github.com/dfc-lang/dfc/lang/source"

// This file parses expressions by precedence climbing; grammar.md's table is
// the function precedence. Nothing looks further than two tokens ahead or
// goes back.

// Levels of operators, loose to tight.
const (
	levelOr = iota + 1
	levelAnd
	levelNot
	levelCompare
	levelRange
	levelSum
	levelProduct
	levelDefault
	levelAs
	levelNeg
	levelPower
)

func precedence(t *token) int {
	if t.kind == kSym {
		switch t.text {
		case "==", "!=", "<", "<=", ">", ">=":
			return levelCompare
		case "..":
			return levelRange
		case "+", "-":
			return levelSum
		case "*", "/", "@":
			return levelProduct
		case "??":
			return levelDefault
		case "^":
			return levelPower
		}
		return 0
	}
	if t.kind == kReserved {
		switch t.text {
		case "or":
			return levelOr
		case "and":
			return levelAnd
		case "in":
			return levelCompare
		case "as", "with":
			return levelAs
		}
	}
	return 0
}

// expr parses an expression that reaches as far right as it can.
func (p *parser) expr() Expr {
	p.deeper()
	defer func() { p.depth-- }()
	if p.at("if") {
		return p.ifExpr()
	}
	from := p.here()
	e := p.pipe()
	if !p.at("=>") {
		return e
	}
	pattern := p.toPattern(e)
	p.next()
	body := p.expr()
	return &Lambda{p.pos(from), pattern, body}
}

func (p *parser) ifExpr() Expr {
	from := p.here()
	word := p.next()
	e := &If{Cond: p.pipe()}
	if !p.at("then") {
		p.fail(p.errorf("E0110", p.tok(), "`then` expected after the condition, found %s", p.found(p.tok())).
			Note(p.tokenSpan(word), "of this `if`").WithHint("write `if c then a else b`"))
	}
	p.next()
	e.Then = p.expr()
	if !p.at("else") {
		p.fail(p.errorf("E0123", p.tok(), "this `if` needs an `else`, found %s", p.found(p.tok())).
			Note(p.tokenSpan(word), "an `if` is a value and has one in both cases").
			WithHint("write `if c then a else b`"))
	}
	p.next()
	e.Else = p.expr()
	e.Pos = p.pos(from)
	return e
}

// pipe parses `a |> f |> name = g(x)`.
func (p *parser) pipe() Expr {
	from := p.here()
	left := p.binary(levelOr)
	for n := 0; p.at("|>"); n++ {
		p.step(n)
		p.next()
		pipe := &Pipe{Left: left}
		if p.tok().kind == kName && p.peek().is("=") {
			pipe.Layer = p.name("the name of a layer")
			p.next()
		}
		pipe.Target = p.target()
		pipe.Pos = p.pos(from)
		left = pipe
	}
	return left
}

// target parses what may stand right of `|>`, and says why nothing else may.
func (p *parser) target() Expr {
	var e Expr
	from := p.here()
	switch {
	case p.tok().kind == kName && !p.atRead() && !p.at("_"):
		e = p.nameExpr()
	case p.at("("):
		e = p.paren()
	default:
		p.fail(p.errorf("E0121", p.tok(), "after `|>` stands a function, found %s", p.found(p.tok())).
			WithHint("write a name, a call or a function in parentheses: `x |> f`, `x |> f(1)`, `x |> (y => y + 1)`"))
	}
	for n := 0; ; n++ {
		p.step(n)
		switch {
		case p.at("."):
			e = p.selectName(e, from)
		case p.at("("):
			e = p.call(e, from)
		case p.at("["):
			p.fail(p.errorf("E0121", p.tok(), "after `|>` stands a function; an index does not belong to it").
				WithHint("put parentheses around what you mean: `(x |> f)[i]` or `x |> (fs[i])`"))
		default:
			p.endOfTarget()
			return e
		}
	}
}

func (p *parser) endOfTarget() {
	t := p.tok()
	if precedence(t) == 0 {
		return
	}
	op := t.text
	p.fail(p.errorf("E0120", t, "`x |> f %s y` can be read in two ways", op).
		Note(source.Span{}, "as `(x |> f) %s y` and as `x |> (f %s y)`", op, op).
		WithHint("write the parentheses that you mean"))
}

// binary parses operators of a level and above.
func (p *parser) binary(level int) Expr {
	from := p.here()
	left := p.operand(level)
	last := 0
	for n := 0; ; n++ {
		t := p.tok()
		prec := precedence(t)
		if prec < level || prec == 0 {
			if t.is("<-") {
				p.arrow(t)
			}
			return left
		}
		p.step(n)
		if prec == last && (prec == levelCompare || prec == levelRange) {
			p.noChain(t, prec)
		}
		left = p.infix(left, prec, from)
		last = prec
	}
}

// operand parses a prefix operator with what it governs, or a power.
func (p *parser) operand(level int) Expr {
	from := p.here()
	switch {
	case p.at("not"):
		if level > levelNot {
			p.fail(p.errorf("E0124", p.tok(), "`not` as an operand stands in parentheses").
				WithHint("write `(not …)`: `a == (not b)`"))
		}
		return p.prefix(levelNot, from)
	case p.at("-"):
		p.mark(p.i, rolePrefix)
		return p.prefix(levelNeg, from)
	}
	return p.postfix()
}

func (p *parser) prefix(level int, from int) Expr {
	p.deeper()
	defer func() { p.depth-- }()
	op := p.next()
	x := p.binary(level)
	return &Unary{Pos: p.pos(from), Op: Op(op.text), X: x}
}

func (p *parser) infix(left Expr, prec, from int) Expr {
	op := p.next()
	switch op.text {
	case "as":
		t := p.typ()
		return &As{Pos: p.pos(from), X: left, Type: t}
	case "with":
		x := p.binary(levelNeg)
		return &With{Pos: p.pos(from), X: left, Params: x}
	}
	var right Expr
	switch prec {
	case levelDefault, levelPower: // group to the right
		p.deeper()
		if prec == levelPower && p.at("-") {
			p.mark(p.i, rolePrefix)
			right = p.prefix(levelNeg, p.here())
		} else {
			right = p.binary(prec)
		}
		p.depth--
	default:
		right = p.binary(prec + 1)
	}
	return &Binary{Pos: p.pos(from), Op: Op(op.text), OpAt: p.tokenPos(op), X: left, Y: right}
}

func (p *parser) noChain(t *token, prec int) {
	if prec == levelRange {
		p.fail(p.errorf("E0122", t, "`..` does not chain").WithHint("a range has two ends: `a..b`"))
	}
	p.fail(p.errorf("E0122", t, "comparisons do not chain").WithHint("write `a < b and b < c`"))
}

func (p *parser) arrow(t *token) {
	p.fail(p.errorf("E0128", t, "`<-` gives a `state` its new value, and stands only after a name at the start of a statement").
		WithHint("to compare with something negative write `< -`, with a blank: `a < -b`"))
}

// postfix parses a primary with what follows it on its line.
func (p *parser) postfix() Expr {
	from := p.here()
	e := p.primary()
	for n := 0; ; n++ {
		if !p.at(".") && !p.at("(") && !p.at("[") {
			return e
		}
		p.step(n)
		switch p.tok().text {
		case ".":
			e = p.selectName(e, from)
		case "(":
			e = p.call(e, from)
		default:
			e = p.index(e, from)
		}
	}
}

func (p *parser) selectName(x Expr, from int) Expr {
	p.next()
	p.missing("a field expected after `.`")
	if t := p.tok(); !t.word() {
		d := p.errorf("E0110", t, "a field expected after `.`, found %s", p.found(t))
		if t.kind == kNumber {
			d.WithHint("a part of a list is `x[5]`; a number has a digit on both sides of its dot")
		} else {
			d.WithHint("write the name of the field: `r.time`")
		}
		p.fail(d)
	}
	name := p.word("a field")
	return &Select{p.pos(from), x, name}
}

func (p *parser) index(x Expr, from int) Expr {
	p.mark(p.i, roleCall)
	closing := p.open("[")
	if p.at("]") {
		p.fail(p.errorf("E0110", p.tok(), "an index expected").WithHint("write `a[i]`, or `a[:]` for all of it"))
	}
	e := &Index{X: x}
	for {
		e.Items = append(e.Items, p.indexItem())
		if !p.accept(",") || p.at("]") {
			break
		}
	}
	closing()
	e.Pos = p.pos(from)
	return e
}

// indexItem parses `e`, `a:b`, `a:`, `:b` or `:`.
func (p *parser) indexItem() Expr {
	from := p.here()
	var lo Expr
	if !p.at(":") {
		lo = p.expr()
		if !p.at(":") {
			return lo
		}
	}
	colon := p.i
	p.next()
	s := &Slice{Lo: lo}
	if !p.at(",") && !p.at("]") {
		s.Hi = p.pipe()
	}
	s.Pos = p.pos(from)
	p.mark(colon, roleTight)
	if lo != nil && s.Hi != nil && (!simple(lo) || !simple(s.Hi)) {
		p.mark(colon, roleWide)
	}
	return s
}

func simple(e Expr) bool {
	switch e.(type) {
	case *Name, *Number, *Call, *Select, *Index, *Unary, *Text, *Bool:
		return true
	}
	return false
}
