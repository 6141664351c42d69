package syntax

import "github.com/dfc-lang/dfc/lang/source"

// This file parses patterns, and turns expressions into them when `=>` shows
// that they were patterns all along.

func (p *parser) pattern() Pattern {
	p.deeper()
	defer func() { p.depth-- }()
	from := p.here()
	switch {
	case p.at("_"):
		return &Wildcard{p.tokenPos(p.next())}
	case p.at("("):
		items := p.patterns("(", ")")
		if len(items) == 0 {
			p.fail(source.Errorf("E0127", p.span(from), "`()` is no pattern").WithHint("to bind nothing write `_`"))
		}
		if len(items) == 1 {
			return items[0]
		}
		return &TuplePattern{p.pos(from), items}
	case p.at("["):
		items := p.patterns("[", "]")
		return &ListPattern{p.pos(from), items}
	case p.at("{"):
		return p.recordPattern()
	}
	return p.name("a name or a pattern")
}

func (p *parser) patterns(opening, partner string) []Pattern {
	closing := p.open(opening)
	var out []Pattern
	for !p.at(partner) {
		out = append(out, p.pattern())
		if !p.accept(",") {
			break
		}
	}
	closing()
	return out
}

func (p *parser) recordPattern() Pattern {
	from := p.here()
	opening := p.next()
	r := &RecordPattern{}
	for !p.at("}") {
		at := p.here()
		f := &FieldPattern{}
		if p.tok().word() && p.peek().is(":") {
			f.Name = p.word("a field")
			p.next()
			f.Pattern = p.pattern()
		} else {
			f.Name = p.name("a field")
			f.Short, f.Pattern = true, f.Name
		}
		f.Pos = p.pos(at)
		r.Items = append(r.Items, f)
		if !p.accept(",") {
			break
		}
	}
	if !p.at("}") {
		p.fail(p.errorf("E0111", p.tok(), "`}` expected, found %s", p.found(p.tok())).
			Note(p.tokenSpan(opening), "this `{` is still open").WithHint("close the pattern with `}`: `{ a, b }`"))
	}
	p.next()
	r.Pos = p.pos(from)
	return r
}

// toPattern turns the expression before `=>` into a pattern.
func (p *parser) toPattern(e Expr) Pattern {
	switch e := e.(type) {
	case *Name:
		return e
	case *Wildcard:
		p.bound(e)
		return e
	case *Tuple:
		return &TuplePattern{e.Pos, p.toPatterns(e.Items)}
	case *List:
		return &ListPattern{e.Pos, p.toPatterns(e.Items)}
	case *Record:
		return p.toRecordPattern(e)
	}
	p.notPattern(e)
	return nil
}

// bound takes e off the list of `_` that still need a `=>`. Patterns are
// turned from the inside out, so it stands near the end of the list.
func (p *parser) bound(e *Wildcard) {
	for i := len(p.wild) - 1; i >= 0; i-- {
		if p.wild[i] == e {
			p.wild = append(p.wild[:i], p.wild[i+1:]...)
			return
		}
	}
}

// settle ends a statement: a `_` that no `=>` has turned into a pattern is an
// error.
func (p *parser) settle() {
	if len(p.wild) == 0 {
		return
	}
	at := p.wild[0].At
	p.wild = nil
	p.fail(source.Errorf("E0126", at, "`_` is a pattern that binds nothing, not a value").
		WithHint("give the value a name where it is bound"))
}

func (p *parser) notPattern(e Node) {
	p.fail(source.Errorf("E0126", e.Span(), "before `=>` stands a pattern, not `%s`", clip(e.Span().Text())).
		WithHint("write a name, or names in brackets: `x => …`, `(a, b) => …`, `{ a, b } => …`; to compare write `>=`"))
}

func (p *parser) toPatterns(es []Expr) []Pattern {
	out := make([]Pattern, len(es))
	for i, e := range es {
		out[i] = p.toPattern(e)
	}
	return out
}

func (p *parser) toRecordPattern(e *Record) Pattern {
	r := &RecordPattern{Pos: e.Pos}
	for _, item := range e.Items {
		if _, path := item.Value.(*Select); item.Spread || item.Short && path {
			p.notPattern(item)
		}
		r.Items = append(r.Items, &FieldPattern{item.Pos, item.Name, p.toPattern(item.Value), item.Short})
	}
	return r
}
