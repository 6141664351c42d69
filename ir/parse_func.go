package ir

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// funcParser reads one function. Values with numbers are found anywhere in
// it: whether a use is in the right region is for Verify to say. In text
// written by hand a value may have a name alone; it is then known in its region
// and those below, and numbered when the function is complete.
type funcParser struct {
	*parser
	f        *Func
	byNumber map[int]*Value
	count    int // of all values
	// unnumbered are the values with a name alone, in order.
	unnumbered []*Value
	scopes     []map[string]*Value
}

// maxID bounds the numbers of values, since side tables are as long as the
// greatest.
const maxID = 1 << 22

// maxDepth bounds regions in regions.
const maxDepth = 500

func (p *parser) fn() {
	p.skipLine()
	at := p.offset()
	f := NewFunc(p.fnName())
	if p.m.Func(f.Name) != nil {
		p.failAt(at, codeTwice, "two functions are named %s", fnName(f.Name))
		p.stop()
	}
	fp := &funcParser{parser: p, f: f, byNumber: map[int]*Value{}}
	fp.scopes = append(fp.scopes, map[string]*Value{})
	fp.params()
	types, at := fp.resultTypes()
	if p.acceptWord("linear") {
		p.skipLine()
		f.Linear = p.bits()
	}
	p.expect("{")
	f.Span = p.lineSpan()
	fp.body(f.Body, "return")
	fp.checkResults(types, at)
	fp.number()
	p.m.Add(f)
}

// fnName reads `@name`, where the name may be in quotes.
func (p *reader) fnName() string {
	p.skipLine()
	if !strings.HasPrefix(p.s, "@") {
		p.expected("the name of a function, `@…`,")
	}
	p.s = p.s[1:]
	if strings.HasPrefix(p.s, `"`) {
		return p.quoted()
	}
	n := 0
	for n < len(p.s) && isFuncByte(p.s[n]) {
		n++
	}
	if n == 0 {
		p.expected("the name of a function")
	}
	name := p.s[:n]
	p.s = p.s[n:]
	return name
}

func (p *funcParser) params() {
	p.expect("(")
	for !p.accept(")") {
		if len(p.f.Inputs) > 0 {
			p.expect(",")
		}
		p.param(p.f.Body)
		p.f.Inputs = append(p.f.Inputs, p.input())
	}
}

// param reads `%name: type notes` into the parameters of r.
func (p *funcParser) param(r *Region) {
	p.skip()
	v := p.define(p.valueName(), nil, len(r.Params), r)
	p.expect(":")
	v.Type = p.typ()
	p.notes(v)
	r.Params = append(r.Params, v)
}

// input reads a role and what it is bound to, if they are there.
func (p *funcParser) input() Input {
	role, ok := RoleOf(p.peek())
	if !ok {
		return Input{}
	}
	p.word("")
	in := Input{Role: role}
	if p.skipLine(); strings.HasPrefix(p.s, `"`) {
		in.Bind = p.quoted()
	}
	return in
}

func (p *funcParser) resultTypes() (ts []Type, at int) {
	p.skip()
	at = p.offset()
	if !p.accept("->") {
		return nil, at
	}
	for ok := true; ok; ok = p.acceptHere(",") {
		ts = append(ts, p.typ())
	}
	return ts, at
}

func (p *funcParser) checkResults(ts []Type, at int) {
	ok := len(ts) == len(p.f.Results())
	for i := 0; ok && i < len(ts); i++ {
		ok = ts[i].Equal(p.f.Results()[i].Type)
	}
	if !ok {
		p.failAt(at, codeResults, "%s does not return values of these types", fnName(p.f.Name))
		p.stop()
	}
}

// valueName is a value as written: `%name.number`, `%number` or `%name`;
// number is -1 where there is none.
type valueName struct {
	name   string
	number int
	at     int
}

func (p *funcParser) valueName() valueName {
	p.skipLine()
	v := valueName{number: -1, at: p.offset()}
	if !strings.HasPrefix(p.s, "%") {
		p.expected("a value, `%…`,")
	}
	p.s = p.s[1:]
	if strings.HasPrefix(p.s, `"`) {
		v.name = p.quoted()
		if strings.HasPrefix(p.s, ".") {
			p.s = p.s[1:]
			v.number = p.digits(maxID)
		}
		return v
	}
	text := p.word("a value")
	name, digits := "", text
	if i := strings.LastIndexByte(text, '.'); i >= 0 {
		name, digits = text[:i], text[i+1:]
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		v.name = text
		return v
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxID {
		p.fail(codeSyntax, "the number %s of a value is too great", digits)
	}
	v.name, v.number = name, n
	return v
}

// text is the value as it was written.
func (p *funcParser) text(n valueName) string {
	return strings.TrimSpace(string(p.file.Text[n.at:p.offset()]))
}

// define makes a new value of that name.
func (p *funcParser) define(n valueName, def *Op, i int, in *Region) *Value {
	v := &Value{ID: n.number, Name: n.name, Def: def, Index: i, In: in}
	scope := p.scopes[len(p.scopes)-1]
	if (n.number >= 0 && p.byNumber[n.number] != nil) || (n.number < 0 && scope[n.name] != nil) {
		p.failAt(n.at, codeTwice, "this value is defined twice")
		p.stop()
	}
	p.count++
	if n.number >= 0 {
		p.byNumber[n.number] = v
		return v
	}
	scope[n.name] = v
	p.unnumbered = append(p.unnumbered, v)
	return v
}

// use reads the name of a value defined before.
func (p *funcParser) use() *Value {
	n := p.valueName()
	if n.number >= 0 {
		if v := p.byNumber[n.number]; v != nil {
			return v
		}
	}
	for i := len(p.scopes) - 1; i >= 0 && n.number < 0; i-- {
		if v := p.scopes[i][n.name]; v != nil {
			return v
		}
	}
	p.failAt(n.at, codeUnknown, "the value %s is not defined here", p.text(n))
	p.stop()
	return nil
}

// uses reads the values on the rest of the line, separated by commas.
func (p *funcParser) uses() (vs []*Value) {
	if p.skipLine(); !strings.HasPrefix(p.s, "%") {
		return nil
	}
	for ok := true; ok; ok = p.acceptHere(",") {
		vs = append(vs, p.use())
	}
	return vs
}

// notes reads `at SPAN` and `of PRIMAL` after the type of a value; it reports
// whether there was a span.
func (p *funcParser) notes(v *Value) (at bool) {
	if at = p.acceptWord("at"); at {
		v.Span = p.span()
	}
	if p.acceptWord("of") {
		v.Primal = p.name("the name of a value")
	}
	return at
}

// number gives numbers to the values that have none: all anew where no value
// has one, else the free ones.
func (p *funcParser) number() {
	if p.count == len(p.unnumbered) {
		Renumber(p.f)
		return
	}
	n := 0
	for _, v := range p.unnumbered {
		for p.byNumber[n] != nil {
			n++
		}
		v.ID = n
		p.byNumber[n] = v
	}
	for id := range p.byNumber {
		p.f.next = max(p.f.next, id+1)
	}
}

// body reads operations up to the line that ends the region.
func (p *funcParser) body(r *Region, end string) {
	if len(p.scopes) > maxDepth {
		p.fail(codeSyntax, "regions are nested too deep")
	}
	for p.skip(); !p.acceptWord(end); p.skip() {
		r.Ops = append(r.Ops, p.op(r))
	}
	r.Results = p.uses()
	p.expect("}")
}

func (p *funcParser) op(r *Region) *Op {
	op := &Op{}
	// Results are defined after operands and regions, which do not see them.
	results := p.resultNames()
	p.skipLine()
	at := p.offset()
	name := p.word("an operation")
	if op.Row = RowOf(name); op.Row == nil {
		p.failAt(at, codeRow, "there is no operation `%s`", name)
		if n := nearestRow(name); n != "" {
			p.bad.WithHint("did you mean `%s`?", n)
		}
		p.stop()
	}
	p.application(op)
	for p.accept("(") {
		op.Regions = append(op.Regions, p.region())
	}
	for i, n := range results {
		op.Results = append(op.Results, p.define(n, op, i, r))
	}
	p.typesOf(op)
	return op
}

func nearestRow(name string) string {
	var names []string
	for _, r := range Rows() {
		names = append(names, r.Name)
	}
	return source.Nearest(name, names)
}

// resultNames reads `%a, %b =`, if it is there.
func (p *funcParser) resultNames() (ns []valueName) {
	if !strings.HasPrefix(p.s, "%") {
		return nil
	}
	for ok := true; ok; ok = p.acceptHere(",") {
		ns = append(ns, p.valueName())
	}
	p.expect("=")
	return ns
}

// application reads operands and attributes.
func (p *funcParser) application(op *Op) {
	_, call := op.Row.Attrs.(CallAttrs)
	if call {
		op.Attrs = p.callee()
	}
	op.Operands = p.uses()
	if op.Row.Attrs == nil || call {
		return
	}
	v := reflect.New(reflect.TypeOf(op.Row.Attrs)).Elem()
	if p.skip(); strings.HasPrefix(p.s, "{") {
		p.readStruct(v)
	}
	op.Attrs = v.Interface()
}

// callee reads `@name !vjp{in 0b1} …`.
func (p *funcParser) callee() CallAttrs {
	c := CallAttrs{Fn: p.fnName()}
	for p.acceptHere("!") {
		q := Request{Kind: p.name("a transform")}
		kind := q.Kind
		p.readStruct(reflect.ValueOf(&q).Elem())
		q.Kind = kind
		c.Req = append(c.Req, q)
	}
	return c
}

// region reads a region after its opening parenthesis.
func (p *funcParser) region() *Region {
	r := &Region{}
	p.scopes = append(p.scopes, map[string]*Value{})
	for !p.accept(")") {
		if len(r.Params) > 0 {
			p.expect(",")
		}
		p.param(r)
	}
	p.expect("{")
	p.body(r, "yield")
	p.scopes = p.scopes[:len(p.scopes)-1]
	return r
}

// typesOf reads `: types ; span` after an operation.
func (p *funcParser) typesOf(op *Op) {
	explicit := make([]bool, len(op.Results))
	if len(op.Results) > 0 {
		p.skip()
		if !strings.HasPrefix(p.s, ":") {
			p.fail(codeResults, "`:` and a type for each result expected, found %s", found(p.s))
		}
		p.s = p.s[1:]
	}
	for i, v := range op.Results {
		if i > 0 && !p.acceptHere(",") {
			p.fail(codeResults, "%d results need as many types, found %s", len(op.Results), found(p.s))
		}
		v.Type = p.typ()
		explicit[i] = p.notes(v)
	}
	op.Span = p.lineSpan()
	for i, v := range op.Results {
		if !explicit[i] {
			v.Span = op.Span
		}
	}
}
