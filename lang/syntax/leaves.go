package syntax

import (
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/dfc-lang/dfc/lang/source"
)

// This file joins the grammar of declarations, which participle runs, with the
// parts that are parsed by hand. participle sees one declaration at a time;
// each of its tokens carries the index of ours as its offset, so both sides
// know where they are.

// The leaves of the grammar; participle tells them apart by these types.
type (
	name        any // *Name
	path        any // *Path
	file        any // *Text
	reader      any // *Call
	tableNames  any // *nameSet
	typeDims    any // *nameSet
	headArgs    any // *argSet
	modelArgs   any // *argSet
	adjointArgs any // *[2][]*Name
	fieldList   any // *FieldSet
	clauseList  any // []*Clause
	exprList    any // []Expr
	condition   any // Expr
	postfix     any // Expr
	value       any // Expr, nil if broken
	body        any // *Block, nil if broken
)

type nameSet struct {
	names []*Name
	tuple bool
}

type argSet struct {
	args, config []*Arg
	hasConfig    bool
}

// errReported stops participle after an error that the user already has.
var errReported = errors.New("reported")

// engine is a participle parser with the parser that its leaves work for. An
// engine serves one Parse at a time; the idle ones wait for the next. They are
// not a sync.Pool, since making one costs more than reading a module.
type engine struct {
	p     *parser
	rules map[string]func(*lexer.PeekingLexer) (production, error)
	ebnf  string
	buf   []lexer.Token
}

type production interface{ decl(Pos, string) Node }

var idle struct {
	sync.Mutex
	engines []*engine
}

func takeEngine() (e *engine) {
	idle.Lock()
	if n := len(idle.engines); n > 0 {
		e, idle.engines = idle.engines[n-1], idle.engines[:n-1]
	}
	idle.Unlock()
	if e == nil {
		e = newEngine()
	}
	return e
}

// keptTokens is the room for tokens that an idle engine keeps.
const keptTokens = 1 << 12

// release gives an engine back, without what it has read.
func (e *engine) release() {
	e.p = nil
	if clear(e.buf[:min(cap(e.buf), keptTokens)]); cap(e.buf) > keptTokens {
		e.buf = nil // a large program's: clearing it would slow down all small ones
	}
	idle.Lock()
	defer idle.Unlock()
	idle.engines = append(idle.engines, e)
}

func newEngine() *engine {
	e := &engine{}
	root := participle.MustBuild[declSyntax](
		participle.Lexer(definition{}), participle.UseLookahead(0),
		leaf(e, func(p *parser) name { return p.name("a name") }),
		leaf(e, func(p *parser) path { return p.path("a name") }),
		leaf(e, (*parser).fileLeaf),
		leaf(e, func(p *parser) reader { return p.reader() }),
		leaf(e, (*parser).tableNames),
		leaf(e, (*parser).typeDims),
		leaf(e, (*parser).headArgs),
		leaf(e, (*parser).modelArgs),
		leaf(e, (*parser).adjointArgs),
		leaf(e, func(p *parser) fieldList { p.mark(p.i, roleFields); return p.fields() }),
		leaf(e, (*parser).clauseList),
		leaf(e, (*parser).exprList),
		leaf(e, func(p *parser) condition { return p.pipe() }),
		leaf(e, func(p *parser) postfix { return p.postfix() }),
		leaf(e, (*parser).value),
		leaf(e, (*parser).body),
		leaf(e, (*parser).expr),
		leaf(e, (*parser).typ),
	)
	e.ebnf = root.String()
	e.rules = map[string]func(*lexer.PeekingLexer) (production, error){
		"precision": rule[precisionSyntax](root), "import": rule[importSyntax](root), "setting": rule[settingSyntax](root),
		"category": rule[categorySyntax](root), "table": rule[tableSyntax](root), "stream": rule[tableSyntax](root),
		"read": rule[readSyntax](root), "type": rule[typeSyntax](root), "fn": rule[fnSyntax](root),
		"model": rule[modelSyntax](root), "optimizer": rule[optimizerSyntax](root), "adjoint": rule[adjointSyntax](root),
		"train": rule[trainSyntax](root), "write": rule[writeSyntax](root), "print": rule[printSyntax](root),
		"test": rule[testSyntax](root),
	}
	return e
}

// Grammar is the grammar of declarations in EBNF; names of leaves stand for
// what is parsed by precedence.
func Grammar() string {
	e := takeEngine()
	defer e.release()
	return e.ebnf
}

// rule is one alternative of the root as a parser of its own, chosen by its
// first word.
func rule[S any, P interface {
	*S
	production
}](root *participle.Parser[declSyntax]) func(*lexer.PeekingLexer) (production, error) {
	parser, err := participle.ParserForProduction[S](root)
	if err != nil {
		panic(err) // a fault of skeleton.go, seen by every test
	}
	return func(lex *lexer.PeekingLexer) (production, error) {
		s, err := parser.ParseFromLexer(lex, participle.AllowTrailing(true))
		return P(s), err
	}
}

// leaf makes f the parser of the type T inside the grammar.
func leaf[T any](e *engine, f func(*parser) T) participle.Option {
	return participle.ParseTypeWith(func(lex *lexer.PeekingLexer) (v T, err error) {
		p := e.p
		p.i = lex.Peek().Pos.Offset
		if _, optional := any(f).(func(*parser) typeDims); optional && !p.at("[") {
			return v, participle.NextMatch
		}
		if !p.try(true, func() { v = f(p); p.settle() }) {
			return v, errReported
		}
		if any(v) == any(noMatch{}) {
			var none T
			return none, participle.NextMatch
		}
		for t := lex.Peek(); t.Pos.Offset < p.i && !t.EOF(); t = lex.Peek() {
			lex.Next()
		}
		return v, nil
	})
}

// noMatch is what a leaf returns to let participle try the next alternative.
type noMatch struct{}

// definition is the lexer that participle asks for; our tokens are made
// before, so it only names the kinds.
type definition struct{}

func (definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Name": -2, "Word": -3, "Number": -4, "Duration": -5, "Text": -6, "Symbol": -7, "End": -8}
}

var tokenTypes = [...]lexer.TokenType{kEOF: lexer.EOF, kEnd: -8, kName: -2, kReserved: -3, kNumber: -4, kDuration: -5, kText: -6, kSym: -7}

// run parses the declaration that begins at the current token with its rule.
func (e *engine) run(p *parser, keyword string) (production, error) {
	e.p = p
	p.chunk(e)
	lex, err := lexer.Upgrade(&replay{e.buf})
	if err != nil {
		return nil, err
	}
	s, err := e.rules[keyword](lex)
	if err == nil {
		p.i = max(p.i, lex.Peek().Pos.Offset)
		return s, nil
	}
	if !errors.Is(err, errReported) {
		p.translate(err)
	}
	return nil, errReported
}

// chunk hands participle the tokens of the declaration here, up to an END
// outside brackets or the next declaration in column 1. What is inside brackets
// is for the leaves alone and left out.
func (p *parser) chunk(e *engine) {
	e.buf = e.buf[:0]
	depth, braces := 0, 0
	for i := p.i; ; i++ {
		t := &p.toks[i]
		if t.kind == kEOF || t.kind == kEnd && t.text == "" && braces == 0 || i > p.i && p.endsBody(i) && t.text != "optimizer" {
			e.buf = append(e.buf, lexer.EOFToken(lexer.Position{Offset: i}))
			return
		}
		if depth == 0 {
			e.buf = append(e.buf, lexer.Token{Type: tokenTypes[t.kind], Value: t.text, Pos: lexer.Position{Offset: i}})
		}
		if t.kind != kSym {
			continue
		}
		switch t.text {
		case "(", "[":
			depth++
		case "{":
			depth, braces = depth+1, braces+1
		case ")", "]":
			depth = max(0, depth-1)
		case "}":
			depth, braces = max(0, depth-1), max(0, braces-1)
		}
	}
}

type replay struct{ toks []lexer.Token }

func (r *replay) Next() (lexer.Token, error) {
	t := r.toks[0]
	if len(r.toks) > 1 {
		r.toks = r.toks[1:]
	}
	return t, nil
}

// translate turns an error of participle into one of ours.
func (p *parser) translate(err error) {
	var pe participle.Error
	if !errors.As(err, &pe) {
		panic(err)
	}
	p.i = min(pe.Position().Offset, len(p.toks)-1)
	t := p.tok()
	want := expected(pe.Message())
	if len(want) == 0 {
		p.report(p.errorf("E0114", t, "%s does not belong here", p.found(t)).WithHint("look at the form of this declaration in the reference"))
		return
	}
	list := "`" + strings.Join(want, "` or `") + "`"
	d := p.errorf("E0110", t, "%s expected, found %s", list, p.found(t))
	p.report(d.WithHint("%s", headHint(want[0])))
}

var headHints = map[string]string{
	"->":   "write the type of the result: `-> f32`",
	":":    "write a type after a colon: `name: f32`",
	"of":   "name the model: `train fit of price on Table { … }`",
	"from": "say where the rows come from: `table T from csv(\"a.csv\") { … }`, or compute them: `table T = …`",
	"for":  "name a parameter and its gradient: `optimizer sgd(rate: real) for p, g { … }`",
	",":    "an optimizer names a parameter and its gradient: `for p, g`",
}

func headHint(want string) string {
	if h := headHints[want]; h != "" {
		return h
	}
	return "put `" + want + "` here"
}

// expected reads from participle's message which literals could have stood:
// the first of what it expected, and of its alternatives.
func expected(msg string) []string {
	i := strings.LastIndex(msg, "(expected ")
	if i < 0 {
		return nil
	}
	var out []string
	for _, alt := range strings.Split(msg[i+len("(expected "):], " | ") {
		alt = strings.TrimLeft(alt, "( ")
		if !strings.HasPrefix(alt, `"`) {
			continue
		}
		if end := strings.IndexByte(alt[1:], '"'); end > 0 {
			out = append(out, alt[1:1+end])
		}
	}
	return out
}

func (p *parser) fileLeaf() file {
	if p.tok().kind != kText && p.i > 0 && p.toks[p.i-1].is("import") {
		return noMatch{}
	}
	return p.text("a text in quotes")
}

func (p *parser) tableNames() tableNames {
	if p.at("(") {
		return &nameSet{p.names(), true}
	}
	return &nameSet{[]*Name{p.name("the name of a table")}, false}
}

func (p *parser) typeDims() typeDims {
	p.mark(p.i, roleCall)
	closing := p.open("[")
	n := &nameSet{names: []*Name{p.name("the name of a dimension")}}
	for p.accept(",") && !p.at("]") {
		n.names = append(n.names, p.name("the name of a dimension"))
	}
	closing()
	return n
}

// head parses `(…)` after the name in a head.
func (p *parser) head(inside func()) {
	if !p.at("(") {
		p.fail(p.errorf("E0110", p.tok(), "`(` and the arguments expected, found %s", p.found(p.tok())).
			WithHint("write `()` if there are none"))
	}
	p.mark(p.i, roleCall)
	closing := p.open("(")
	inside()
	closing()
}

func (p *parser) headArgs() headArgs {
	a := &argSet{}
	p.head(func() { a.args = p.args() })
	return a
}

func (p *parser) modelArgs() modelArgs {
	a := &argSet{}
	p.head(func() {
		a.args = p.args()
		if p.accept(";") {
			a.hasConfig, a.config = true, p.args()
		}
	})
	return a
}

func (p *parser) adjointArgs() adjointArgs {
	a := &[2][]*Name{}
	p.head(func() {
		for i := range a {
			for p.tok().kind == kName {
				a[i] = append(a[i], p.name("an argument"))
				if !p.accept(",") {
					break
				}
			}
			if i == 0 && !p.accept(";") {
				p.fail(p.errorf("E0110", p.tok(), "`;` and the cotangent expected, found %s", p.found(p.tok())).
					WithHint("an adjoint names the arguments, then the cotangent of the result: `adjoint f(x; d) = …`"))
			}
		}
	})
	return a
}

func (p *parser) clauseList() clauseList {
	if !p.at("{") {
		p.fail(p.errorf("E0110", p.tok(), "`{` expected before the clauses, found %s", p.found(p.tok())).
			WithHint("write `train fit of price on Table {` on one line, then a clause on each line"))
	}
	return p.clauses()
}

func (p *parser) exprList() exprList {
	out := []Expr{p.expr()}
	for p.accept(",") {
		out = append(out, p.expr())
	}
	return out
}

func (p *parser) value() value {
	switch {
	case p.accept("="):
		return p.expr()
	case p.at("{"):
		at := p.i
		b := p.block()
		if p.mark(at, roleDecl); b != nil {
			return b
		}
		return nil
	}
	p.noBody("`=` or `{` expected after the head")
	return nil
}

func (p *parser) body() body {
	if !p.at("{") {
		p.noBody("`{` expected after the head")
	}
	at := p.i
	b := p.effects()
	if p.mark(at, roleDecl); b != nil {
		return b
	}
	return nil
}

func (p *parser) noBody(what string) {
	d := source.Errorf("E0110", p.tokenSpan(p.tok()), "%s, found %s", what, p.found(p.tok()))
	p.fail(d.WithHint("the `=` or `{` of a body stands on the line of its head"))
}

// Lex makes definition a lexer.Definition; it is never called.
func (definition) Lex(string, io.Reader) (lexer.Lexer, error) { return &replay{}, nil }
