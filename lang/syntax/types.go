package syntax

import "github.com/dfc-lang/dfc/lang/source"

// This file parses types, dimensions and fields.

func (p *parser) typ() Type {
	p.deeper()
	defer func() { p.depth-- }()
	from := p.here()
	t := p.baseType()
	for n := 0; ; n++ {
		switch {
		case p.at("?"):
			p.step(n)
			p.next()
			t = &Optional{p.pos(from), t}
		case p.at("["):
			p.step(n)
			t = p.dims(t, from)
		default:
			return t
		}
	}
}

func (p *parser) dims(t Type, from int) Type {
	p.mark(p.i, roleDims)
	opening := p.tok()
	closing := p.open("[")
	if p.at("]") {
		p.fail(p.errorf("E0110", p.tok(), "a dimension expected").WithHint("write its size or its name: `f32[3]`, `f32[n]`"))
	}
	var dims []Expr
	for {
		dims = append(dims, p.dim())
		if !p.accept(",") || p.at("]") {
			break
		}
	}
	closing()
	path, isPath := t.(*Path)
	if !isPath || path.String() != "index" {
		return &Of{p.pos(from), t, dims}
	}
	if len(dims) > 1 {
		p.fail(source.Errorf("E0132", p.tokenSpan(opening).To(p.span(from)), "`index` has one bound").
			WithHint("several of them are `index[n][k]`, a pair `(index[n], index[m])`"))
	}
	return &IndexType{p.pos(from), dims[0]}
}

// dim parses a dimension: a sum, which the checker narrows further.
func (p *parser) dim() Expr {
	p.deeper()
	defer func() { p.depth-- }()
	e := p.binary(levelSum)
	return e
}

func (p *parser) baseType() Type {
	from := p.here()
	switch {
	case p.at("("):
		return p.parenType()
	case p.at("{"):
		fields := p.fields()
		return &RecordType{p.pos(from), fields}
	case p.tok().kind == kName:
		return p.path("a type")
	}
	p.missing("a type expected")
	t := p.tok()
	d := p.errorf("E0110", t, "a type expected, found %s", p.found(t))
	if t.kind == kReserved {
		d.WithHint("`%s` is a word of the language and names no type", t.text)
	} else {
		d.WithHint("write a type: `f32`, `f32[n, 4]`, `index[3]`, `Users`, `{ a: f32 }`")
	}
	p.fail(d)
	return nil
}

// parenType parses a tuple or the arguments of a function type.
func (p *parser) parenType() Type {
	from := p.here()
	closing := p.open("(")
	var items []Type
	for !p.at(")") {
		items = append(items, p.typ())
		if !p.accept(",") {
			break
		}
	}
	closing()
	if p.accept("->") {
		result := p.typ()
		return &FuncType{p.pos(from), items, result}
	}
	if len(items) < 2 {
		p.fail(source.Errorf("E0127", p.span(from), "a tuple type has two parts or more").
			WithHint("a function type goes on with `->`: `(f64[n]) -> f64`"))
	}
	return &TupleType{p.pos(from), items}
}

// fields parses `{ a: f32, key: key, skip[2], … }`. A broken field is
// reported and left out.
func (p *parser) fields() *FieldSet {
	if !p.at("{") {
		p.fail(p.errorf("E0110", p.tok(), "`{` expected before the fields, found %s", p.found(p.tok())).
			WithHint("list the fields and their types on this line or from it on: `{ name: f32, … }`"))
	}
	from := p.here()
	opening := p.next()
	depth := p.braces
	set := &FieldSet{}
	for !p.at("}") {
		if p.fieldsOpenAtEnd() {
			p.unclosed(opening)
			panic(bail{})
		}
		if p.try(false, func() { set.Items = append(set.Items, p.fieldItem()); p.fieldEnd() }) {
			continue
		}
		p.broken++
		p.skipField(depth)
	}
	p.next()
	set.Pos = p.pos(from)
	return set
}

func (p *parser) fieldsOpenAtEnd() bool {
	return p.tok().kind == kEOF || p.tok().kind == kEnd && p.peek().kind == kEOF || startsDecl(p.toks, p.i)
}

func (p *parser) fieldEnd() {
	if p.accept(",") || p.at("}") || p.fieldsOpenAtEnd() {
		return
	}
	t := p.tok()
	d := p.errorf("E0114", t, "`,` or `}` expected after a field, found %s", p.found(t)).
		WithHint("put `,` between fields, also at the end of a line")
	if p.atNewline() && p.peek().word() {
		p.report(d) // only the comma is missing
		p.next()
		return
	}
	p.fail(d)
}

// skipField goes to the next field of the braces at a depth.
func (p *parser) skipField(depth int) {
	for p.tok().kind != kEOF && !recoversAt(p.toks, p.i) {
		if p.braces == depth && (p.at("}") || p.at(",")) {
			p.accept(",")
			return
		}
		p.next()
	}
}

func (p *parser) fieldItem() FieldItem {
	from := p.here()
	switch {
	case p.at("key") && p.peek().is("("):
		p.next()
		names := p.names()
		return &KeyFields{p.pos(from), names}
	case p.at("skip") && p.peek().is("["):
		p.next()
		p.mark(p.i, roleCall)
		closing := p.open("[")
		n := p.dim()
		closing()
		return &Skip{p.pos(from), n}
	}
	f := &Field{Doc: p.doc(p.i), Name: p.word("a field")}
	p.expect(":", "`:` and a type expected after the name of a field", "name: f32")
	f.Type = p.typ()
	f.Key = p.accept("key")
	if p.accept("from") {
		f.From = p.binary(levelRange)
	}
	if p.accept("if") {
		f.If = p.pipe()
	}
	f.Pos = p.pos(from)
	return f
}

// names parses `(a, b)`.
func (p *parser) names() []*Name {
	if !p.at("(") {
		p.fail(p.errorf("E0110", p.tok(), "`(` expected, found %s", p.found(p.tok())).WithHint("write `(a, b)`"))
	}
	closing := p.open("(")
	out := []*Name{p.name("a name")}
	for p.accept(",") && !p.at(")") {
		out = append(out, p.name("a name"))
	}
	closing()
	return out
}

// args parses the arguments in the head of a function, up to `)` or `;`.
func (p *parser) args() []*Arg {
	var out []*Arg
	for !p.at(")") && !p.at(";") {
		from := p.here()
		a := &Arg{Doc: p.doc(p.i), Name: p.word("an argument")}
		if !p.at(":") {
			p.fail(p.errorf("E0110", p.tok(), "`:` and a type expected after the argument `%s`, found %s", a.Name.Name, p.found(p.tok())).
				WithHint("write its type: `%s: f32`", a.Name.Name))
		}
		p.next()
		a.Type = p.typ()
		if p.accept("=") {
			a.Default = p.expr()
		}
		a.Pos = p.pos(from)
		out = append(out, a)
		if !p.accept(",") {
			break
		}
	}
	return out
}
