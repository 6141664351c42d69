package syntax

import (
	"fmt"
	"strings"
)

// This file prints trees in the notation of the grammar's snippets:
// `a + b * c` is (+ a (* b c)).

// Dump is the tree of a node as text. Equal trees have equal dumps, whatever
// the layout of their sources.
func Dump(n Node) string {
	d := &dumper{}
	d.node(n)
	return d.String()
}

type dumper struct{ strings.Builder }

// form writes (head …); its parts are strings and nodes, nil ones left out.
func (d *dumper) form(head string, parts ...any) {
	d.WriteByte('(')
	d.WriteString(head)
	for _, p := range parts {
		d.part(p)
	}
	d.WriteByte(')')
}

func (d *dumper) part(p any) {
	switch p := p.(type) {
	case nil:
	case string:
		if p != "" {
			d.WriteString(" " + p)
		}
	case func():
		d.WriteByte(' ')
		p()
	case Node:
		if !isNil(p) {
			d.WriteByte(' ')
			d.node(p)
		}
	case []Node:
		for _, n := range p {
			d.part(n)
		}
	}
}

// isNil recognises the typed nils of optional parts.
func isNil(n Node) bool {
	switch n := n.(type) {
	case *Name:
		return n == nil
	case *Text:
		return n == nil
	case *Path:
		return n == nil
	case *Call:
		return n == nil
	case *Block:
		return n == nil
	case *FieldSet:
		return n == nil
	}
	return n == nil
}

func all[T Node](ns []T) []Node {
	out := make([]Node, len(ns))
	for i, n := range ns {
		out[i] = n
	}
	return out
}

// wrapped is `(head n)`, or nothing without n.
func (d *dumper) wrapped(head string, n Node) any {
	if n == nil || isNil(n) {
		return nil
	}
	return func() { d.form(head, n) }
}

func (d *dumper) node(n Node) {
	switch n := n.(type) {
	case *File:
		d.file(n)
	case *Precision:
		d.form("precision", n.Kind)
	case Type:
		d.typ(n)
	case Pattern:
		d.pattern(n)
	case Expr:
		d.expr(n)
	case Decl:
		d.decl(n)
	case Stmt:
		d.stmt(n)
	default:
		d.piece(n)
	}
}

func (d *dumper) file(f *File) {
	sep := ""
	if f.Precision != nil {
		d.node(f.Precision)
		sep = " ; "
	}
	for _, x := range f.Decls {
		d.WriteString(sep)
		d.node(x)
		sep = " ; "
	}
}

func (d *dumper) decl(n Decl) {
	switch n := n.(type) {
	case *Import:
		d.form("import", n.Path, n.File, n.As)
	case *Setting:
		d.form("setting", n.Name, n.Type, n.Value)
	case *Category:
		d.form("category", n.Name, n.Values, d.wrapped(": other", n.Other))
	case *Table:
		d.table(n)
	case *ReadDecl:
		d.form("read", n.Reader, n.Fields)
	case *Let:
		d.form("let", n.Pattern, n.Type, n.Value)
	case *Dim:
		d.form("dim", n.Name, n.Value)
	case *Param:
		d.form("param", n.Name, n.Type, d.wrapped("is", n.Constraint), d.wrapped("~", n.Init), d.wrapped("=", n.Value))
	case *TypeDecl:
		var dims any
		if len(n.Dims) > 0 {
			dims = func() { d.form("dims", all(n.Dims)) }
		}
		d.form("type", n.Name, dims, n.Type)
	case *Write:
		d.form("write", n.Writer, d.wrapped("if", n.If), n.Value)
	case *Print:
		d.form("print", all(n.Args))
	default:
		d.head(n)
	}
}

func (d *dumper) table(n *Table) {
	word := "table"
	if n.Stream {
		word = "stream"
	}
	names := all(n.Names)
	if n.Tuple {
		d.form(word, func() { d.form("tuple", names) }, n.From, n.Fields, n.Value)
		return
	}
	d.form(word, names, n.From, n.Fields, n.Value)
}

func (d *dumper) head(n Decl) {
	switch n := n.(type) {
	case *Fn:
		d.form("fn", n.Name, d.params(n.Args, nil, false), n.Result, n.Body)
	case *Model:
		d.form("model", n.Name, d.params(n.Args, n.Config, n.HasConfig), n.Result, n.Body)
	case *Optimizer:
		d.form("optimizer", n.Name, d.params(n.Args, nil, false), func() { d.form("for", n.Param, n.Grad) }, n.Body)
	case *Adjoint:
		d.form("adjoint", n.Fun, func() { d.form("args", all(n.Args)) }, func() { d.form("args", all(n.Cotangents)) }, n.Body)
	case *Train:
		d.form("train", n.Name, n.Model, d.wrapped("on", n.On), all(n.Clauses))
	case *Test:
		d.form("test", n.Name, n.Body)
	}
}

func (d *dumper) params(args, config []*Arg, semicolon bool) any {
	return func() {
		if semicolon {
			d.form("params", all(args), ";", all(config))
			return
		}
		d.form("params", all(args))
	}
}

func (d *dumper) stmt(n Stmt) {
	switch n := n.(type) {
	case *State:
		d.form("state", n.Name, n.Type, n.Value)
	case *Assign:
		d.form("<-", n.Name, n.Value)
	case *Assert:
		d.form("assert", n.Cond)
	case *ExprStmt:
		d.node(n.X)
	}
}

// piece has the nodes that are neither declaration, statement nor expression.
func (d *dumper) piece(n Node) {
	switch n := n.(type) {
	case *Arg:
		d.form(":", n.Name, n.Type, n.Default)
	case *Clause:
		head := n.Word.Name
		if n.Each != nil {
			head += " each"
		}
		d.form(head, n.Value, opt(n.Lazy), d.wrapped("every", n.Every), d.wrapped("=", n.Is))
	case *FieldSet:
		d.form("fields", all(n.Items))
	case *Field:
		key := ""
		if n.Key {
			key = "key"
		}
		d.form(":", n.Name, n.Type, key, d.wrapped("from", n.From), d.wrapped("if", n.If))
	case *KeyFields:
		d.form("key", all(n.Names))
	case *Skip:
		d.form("skip", n.Count)
	case *ForIn:
		d.form("in", n.Pattern, n.Xs)
	case *ForIf:
		d.form("if", n.Cond)
	case *NamedArg:
		d.form(":", n.Name, n.Value)
	case *RecordItem:
		if n.Spread {
			d.form("...", n.Value)
			return
		}
		d.form(":", n.Name, n.Value)
	case *FieldPattern:
		d.form(":", n.Name, n.Pattern)
	default:
		fmt.Fprintf(d, "(unknown %T)", n)
	}
}

func (d *dumper) typ(t Type) {
	switch t := t.(type) {
	case *Path:
		d.path(t.Parts)
	case *IndexType:
		d.form("index", t.Bound)
	case *Optional:
		d.form("?", t.X)
	case *Of:
		d.form("of", t.X, all(t.Dims))
	case *TupleType:
		d.form("tuple", all(t.Items))
	case *FuncType:
		if len(t.Args) == 1 {
			d.form("->", t.Args[0], t.Result)
			return
		}
		d.form("->", func() { d.form("tuple", all(t.Args)) }, t.Result)
	case *RecordType:
		d.form("record", all(t.Fields.Items))
	}
}

func (d *dumper) path(parts []*Name) {
	n := len(parts) - 1
	if n == 0 {
		d.node(parts[0])
		return
	}
	d.form(".", func() { d.path(parts[:n]) }, parts[n])
}

func (d *dumper) pattern(p Pattern) {
	switch p := p.(type) {
	case *Name:
		d.WriteString(p.Name)
	case *Wildcard:
		d.WriteByte('_')
	case *TuplePattern:
		d.form("tuple", all(p.Items))
	case *ListPattern:
		d.form("list", all(p.Items))
	case *RecordPattern:
		d.form("rec", all(p.Items))
	}
}
