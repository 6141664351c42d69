package syntax

// This file is the grammar of declarations, as participle reads it from struct
// tags. Literals are the words and symbols of a head; every field of an
// interface type is a leaf that leaves.go parses by hand. Each alternative
// begins with its own word, so one token decides.

// declSyntax is the root; Grammar prints it.
type declSyntax struct {
	Precision *precisionSyntax `parser:"  @@"`
	Import    *importSyntax    `parser:"| @@"`
	Setting   *settingSyntax   `parser:"| @@"`
	Category  *categorySyntax  `parser:"| @@"`
	Table     *tableSyntax     `parser:"| @@"`
	Read      *readSyntax      `parser:"| @@"`
	Type      *typeSyntax      `parser:"| @@"`
	Fn        *fnSyntax        `parser:"| @@"`
	Model     *modelSyntax     `parser:"| @@"`
	Optimizer *optimizerSyntax `parser:"| @@"`
	Adjoint   *adjointSyntax   `parser:"| @@"`
	Train     *trainSyntax     `parser:"| @@"`
	Write     *writeSyntax     `parser:"| @@"`
	Print     *printSyntax     `parser:"| @@"`
	Test      *testSyntax      `parser:"| @@"`
}

type precisionSyntax struct {
	Kind name `parser:"'precision' @@"`
}

type importSyntax struct {
	File file `parser:"'import' ( @@"`
	Path path `parser:"         | @@ )"`
	As   name `parser:"( 'as' @@ )?"`
}

type settingSyntax struct {
	Name  name `parser:"'setting' @@"`
	Type  Type `parser:"':' @@"`
	Value Expr `parser:"( '=' @@ )?"`
}

type categorySyntax struct {
	Name   name `parser:"'category' @@"`
	Values Expr `parser:"( '=' @@"`
	Other  Expr `parser:"  ( ',' 'other' ':' @@ )? )?"`
}

type tableSyntax struct {
	Stream bool       `parser:"( 'table' | @'stream' )"`
	Names  tableNames `parser:"@@"`
	From   reader     `parser:"( 'from' @@"`
	Fields fieldList  `parser:"  @@"`
	Value  Expr       `parser:"| '=' @@ )"`
}

type readSyntax struct {
	Reader reader    `parser:"'read' @@"`
	Fields fieldList `parser:"@@"`
}

type typeSyntax struct {
	Name name     `parser:"'type' @@"`
	Dims typeDims `parser:"@@?"`
	Type Type     `parser:"'=' @@"`
}

type fnSyntax struct {
	Name   name     `parser:"'fn' @@"`
	Args   headArgs `parser:"@@"`
	Result Type     `parser:"'->' @@"`
	Body   value    `parser:"@@"`
}

type modelSyntax struct {
	Name   name      `parser:"'model' @@"`
	Args   modelArgs `parser:"@@"`
	Result Type      `parser:"'->' @@"`
	Body   value     `parser:"@@"`
}

type optimizerSyntax struct {
	Name  name     `parser:"'optimizer' @@"`
	Args  headArgs `parser:"@@"`
	Param name     `parser:"'for' @@"`
	Grad  name     `parser:"',' @@"`
	Body  body     `parser:"@@"`
}

type adjointSyntax struct {
	Fun  path        `parser:"'adjoint' @@"`
	Args adjointArgs `parser:"@@"`
	Body value       `parser:"@@"`
}

type trainSyntax struct {
	Name    name       `parser:"'train' @@"`
	Model   path       `parser:"'of' @@"`
	On      postfix    `parser:"( 'on' @@ )?"`
	Clauses clauseList `parser:"@@"`
}

type writeSyntax struct {
	Writer reader    `parser:"'write' @@"`
	If     condition `parser:"( 'if' @@ )?"`
	Value  Expr      `parser:"'=' @@"`
}

type printSyntax struct {
	Args exprList `parser:"'print' @@"`
}

type testSyntax struct {
	Name file `parser:"'test' @@"`
	Body body `parser:"@@"`
}

func (s *precisionSyntax) decl(at Pos, doc string) Node {
	return &Precision{at, doc, s.Kind.(*Name)}
}

func (s *importSyntax) decl(at Pos, doc string) Node {
	i := &Import{Pos: at, Doc: doc}
	i.File, _ = s.File.(*Text)
	i.Path, _ = s.Path.(*Path)
	i.As, _ = s.As.(*Name)
	return i
}

func (s *settingSyntax) decl(at Pos, doc string) Node {
	return &Setting{at, doc, s.Name.(*Name), s.Type, s.Value}
}

func (s *categorySyntax) decl(at Pos, doc string) Node {
	return &Category{at, doc, s.Name.(*Name), s.Values, s.Other}
}

func (s *tableSyntax) decl(at Pos, doc string) Node {
	t := &Table{Pos: at, Doc: doc, Stream: s.Stream, Value: s.Value}
	n := s.Names.(*nameSet)
	t.Names, t.Tuple = n.names, n.tuple
	t.From, _ = s.From.(*Call)
	t.Fields, _ = s.Fields.(*FieldSet)
	return t
}

func (s *readSyntax) decl(at Pos, doc string) Node {
	return &ReadDecl{at, doc, s.Reader.(*Call), s.Fields.(*FieldSet)}
}

func (s *typeSyntax) decl(at Pos, doc string) Node {
	t := &TypeDecl{Pos: at, Doc: doc, Name: s.Name.(*Name), Type: s.Type}
	if n, ok := s.Dims.(*nameSet); ok {
		t.Dims = n.names
	}
	return t
}

func (s *fnSyntax) decl(at Pos, doc string) Node {
	return &Fn{at, doc, s.Name.(*Name), s.Args.(*argSet).args, s.Result, exprOf(s.Body)}
}

func (s *modelSyntax) decl(at Pos, doc string) Node {
	a := s.Args.(*argSet)
	return &Model{at, doc, s.Name.(*Name), a.args, a.hasConfig, a.config, s.Result, exprOf(s.Body)}
}

func (s *optimizerSyntax) decl(at Pos, doc string) Node {
	o := &Optimizer{Pos: at, Doc: doc, Name: s.Name.(*Name), Args: s.Args.(*argSet).args, Param: s.Param.(*Name), Grad: s.Grad.(*Name)}
	o.Body, _ = s.Body.(*Block)
	return o
}

func (s *adjointSyntax) decl(at Pos, doc string) Node {
	a := s.Args.(*[2][]*Name)
	return &Adjoint{at, doc, s.Fun.(*Path), a[0], a[1], exprOf(s.Body)}
}

func (s *trainSyntax) decl(at Pos, doc string) Node {
	return &Train{at, doc, s.Name.(*Name), s.Model.(*Path), exprOf(s.On), s.Clauses.([]*Clause)}
}

func (s *writeSyntax) decl(at Pos, doc string) Node {
	return &Write{at, doc, s.Writer.(*Call), exprOf(s.If), s.Value}
}

func (s *printSyntax) decl(at Pos, doc string) Node {
	return &Print{at, doc, s.Args.([]Expr)}
}

func (s *testSyntax) decl(at Pos, doc string) Node {
	t := &Test{Pos: at, Doc: doc}
	t.Name, _ = s.Name.(*Text)
	t.Body, _ = s.Body.(*Block)
	return t
}

func exprOf(v any) Expr {
	e, _ := v.(Expr)
	return e
}
