package syntax

// This file prints the trees of expressions.

func (d *dumper) expr(e Expr) {
	switch e := e.(type) {
	case *Number:
		d.WriteString(e.Text)
	case *Duration:
		d.WriteString(e.Number + e.Unit)
	case *Text:
		d.text(e)
	case *Bool:
		if e.Value {
			d.WriteString("true")
		} else {
			d.WriteString("false")
		}
	case *Read:
		d.form("read", e.Reader)
	case *Tuple:
		d.form("tuple", all(e.Items))
	case *List:
		d.form("list", all(e.Items))
	case *Comprehension:
		d.form("each", e.Elem, all(e.Clauses))
	case *Aggregate:
		d.form("agg", e.Fun, e.Elem, all(e.Clauses), all(e.Named))
	case *Call:
		d.form("call", e.Fun, all(e.Args), all(e.Named))
	case *Index:
		d.form("index", e.X, all(e.Items))
	case *Record:
		d.form("rec", all(e.Items))
	case *Block:
		d.form("do", all(e.Stmts), e.Result)
	default:
		d.operator(e)
	}
}

func (d *dumper) operator(e Expr) {
	switch e := e.(type) {
	case *Slice:
		d.form("slice", d.orBlank(e.Lo), d.orBlank(e.Hi))
	case *Select:
		d.form(".", e.X, e.Name)
	case *Unary:
		op := string(e.Op)
		if op == "-" {
			op = "neg"
		}
		d.form(op, e.X)
	case *Binary:
		d.form(string(e.Op), e.X, e.Y)
	case *As:
		d.form("as", e.X, e.Type)
	case *With:
		d.form("with", e.X, e.Params)
	case *If:
		d.form("if", e.Cond, e.Then, e.Else)
	case *Lambda:
		d.form("=>", e.Pattern, e.Body)
	case *Pipe:
		if e.Layer != nil {
			d.form("|>", e.Left, func() { d.form("=", e.Layer, e.Target) })
			return
		}
		d.form("|>", e.Left, e.Target)
	}
}

func (d *dumper) orBlank(e Expr) any {
	if e == nil {
		return "_"
	}
	return e
}

// text shows a text without settings as it is written.
func (d *dumper) text(t *Text) {
	if _, plain := t.Plain(); plain {
		d.WriteString(`"` + t.Raw + `"`)
		return
	}
	var parts []any
	for _, p := range t.Parts {
		if p.Setting != nil {
			parts = append(parts, p.Setting)
			continue
		}
		parts = append(parts, `"`+rawPart(p.Text)+`"`)
	}
	d.form("text", parts...)
}

// rawPart writes a decoded piece of text so that it reads back.
func rawPart(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\n':
			out = append(out, `\n`...)
		case '\t':
			out = append(out, `\t`...)
		case '\r':
			out = append(out, `\r`...)
		case '"', '\\':
			out = append(out, '\\', c)
		case '{', '}':
			out = append(out, c, c)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
