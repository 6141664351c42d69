package syntax

// This file holds Walk, which visits a tree from the outside in.

// Walk calls f for n and, where f returns true, for what lies inside n, in
// the order of the text. Long chains of operators, calls and pipes are deep on
// their left side, and a Go stack bears the 10,000 levels that the parser
// allows.
func Walk(n Node, f func(Node) bool) {
	var c children
	c.walk(n, f)
}

// walk keeps the children of all nodes that are open in one list.
func (c *children) walk(n Node, f func(Node) bool) {
	if n == nil || !f(n) {
		return
	}
	from := len(c.nodes)
	c.of(n)
	for i, to := from, len(c.nodes); i < to; i++ {
		c.walk(c.nodes[i], f)
	}
	c.nodes = c.nodes[:from]
}

// Children returns the nodes directly inside n, in the order of the text,
// without missing ones.
func Children(n Node) []Node {
	var c children
	c.of(n)
	return c.nodes
}

func (c *children) of(n Node) {
	switch n := n.(type) {
	case *File:
		c.add(opt(n.Precision))
		addAll(c, n.Decls)
	case *Precision:
		c.add(n.Kind)
	case Type:
		c.ofType(n)
	case Expr:
		c.ofExpr(n)
	case Pattern:
		c.ofPattern(n)
	case Decl:
		c.ofDecl(n)
	case Stmt:
		c.ofStmt(n)
	default:
		c.ofPart(n)
	}
}

type children struct{ nodes []Node }

func (c *children) add(ns ...Node) {
	for _, n := range ns {
		if n != nil {
			c.nodes = append(c.nodes, n)
		}
	}
}

func addAll[T Node](c *children, ns []T) {
	for _, n := range ns {
		c.nodes = append(c.nodes, n)
	}
}

// opt turns a nil pointer into a nil Node.
func opt[T any, P interface {
	*T
	Node
}](p P) Node {
	if p == nil {
		return nil
	}
	return p
}

func (c *children) ofDecl(d Decl) {
	switch d := d.(type) {
	case *Import:
		c.add(opt(d.Path), opt(d.File), opt(d.As))
	case *Setting:
		c.add(d.Name, d.Type, d.Value)
	case *Category:
		c.add(d.Name, d.Values, d.Other)
	case *Table:
		addAll(c, d.Names)
		c.add(opt(d.From), opt(d.Fields), d.Value)
	case *ReadDecl:
		c.add(d.Reader, d.Fields)
	case *Let:
		c.add(d.Pattern, d.Type, d.Value)
	case *Dim:
		c.add(d.Name, d.Value)
	case *Param:
		c.add(d.Name, d.Type, d.Constraint, d.Init, d.Value)
	case *TypeDecl:
		c.add(d.Name)
		addAll(c, d.Dims)
		c.add(d.Type)
	case *Write:
		c.add(d.Writer, d.If, d.Value)
	case *Print:
		addAll(c, d.Args)
	default:
		c.ofHead(d)
	}
}

// ofHead has the declarations with a head and a body.
func (c *children) ofHead(d Decl) {
	switch d := d.(type) {
	case *Fn:
		c.add(d.Name)
		addAll(c, d.Args)
		c.add(d.Result, d.Body)
	case *Model:
		c.add(d.Name)
		addAll(c, d.Args)
		addAll(c, d.Config)
		c.add(d.Result, d.Body)
	case *Optimizer:
		c.add(d.Name)
		addAll(c, d.Args)
		c.add(d.Param, d.Grad, opt(d.Body))
	case *Adjoint:
		c.add(d.Fun)
		addAll(c, d.Args)
		addAll(c, d.Cotangents)
		c.add(d.Body)
	case *Train:
		c.add(d.Name, d.Model, d.On)
		addAll(c, d.Clauses)
	case *Test:
		c.add(d.Name, opt(d.Body))
	}
}

func (c *children) ofStmt(s Stmt) {
	switch s := s.(type) {
	case *State:
		c.add(s.Name, s.Type, s.Value)
	case *Assign:
		c.add(s.Name, s.Value)
	case *Assert:
		c.add(s.Cond)
	case *ExprStmt:
		c.add(s.X)
	}
}

func (c *children) ofExpr(e Expr) {
	switch e := e.(type) {
	case *Text:
		for _, p := range e.Parts {
			c.add(opt(p.Setting))
		}
	case *Read:
		c.add(e.Reader)
	case *Tuple:
		addAll(c, e.Items)
	case *List:
		addAll(c, e.Items)
	case *Comprehension:
		c.add(e.Elem)
		addAll(c, e.Clauses)
	case *Aggregate:
		c.add(e.Fun, e.Elem)
		addAll(c, e.Clauses)
		addAll(c, e.Named)
	case *Call:
		c.add(e.Fun)
		addAll(c, e.Args)
		addAll(c, e.Named)
	case *Index:
		c.add(e.X)
		addAll(c, e.Items)
	case *Record:
		addAll(c, e.Items)
	case *Block:
		addAll(c, e.Stmts)
		c.add(e.Result)
	default:
		c.ofOperator(e)
	}
}

// ofOperator has the expressions with a fixed number of operands.
func (c *children) ofOperator(e Expr) {
	switch e := e.(type) {
	case *Slice:
		c.add(e.Lo, e.Hi)
	case *Select:
		c.add(e.X, e.Name)
	case *Unary:
		c.add(e.X)
	case *Binary:
		c.add(e.X, e.Y)
	case *As:
		c.add(e.X, e.Type)
	case *With:
		c.add(e.X, e.Params)
	case *If:
		c.add(e.Cond, e.Then, e.Else)
	case *Lambda:
		c.add(e.Pattern, e.Body)
	case *Pipe:
		c.add(e.Left, opt(e.Layer), e.Target)
	}
}

func (c *children) ofType(t Type) {
	switch t := t.(type) {
	case *Path:
		addAll(c, t.Parts)
	case *IndexType:
		c.add(t.Bound)
	case *Optional:
		c.add(t.X)
	case *Of:
		c.add(t.X)
		addAll(c, t.Dims)
	case *TupleType:
		addAll(c, t.Items)
	case *FuncType:
		addAll(c, t.Args)
		c.add(t.Result)
	case *RecordType:
		c.add(t.Fields)
	}
}

func (c *children) ofPattern(p Pattern) {
	switch p := p.(type) {
	case *TuplePattern:
		addAll(c, p.Items)
	case *ListPattern:
		addAll(c, p.Items)
	case *RecordPattern:
		addAll(c, p.Items)
	}
}

// ofPart has the nodes that are neither declaration nor expression.
func (c *children) ofPart(n Node) {
	switch n := n.(type) {
	case *Arg:
		c.add(n.Name, n.Type, n.Default)
	case *Clause:
		c.add(n.Word, opt(n.Each), n.Value, opt(n.Lazy), n.Every, n.Is)
	case *FieldSet:
		addAll(c, n.Items)
	case *Field:
		c.add(n.Name, n.Type, n.From, n.If)
	case *KeyFields:
		addAll(c, n.Names)
	case *Skip:
		c.add(n.Count)
	case *ForIn:
		c.add(n.Pattern, n.Xs)
	case *ForIf:
		c.add(n.Cond)
	case *NamedArg:
		c.add(n.Name, n.Value)
	case *RecordItem:
		c.ofRecordItem(n)
	case *FieldPattern:
		c.ofFieldPattern(n)
	}
}

// A short item's name lies inside its value and is not visited twice.
func (c *children) ofRecordItem(n *RecordItem) {
	if !n.Short {
		c.add(opt(n.Name))
	}
	c.add(n.Value)
}

func (c *children) ofFieldPattern(n *FieldPattern) {
	if !n.Short {
		c.add(n.Name)
	}
	c.add(n.Pattern)
}
