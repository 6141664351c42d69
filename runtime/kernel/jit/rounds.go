package jit

// Note: rounds. A small model over the rows of a batch is one straight line: the
// lanes are rows, products are chains of multiply-adds, and what sums over the
// rows goes on from round to round in carries. A round is the rows of some
// vectors. Its line has three stages, of which each waits for itself: what is made
// of numbers in memory, what is made of that, and sums that must go row by row and
// read their terms one by one. So the stages of one turn are those of three rounds
// that follow one another, and the processor has all three to do at once:
//
//	early  0  1  2 …  n
//	main      0  1 …  n-1  n
//	late         0 …  n-2  n-1  n
//
// What a stage leaves for the next is in scratch memory, in streams that are Still.

// Stage is when something is computed.
type Stage uint8

// The stages.
const (
	Early Stage = iota
	Main
	Late
)

// rounds is what a program that runs in rounds has beside others.
type rounds struct {
	set     Set
	vectors int     // of a round
	stages  []Stage // of the carries
	turn    uint8   // vector of which loads are made
	stage   Stage   // in which they are made
}

// NewRounds is an empty program whose streams are read in rounds of so many
// vectors of rows; wide says that lanes have eight bytes. Run has one row, whose
// elements are whole rounds.
func NewRounds(set Set, vectors int, wide bool) *Program {
	p := newProgram(512)
	p.rounds = &rounds{set: set, vectors: vectors}
	p.wide, p.points = wide, 1<<20
	return p
}

// Round is the rows of a round.
func (p *Program) Round() int { return p.rounds.vectors * p.rounds.set.Lanes(p.wide) }

// Turn says for which vector of a round, and in which stage, loads and outputs are
// that follow.
func (p *Program) Turn(v int, s Stage) { p.rounds.turn, p.rounds.stage = uint8(v), s }

// back is how many rows a stage lies behind the first one.
func (p *Program) back() int { return int(p.rounds.stage) * p.Round() }

// Matrix declares a stream of rows of so many bytes. It is read by columns and by
// rows.
func (p *Program) Matrix(k Kind, row int) int {
	s := p.Stream(k, Rows)
	p.streams[s].row = int32(row)
	return s
}

// LoadAt is the element so many bytes from that of a stream, which is Direct or
// Once, or from the beginning of one that is Still.
func (p *Program) LoadAt(s int, w Width, off int) Value {
	n, l := node{op: opLoad, width: w, a: Value(s), b: -1, c: -1}, perLane
	switch t := &p.streams[s]; t.access {
	case Once:
		l = once
	case Direct:
		n.turn = p.rounds.turn
		off -= p.back() << t.kind.shift()
	}
	n.bits = uint64(uint32(off))
	return p.add(n, l)
}

// Kept is what the current vector has left in a stream that is Still.
func (p *Program) Kept(s int, w Width) Value {
	return p.add(node{op: opLoad, width: w, a: Value(s), b: -1, c: -1, imm: wholeVector, turn: p.rounds.turn}, perLane)
}

const wholeVector = 1

// Row is n neighbouring elements of a row of the round, in the first lanes; the
// others are zero.
func (p *Program) Row(s, row, from, n int, w Width) Value {
	off := (row-p.back())*int(p.streams[s].row) + from*int(w)
	return p.add(node{op: opLoad, width: w, a: Value(s), b: -1, c: -1, imm: uint8(n), bits: uint64(uint32(off))}, perLane)
}

// Columns are columns 0 to n of a matrix, with the rows in the lanes: squares of
// numbers that are turned in their registers, with AVX-512 two at a time, which
// takes fewer loads.
func (p *Program) Columns(s, n int, w Width) []Value {
	out := make([]Value, n)
	links := 16 / int(w)
	for at := 0; at < n; {
		from, count := at, min(links, n-at)
		switch {
		case n-at >= 2*links && p.rounds.set == AVX512:
			count = 2 * links
		case count < links && n >= links:
			from, count = n-links, links
		}
		var columns []Value
		if count > links {
			columns = p.squares(s, from, w)
		} else {
			columns = p.square(s, from, count, w)
		}
		for i := 0; i < count; i++ {
			out[from+i] = columns[i]
		}
		at = from + count
	}
	return out
}

// square is as many columns as 16 bytes hold.
func (p *Program) square(s, from, count int, w Width) []Value {
	x := make([]Value, 16/w)
	for q := range x {
		x[q] = p.pieces(s, q, from, count, w)
	}
	return p.turned(x, w)
}

// squares are as many columns as 32 bytes hold.
func (p *Program) squares(s, from int, w Width) []Value {
	links := 16 / int(w)
	var halves [2][]Value // of the rows; quarters of both squares in turn
	for h := range halves {
		x := make([]Value, links)
		for q := range x {
			x[q] = p.pieces(s, 2*h*links+q, from, 2*links, w)
		}
		halves[h] = p.turned(x, w)
	}
	out := make([]Value, 2*links)
	for i := range links {
		out[i] = p.DoImm(quarters, w, 0x88, halves[0][i], halves[1][i])
		out[i+links] = p.DoImm(quarters, w, 0xdd, halves[0][i], halves[1][i])
	}
	return out
}

// pieces are the pieces of rows, from one on, that a register holds.
func (p *Program) pieces(s, row, from, count int, w Width) Value {
	row += int(p.rounds.turn)*p.rounds.set.Lanes(p.wide) - p.back()
	off := row*int(p.streams[s].row) + from*int(w)
	return p.add(node{op: opSquare, width: w, a: -1, b: -1, c: -1, imm: uint8(count), bits: uint64(s)<<32 | uint64(uint32(off))}, perLane)
}

// turned are the columns of squares.
func (p *Program) turned(x []Value, w Width) []Value {
	if w == W8 {
		return []Value{p.Do(unpackLow8, w, x[0], x[1]), p.Do(unpackHigh8, w, x[0], x[1])}
	}
	t0, t1 := p.Do(unpackLow4, w, x[0], x[1]), p.Do(unpackHigh4, w, x[0], x[1])
	t2, t3 := p.Do(unpackLow4, w, x[2], x[3]), p.Do(unpackHigh4, w, x[2], x[3])
	return []Value{p.Do(unpackLow8, w, t0, t2), p.Do(unpackHigh8, w, t0, t2), p.Do(unpackLow8, w, t1, t3), p.Do(unpackHigh8, w, t1, t3)}
}

// Keep writes v to a stream that is Still, at the place of its vector, when all
// that reads the stream has.
func (p *Program) Keep(s int, v Value) {
	p.outputs = append(p.outputs, output{stream: s, value: v, after: []int{s}, turn: p.rounds.turn, stage: p.rounds.stage})
}

// In lets carry i change in a stage.
func (p *Program) In(i int, s Stage) {
	for len(p.rounds.stages) <= i {
		p.rounds.stages = append(p.rounds.stages, Main)
	}
	p.rounds.stages[i] = s
}

// only is what one stage computes.
func (p *Program) only(s Stage) result {
	r := result{exit: -1}
	for _, o := range p.outputs {
		if o.stage == s {
			r.outputs = append(r.outputs, o)
		}
	}
	for i := range p.carries {
		if p.rounds.stages[i] == s {
			r.carries = append(r.carries, i)
		}
	}
	if s == Main {
		r.exit = p.exit
	}
	return r
}

// compileRounds makes machine code of a program that runs in rounds.
func (p *Program) compileRounds(s Set) (*text, error) {
	if s == AVX512 {
		p = p.withMasks(1)
	}
	p.set = s
	a := newAllocator(p)
	for i := range p.streams {
		if t := &p.streams[i]; t.access == Still {
			t.row = a.slots * int32(s.bytes())
			a.slots += int32(p.rounds.vectors)
		}
	}
	a.entry(W8, 0)
	a.entry(W8, 0x0101010101010101)
	lists, keep, err := p.order(p.all())
	if err != nil {
		return nil, err
	}
	before := a.run(once, lists[once], keep)
	all := a.loop(lists[perLane], keep)
	var stages [3]loop
	for i := range stages {
		list, _, err := p.order(p.only(Stage(i)))
		if err != nil {
			return nil, err
		}
		stages[i] = a.loop(list[perLane], keep)
	}
	e := &emitter{p: p, lanes: p.lanes()}
	e.b = make([]byte, 0, 1024+48*len(p.nodes))
	e.assign()
	e.asked = make([]int32, len(p.streams))
	e.load(rSI, word(argScratch))
	e.ops(before, e.lanes)
	e.rounds(&all, &stages)
	return e.done(a), nil
}

// rounds writes the rounds; where they are left rDX is zero.
func (e *emitter) rounds(all *loop, stages *[3]loop) {
	e.zero(rDX)
	e.line(&stages[Early])
	e.nextRound()
	single := e.unless(argCount)
	e.line(&stages[Main])
	e.line(&stages[Early])
	e.nextRound()
	two := e.unless(argCount)
	clear(e.asked)
	e.ops(all.head, e.lanes)
	top := len(e.b)
	e.ops(all.body, e.lanes)
	e.nextRound()
	e.general(0x3b, rDX, word(argCount))
	e.jump(less, top)
	e.ops(all.tail, e.lanes)
	e.land(two)
	e.line(&stages[Late])
	e.land(single)
	e.line(&stages[Main])
	e.nextRound()
	e.line(&stages[Late])
	e.bytes(0xeb, 2) // jmp over what follows
	for _, j := range e.leaves {
		e.land(j)
	}
	e.leaves = nil
	e.zero(rDX)
}

// line writes a loop of one turn.
func (e *emitter) line(l *loop) {
	clear(e.asked)
	e.ops(l.head, e.lanes)
	e.ops(l.body, e.lanes)
	e.ops(l.tail, e.lanes)
}

// nextRound moves to the next rows.
func (e *emitter) nextRound() {
	n := e.p.Round()
	e.addImm(rDX, int32(n))
	for s, t := range e.p.streams {
		if t.access != Rows {
			continue
		}
		if b := e.base[s]; b != none {
			e.addImm(b, int32(n)*t.row)
			continue
		}
		e.load(rAX, word(argStreams+2*s))
		e.addImm(rAX, int32(n)*t.row)
		e.store(word(argStreams+2*s), rAX)
	}
}

// few is dst = so many elements from m on, the first lanes; the others are zero,
// and nothing behind is read.
func (e *emitter) few(w Width, n int, dst vec, m mem) {
	wide := e.p.set == AVX512
	size := n * int(w)
	switch {
	case size == 4 && wide:
		e.evexMemory(vmovss, encoded{}, dst, 0, m, 4)
	case size == 4:
		e.rrm(vmovss, false, dst, 0, m)
	case size == 8 && wide:
		e.evexMemory(vmovsd512, encoded{}, dst, 0, m, 8)
	case size == 8:
		e.rrm(vmovsd, false, dst, 0, m)
	case size == 12 && !wide:
		e.rrm(vmovsd, false, dst, 0, m)
		m.disp += 8
		e.rrm(vinsertps, false, dst, dst, m)
		e.bytes(0x20)
	case !wide:
		e.rrm(vmovups, size == 32, dst, 0, m)
	case size == 16 || size == 32 || size == 64:
		e.evexMemory(vmovups, encoded{long: long(size)}, dst, 0, m, int32(size))
	default:
		e.bytes(0xb8) // mov eax, a bit for each element
		e.imm32(1<<n - 1)
		e.masks(kmovwr, false, lanesLeft, 0, vec(rAX))
		f := encoded{long: long(size), mask: lanesLeft, zero: true}
		e.evexMemory(byLane(w, vmovups, vmovupd), f, dst, 0, m, f.unit())
	}
}

// square writes the loads of a square, 16 bytes of rows that lie a quarter of the
// lanes apart, or of two, 32 bytes of two rows.
func (e *emitter) square(o *mop) {
	m, n, count := e.stream(o.m, rCX), 16/int(o.width), int(o.imm)
	step := e.p.streams[o.m.n].row * int32(n)
	e.ask(o.m.n, m.base)
	if count > n {
		e.few(o.width, count, o.dst, m)
		m.disp += step
		e.evexMemory(vinsert256, encoded{long: 2}, o.dst, o.dst, m, 32)
		e.bytes(1)
		return
	}
	for i := range e.p.set.bytes() / 16 {
		switch {
		case i == 0:
			e.few(o.width, count, o.dst, m)
		case count == n:
			e.insert(o.dst, m, byte(i))
		default:
			e.few(o.width, count, temp(e.p.set), m)
			e.insertTemp(o.dst, byte(i))
		}
		m.disp += step
	}
}

func temp(s Set) vec {
	if s == AVX512 {
		return temp512
	}
	return temp256
}

// insert puts 16 bytes of memory into a quarter of a register, or a half.
func (e *emitter) insert(dst vec, m mem, quarter byte) {
	if e.p.set == AVX512 {
		e.evexMemory(vinsert128, encoded{long: 2}, dst, dst, m, 16)
	} else {
		e.rrm(vinsert128, true, dst, dst, m)
	}
	e.bytes(quarter)
}

// insertTemp is insert from the register for a moment.
func (e *emitter) insertTemp(dst vec, quarter byte) {
	if e.p.set == AVX512 {
		e.evexRegisters(vinsert128, encoded{long: 2}, dst, dst, temp512)
	} else {
		e.rrr(vinsert128, true, dst, dst, temp256)
	}
	e.bytes(quarter)
}

// askedFor is how many bytes ahead rows are asked for: what the memory needs to
// bring them, as long as they stay in the first cache. What the processor fetches
// of its own accord ends with a page, and the rows of a step are five.
const askedFor = 10 << 10

// ask asks for a line of rows to come, another one for each register of pieces.
func (e *emitter) ask(s int32, b reg) {
	round := e.p.streams[s].row * int32(e.p.Round())
	at := mem{base: b, index: none, disp: askedFor + e.asked[s]%round}
	e.asked[s] += 64
	e.bytes(0x40|at.high(), 0x0f, 0x18) // prefetcht0 [at]
	e.address(1, at)
}
