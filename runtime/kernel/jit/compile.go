package jit

import "errors"

// Entries of every pool.
const (
	zeros      = 0
	bytesOfOne = 1
)

// text is a compiled program.
type text struct {
	code  []byte
	slots int // of scratch memory, a vector each
	turns int // vectors of a turn of the first loop
	bound Bound
}

var errOrder = errors.New("jit: two outputs wait for each other")

// A turn computes several vectors where a line of one is so long that the
// processor sees too few operations at once that do not wait for each other,
// and the rows have some such turns.
const (
	longLine   = 20 // operations for two vectors
	longerLine = 64 // and for three
	longRow    = 4  // turns
)

// atOnce is how many vectors a turn of the first loop computes.
func (p *Program) atOnce(s Set) int {
	vectors := p.points / s.Lanes(p.wide)
	if p.steps || p.rounds != nil || vectors < 2*longRow {
		return 1
	}
	n := 0
	for i, needed := range p.needed(p.all()) {
		if needed && p.levels[i] == perLane && !p.nodes[i].isRead() {
			n++
		}
	}
	switch {
	case n < longLine:
		return 1
	case n < longerLine || vectors < 3*longRow:
		return 2
	}
	return 3
}

// all is what the loops compute.
func (p *Program) all() result {
	r := result{outputs: p.outputs, exit: p.exit}
	for i := range p.carries {
		r.carries = append(r.carries, i)
	}
	return r
}

// compile makes machine code of a program.
func (p *Program) compile(s Set) (*text, error) {
	if p.rounds != nil {
		return p.compileRounds(s)
	}
	if many := p.atOnce(s); s == AVX512 {
		p = p.withMasks(many)
	} else {
		p = p.repeated(many)
	}
	lists, keep, err := p.order(p.turns[0])
	if err != nil {
		return nil, err
	}
	a := newAllocator(p)
	a.entry(W8, 0)
	a.entry(W8, 0x0101010101010101)
	l := lines{before: a.run(once, lists[once], keep), rows: a.run(perRow, lists[perRow], keep)}
	if len(p.turns) > 1 {
		if many, _, err := p.order(p.turns[1]); err == nil {
			l.long = a.loop(many[perLane], keep)
		}
	}
	l.short = a.loop(lists[perLane], keep)
	return p.emit(a, &l), nil
}

// lines is what runs before all loops, before each row, and in its loops.
type lines struct {
	before, rows []mop
	long, short  loop
}

// loop is a straight line of the level of lanes, and what runs before and
// behind the loop.
type loop struct{ head, body, tail []mop }

// emit writes the lines of a program.
func (p *Program) emit(a *allocator, l *lines) *text {
	e := &emitter{p: p, lanes: p.lanes()}
	e.b = make([]byte, 0, 1024+16*len(p.nodes))
	e.assign()
	if p.set == AVX512 {
		e.rrm(kmovw, false, lanesLeft&7, 0, word(argTail))
	}
	if a.slots > 0 {
		e.load(rSI, word(argScratch))
	}
	e.ops(l.before, e.lanes)
	switch {
	case p.steps:
		e.recurrence(&l.short)
	default:
		e.shortRows(l)
		top := len(e.b)
		e.ops(l.rows, e.lanes)
		e.zero(rDX)
		e.row(l)
		e.nextRow(top)
	}
	t := e.done(a)
	first := l.short.body
	if l.long.body != nil {
		first, t.turns = l.long.body, p.vectors
	}
	t.bound = p.boundOf(first, t.turns)
	return t
}

// A row of few vectors costs more for its loops than for what they compute. Where
// rows are known to be so short, and the line as well, there is a way through
// them without loops within a row.
const (
	shortRow  = 4  // vectors, the last one cut with AVX-512
	shortLine = 64 // machine operations of all of them
)

// short is the vectors of a row, the last one maybe cut, where rows are short; else 0.
func (p *Program) short(body int) int {
	lanes := p.lanes()
	n := (p.points + lanes - 1) / lanes
	if p.set == AVX2 && p.points%lanes != 0 || n > shortRow || n*body > shortLine {
		return 0
	}
	return n
}

// shortRows goes through rows that are as short as was said without loops; others
// are left to what follows.
func (e *emitter) shortRows(l *lines) {
	vectors := e.p.short(len(l.short.body))
	if vectors == 0 {
		return
	}
	lanes := e.p.lanes()
	e.bytes(0x48, 0x83) // cmp qword [count], points
	e.address(7, word(argCount))
	e.bytes(byte(e.p.points))
	others := e.ahead(notEqual)
	top := len(e.b)
	e.ops(l.rows, lanes)
	e.zero(rDX)
	e.ops(l.short.head, lanes)
	for left := e.p.points; left > 0; left -= lanes {
		e.ending = left < lanes
		e.ops(l.short.body, lanes)
		e.ending = false
		if left > lanes {
			e.addImm(rDX, int32(lanes))
		}
	}
	e.nextRow(top)
	e.addImm(rDX, int32(lanes)) // which is not zero
	e.leaves = append(e.leaves, e.ahead(notEqual))
	e.land(others)
}

// row writes the loops over the elements of a row: many vectors a turn where
// there is such a line, then one, then single numbers or what is left.
func (e *emitter) row(l *lines) {
	lanes, end := e.p.lanes(), 0
	if l.long.body != nil {
		e.ops(l.long.head, lanes)
		e.loop(l.long.body, lanes, lanes*e.p.vectors, argLong)
		end = e.unless(argCount)
	}
	e.ops(l.short.head, lanes)
	e.loop(l.short.body, lanes, lanes, argMain)
	if e.p.set == AVX2 {
		e.loop(l.short.body, 1, 1, argCount)
		return
	}
	skip := e.unless(argCount)
	e.ending = true
	e.ops(l.short.body, lanes)
	e.ending = false
	e.addImm(rDX, int32(lanes))
	e.land(skip)
	if end > 0 {
		e.land(end)
	}
}

// unless is a jump from here that is taken unless the element is below an argument.
func (e *emitter) unless(end int) int {
	e.general(0x3b, rDX, word(end)) // cmp rDX, [end]
	return e.ahead(greaterEqual)
}

// recurrence runs a line once a step.
func (e *emitter) recurrence(l *loop) {
	e.ops(l.head, 1)
	e.zero(rDX)
	top := len(e.b)
	e.ops(l.body, 1)
	e.nextRow(top)
	e.ops(l.tail, 1)
	e.addImm(rDX, 1)
}

// done ends the code: here all loops end, and those that are left.
func (e *emitter) done(a *allocator) *text {
	for _, j := range e.leaves {
		e.land(j)
	}
	e.store(word(argLeft), rDX)
	e.ret()
	e.finish(a.consts, a.widths)
	return &text{code: e.b, slots: int(a.slots), turns: 1}
}

// loop runs body, of so many elements, while the element is below an argument.
func (e *emitter) loop(body []mop, lanes, step, end int) {
	skip := e.unless(end)
	top := len(e.b)
	e.ops(body, lanes)
	e.addImm(rDX, int32(step))
	e.general(0x3b, rDX, word(end))
	e.jump(less, top)
	e.land(skip)
}

// nextRow moves the streams to the next row and goes on while there is one.
func (e *emitter) nextRow(top int) {
	// sub qword [rows], 1
	e.bytes(0x48, 0x83)
	e.address(5, word(argRows))
	e.bytes(1)
	last := e.ahead(lessEqual)
	for s, t := range e.p.streams {
		if t.access == Once {
			continue
		}
		if b := e.base[s]; b != none {
			e.addMem(b, word(argStreams+2*s+1))
			continue
		}
		e.load(rAX, word(argStreams+2*s))
		e.addMem(rAX, word(argStreams+2*s+1))
		e.store(word(argStreams+2*s), rAX)
	}
	e.b = append(e.b, 0xe9) // jmp
	e.imm32(int32(top - len(e.b) - 4))
	e.land(last)
}
