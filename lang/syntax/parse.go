package syntax

import (
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// This file has the entry points, and the loop over declarations that goes on
// after an error.

// Parse reads a file. The tree holds what could be read, the list what could
// not; the tree is never nil. Parse never panics.
func Parse(f *source.File) (*File, source.List) {
	p := newParser(f)
	out := p.guarded(func(out *File) { p.declarationsOf(out) })
	return out, p.diagnostics()
}

// ParseExpr reads one expression, for tools and tests; it is nil if there are
// errors.
func ParseExpr(f *source.File) (Expr, source.List) {
	p := newParser(f)
	var e Expr
	p.guarded(func(*File) {
		ok := p.try(true, func() {
			e = p.expr()
			p.settle()
			p.statementEnd()
			p.accept(";")
			if p.atNewline() {
				p.next()
			}
			if p.tok().kind != kEOF {
				p.fail(p.errorf("E0114", p.tok(), "the end of the expression expected, found %s", p.found(p.tok())).
					WithHint("write one expression"))
			}
		})
		if !ok || p.errs.HasErrors() {
			e = nil
		}
	})
	return e, p.diagnostics()
}

// guarded runs the parser; a fault of ours becomes a diagnostic.
func (p *parser) guarded(run func(*File)) *File {
	f := &File{Pos: Pos{source.Span{File: p.file, End: len(p.file.Text)}}, Source: p.file, Comments: p.comments, parens: p.parens}
	defer func() {
		if r := recover(); r != nil {
			at := p.tokenSpan(p.tok())
			p.errs.Add(source.Bugf(at, "the parser failed here: %v", r))
		}
	}()
	run(f)
	return f
}

func (p *parser) diagnostics() source.List {
	p.errs.Sort()
	return p.errs
}

func (p *parser) declarationsOf(out *File) {
	e := takeEngine()
	defer e.release()
	out.Doc = p.fileDoc()
	for first := true; ; first = false {
		for p.tok().kind == kEnd {
			p.next()
		}
		if p.tok().kind == kEOF {
			return
		}
		start := p.i
		switch d := p.declaration(e).(type) {
		case nil:
			out.Broken = append(out.Broken, p.declaredNames(start)...)
			p.recover(start)
			continue
		case *Precision:
			if !first {
				p.report(source.Errorf("E0144", d.At, "`precision` is not the first declaration").
					WithHint("move it to the top of the file: it holds for all of it"))
			}
			out.Precision = d
		case Decl:
			out.Decls = append(out.Decls, d)
		}
		if !p.isEnd() {
			t := p.tok()
			if p.equalsForFrom(out) {
				p.recover(start)
				continue
			}
			p.report(p.endHint(p.errorf("E0114", t, "the end of the declaration expected, found %s", p.found(t)), t))
			p.recover(start)
		}
	}
}

// equalsForFrom reports `table T = csv("a.csv") { … }`, which is read, not
// computed; the table is left out of the tree.
func (p *parser) equalsForFrom(out *File) bool {
	if len(out.Decls) == 0 || !p.at("{") {
		return false
	}
	last := len(out.Decls) - 1
	t, ok := out.Decls[last].(*Table)
	if !ok {
		return false
	}
	call, ok := t.Value.(*Call)
	if !ok {
		return false
	}
	p.report(source.Errorf("E0114", call.Span(), "the rows of a file are read by `from`, not by `=`").
		WithHint("`table %s from %s { … }`", t.Names[0].Name, call.Span().Text()))
	for _, n := range t.Names {
		out.Broken = append(out.Broken, n.Name)
	}
	out.Decls = out.Decls[:last]
	return true
}

// declaration parses what begins here; nil after an error.
func (p *parser) declaration(e *engine) Node {
	p.depth, p.steps, p.braces, p.inClause, p.wild = 0, 0, 0, false, nil
	t, from, doc := p.tok(), p.here(), p.doc(p.i)
	p.where = map[string]where{"model": inModel, "optimizer": inOptimizer, "test": inTest}[t.text]
	if t.kind == kText || !declarations[t.text] {
		p.noDeclaration(t)
		return nil
	}
	switch t.text {
	case "let", "dim", "param":
		return p.bindingDecl(t.text)
	}
	s, err := e.run(p, t.text)
	if err != nil {
		return nil
	}
	return s.decl(p.pos(from), doc)
}

// bindingDecl parses a declaration that is also a statement.
func (p *parser) bindingDecl(word string) (n Node) {
	ok := p.try(true, func() {
		switch word {
		case "let":
			n = p.let()
		case "dim":
			n = p.dimension()
		default:
			n = p.param()
		}
		p.settle()
	})
	if !ok {
		return nil
	}
	return n
}

// foreign are words with which declarations begin elsewhere.
var foreign = map[string]string{
	"def": "a function is `fn name(x: f32) -> f32 = …`", "func": "a function is `fn name(x: f32) -> f32 = …`",
	"function": "a function is `fn name(x: f32) -> f32 = …`", "var": "write `let name = …`; values do not change",
	"const": "write `let name = …`", "val": "write `let name = …`", "class": "name a record type: `type Cell = { h: f32 }`",
	"struct": "name a record type: `type Cell = { h: f32 }`", "from": "write `import name`", "include": "write `import name`",
	"for":   "there are no loops of statements; write `[f(x) for x in xs]`, `sum(f(x) for x in xs)`, `scan` or `fold`",
	"while": "write `while(cond, body, start, limit: n)` or `scan` in an expression",
	"if":    "`if` is an expression: `let a = if c then x else y`", "assert": "put it into a test: `test \"name\" { assert a == b }`",
	"dataset": "data is declared with `table T from csv(\"a.csv\") { … }`", "data": "data is declared with `table T from csv(\"a.csv\") { … }`",
}

func (p *parser) noDeclaration(t *token) {
	d := p.errorf("E0113", t, "a declaration expected, found %s", p.found(t))
	near := ""
	if t.kind == kName && p.peek().kind == kName {
		near = source.Nearest(t.text, declarationWords)
	}
	switch {
	case foreign[t.text] != "":
		d.WithHint("%s", foreign[t.text])
	case near != "":
		d.WithHint("did you mean `%s`?", near)
	case t.kind == kName && p.peek().is("="):
		d.WithHint("write `let %s = …`", t.text)
	case t.is("}") || t.is(")") || t.is("]"):
		d.WithHint("remove `%s`: nothing here is open", t.text)
	case t.kind == kName || t.kind == kReserved:
		d.WithHint("to see a value write `print …`, to keep it `let name = …`")
	default:
		d.WithHint("a declaration begins with one of %s", strings.Join(declarationWords, " "))
	}
	p.report(d)
}

// recover goes to the next declaration in column 1.
func (p *parser) recover(start int) {
	p.i = max(p.i, start)
	if p.i == start {
		p.next()
	}
	for p.tok().kind != kEOF && !recoversAt(p.toks, p.i) {
		p.next()
	}
}

// declaredNames are the names that a declaration left out would have declared: those
// of its first line before `=`, `:`, `(` or `{`.
func (p *parser) declaredNames(start int) []string {
	var out []string
	for i := start + 1; i < len(p.toks); i++ {
		t := &p.toks[i]
		switch {
		case t.kind == kName && t.text != "_":
			out = append(out, t.text)
			if n := &p.toks[i+1]; !n.is(",") && !n.is(")") && !n.is("]") && !n.is("}") {
				return out
			}
		case t.is(",") || i == start+1 && (t.is("(") || t.is("[") || t.is("{")):
		default:
			return out
		}
	}
	return out
}
