// Package jit makes machine code for loops over lanes: a straight line of
// operations on values that are read from streams, run for every element. The
// code is for AVX2 with FMA, or for AVX-512, and comes as bytes from an encoder
// of its own; nothing is called from it.
//
// It knows lanes of four and eight bytes and what processors do with them. What
// elementary functions are made of is for package macro to know, and it has no
// idea of the IR.
package jit

import "encoding/binary"

// Value is a number that a program computes for every element, or once.
type Value int32

// Width is the bytes of a lane.
type Width uint8

// The widths of lanes.
const (
	W4 Width = 4
	W8 Width = 8
)

// Kind is how the elements of a stream are stored.
type Kind uint8

// The kinds of streams. Floats and integers of one width are the same bits; a
// Bool is a byte in memory, and all bits or none of a lane in a register.
const (
	B4   Kind = iota // four bytes
	B8               // eight bytes
	Bool             // a byte, not 0 where it holds
	I8               // integers that are read as four bytes
	U8
	I16
	U16
)

// shift is the logarithm of the bytes of an element in memory.
func (k Kind) shift() uint8 {
	switch k {
	case B4:
		return 2
	case B8:
		return 3
	case I16, U16:
		return 1
	}
	return 0
}

// Access is how a stream moves with the loops.
type Access uint8

// How streams move.
const (
	Direct Access = iota // with every element, and by a stride with every row
	PerRow               // by a stride with every row
	Once                 // not at all
	Still                // not at all: it is scratch memory, read anew in each round
	Rows                 // of a matrix, with every round; see rounds
)

// Op is an operation on lanes. Where the comment says nothing else, operands
// and result have one width.
type Op uint8

// The operations. Min and Max give the second operand where one is NaN or both
// are zero. Comparisons give masks, all bits or none.
const (
	opConst Op = iota
	opLoad
	opCarry // what the step before left
	opCopy
	opSquare    // 16 bytes of rows that lie a quarter of the lanes apart, see rounds
	unpackLow4  // lanes of four bytes in turn from the low halves of each 16 bytes of both
	unpackHigh4 // from the high halves
	unpackLow8  // the same with eight bytes
	unpackHigh8
	quarters // two quarters of each operand, by the immediate

	Add // floats
	Sub
	Mul
	Div
	Min
	Max
	Sqrt
	Round // by the mode in the immediate: 0 to even, 1 down, 2 up, 3 to zero
	Fma   // a*b + c, rounded once
	Fms   // a*b - c
	Fnma  // -(a*b) + c
	Fnms  // -(a*b) - c
	Cmp   // by the predicate in the immediate, those of VCMPPS
	And
	AndNot // ^a & b
	Or
	Xor
	Blend // mask a: b where it holds, else c
	IAdd  // integers
	ISub
	IMul // of four bytes
	IMin // of four bytes, signed
	IMax
	IEq
	IGt
	Shl // by the immediate
	Shr
	Sar         // of four bytes
	MulHalves   // the product of the low halves, of eight bytes
	MulUnsigned // the same of halves without sign

	FloatToDouble // lanes of four bytes become lanes of eight
	IntToDouble
	SignExtend
	ZeroExtend
	DoubleToFloat // lanes of eight bytes become lanes of four
	DoubleToInt   // to even
	Low           // the low half
	IntToFloat
	FloatToInt // to even

	numOps
)

// Predicates of Cmp: ordered, so false on NaN, but for NotEqual and Unordered.
const (
	Equal     = 0x00
	Less      = 0x11
	LessEqual = 0x12
	Unordered = 0x03
	NotEqual  = 0x04
)

// node is an operation of a program. It is comparable: equal nodes are one.
type node struct {
	op      Op
	width   Width
	imm     uint8
	a, b, c Value // -1 where there is none; a of a load is the stream, of a carry its number
	bits    uint64
	turn    uint8 // of a load: the vector, of those that a turn of the loop computes
}

// level says in which loop a node is computed.
type level int8

const (
	constant level = iota // in the pool
	once                  // before all loops
	perRow
	perLane
	levels
)

type stream struct {
	kind   Kind
	access Access
	row    int32 // bytes of a row of a matrix; of scratch memory where it begins
}

type output struct {
	stream int
	value  Value
	after  []int // streams that must have been read before
	turn   uint8 // as of loads
	stage  Stage // see rounds
}

// result is what a loop computes: outputs, and the lanes that it cannot.
type result struct {
	outputs []output
	exit    Value // -1 where there is none
	carries []int // that it changes
}

// Program is a loop over elements in the making.
type Program struct {
	nodes   []node
	levels  []level
	known   map[node]Value
	streams []stream
	outputs []output
	exit    Value // mask of the lanes that the program cannot compute, -1
	wide    bool  // some lane has eight bytes
	points  int   // of a row, as far as known

	set     Set      // all that follows: of the program that is made of this one for AVX-512
	vectors int      // that are computed at once where rows are long
	turns   []result // what is computed of one vector, and of as many

	steps   bool    // rows are steps, of one element
	carries []Value // by number
	next    []Value // what each is in the next step

	rounds *rounds // nil where the program has none
}

// New is an empty program.
func New() *Program { return newProgram(64) }

// newProgram is an empty program with room for so many nodes.
func newProgram(nodes int) *Program {
	return &Program{nodes: make([]node, 0, nodes), levels: make([]level, 0, nodes), known: make(map[node]Value, nodes), exit: -1}
}

// NewSteps is an empty program whose rows are the steps of a recurrence: each
// has one element, and may read what the step before left behind. Streams that
// are Direct move by their stride from step to step.
func NewSteps() *Program {
	p := New()
	p.steps = true
	return p
}

// Rows says how many elements the rows will have, so that code for long rows, or
// for short ones, is made where they are.
func (p *Program) Rows(n int) { p.points = n }

// Carry declares the next carry and returns what it is at the beginning of a step.
func (p *Program) Carry(w Width) Value {
	v := p.add(node{op: opCarry, width: w, a: Value(len(p.carries)), b: -1, c: -1}, perLane)
	p.carries, p.next = append(p.carries, v), append(p.next, v)
	return v
}

// Next says what carry i is in the next step.
func (p *Program) Next(i int, v Value) {
	if p.nodes[v].op == opCarry && v != p.carries[i] {
		v = p.Do(opCopy, p.Width(v), v) // read before the other one is written
	}
	p.next[i] = v
}

// Stream declares the next stream and returns its number.
func (p *Program) Stream(k Kind, a Access) int {
	p.streams = append(p.streams, stream{kind: k, access: a})
	p.wide = p.wide || k == B8
	return len(p.streams) - 1
}

func (p *Program) add(n node, l level) Value {
	if v, ok := p.known[n]; ok {
		return v
	}
	v := Value(len(p.nodes))
	p.known[n] = v
	p.nodes = append(p.nodes, n)
	p.levels = append(p.levels, l)
	p.wide = p.wide || n.width == W8
	return v
}

// Const is a lane of w bytes with these bits.
func (p *Program) Const(w Width, bits uint64) Value {
	if w == W4 {
		bits &= 1<<32 - 1
	}
	return p.add(node{op: opConst, width: w, a: -1, b: -1, c: -1, bits: bits}, constant)
}

// Load is the element of a stream, in lanes of w bytes, which is free for Bool
// alone.
func (p *Program) Load(s int, w Width) Value {
	l := perLane
	switch p.streams[s].access {
	case PerRow:
		l = perRow
	case Once:
		l = once
	}
	return p.add(node{op: opLoad, width: w, a: Value(s), b: -1, c: -1}, l)
}

// Do computes an operation with an immediate of 0; w is the width of the result.
func (p *Program) Do(op Op, w Width, x ...Value) Value { return p.DoImm(op, w, 0, x...) }

// DoImm computes an operation.
func (p *Program) DoImm(op Op, w Width, imm uint8, x ...Value) Value {
	n := node{op: op, width: w, imm: imm, a: -1, b: -1, c: -1}
	l := once // what constants alone make
	for i, v := range x {
		l = max(l, p.levels[v])
		switch i {
		case 0:
			n.a = v
		case 1:
			n.b = v
		case 2:
			n.c = v
		}
	}
	return p.add(n, l)
}

// Len is the number of operations, loads and constants.
func (p *Program) Len() int { return len(p.nodes) }

// Width is the bytes of a lane of v.
func (p *Program) Width(v Value) Width { return p.nodes[v].width }

// Output writes v to a stream, which is Direct, when the streams of after have
// been read: those that share storage with it.
func (p *Program) Output(s int, v Value, after []int) {
	p.outputs = append(p.outputs, output{stream: s, value: v, after: after})
}

// Leave ends the loops before anything is stored for elements where the mask v
// is set: what the program computes for them is not valid.
func (p *Program) Leave(v Value) {
	if p.exit < 0 {
		p.exit = v
		return
	}
	x := p.exit
	if p.Width(x) < p.Width(v) {
		x = p.Do(SignExtend, W8, x)
	}
	if p.Width(v) < p.Width(x) {
		v = p.Do(SignExtend, W8, v)
	}
	p.exit = p.Do(Or, p.Width(x), x, v)
}

// lanes is the number of elements that one turn of the loop computes.
func (p *Program) lanes() int {
	if p.steps {
		return 1
	}
	return p.set.Lanes(p.wide)
}

// key is the same for programs that are equal.
func (p *Program) key(s Set) string {
	b := make([]byte, 0, 32*len(p.nodes))
	for i := range p.nodes {
		n := &p.nodes[i]
		b = append(b, byte(n.op), byte(n.width), n.imm)
		for _, x := range [3]Value{n.a, n.b, n.c} {
			b = binary.LittleEndian.AppendUint32(b, uint32(x))
		}
		b = binary.LittleEndian.AppendUint64(b, n.bits)
		b = append(b, n.turn)
	}
	for _, s := range p.streams {
		b = append(b, 'S', byte(s.kind), byte(s.access))
		b = binary.LittleEndian.AppendUint32(b, uint32(s.row))
	}
	for _, o := range p.outputs {
		b = append(b, 'O', o.turn, byte(o.stage))
		b = binary.LittleEndian.AppendUint32(b, uint32(o.stream))
		b = binary.LittleEndian.AppendUint32(b, uint32(o.value))
		for _, s := range o.after {
			b = binary.LittleEndian.AppendUint32(b, uint32(s))
		}
	}
	for _, v := range p.next {
		b = append(b, 'N')
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	if p.steps {
		b = append(b, 'T')
	}
	if r := p.rounds; r != nil {
		b = append(b, 'R', byte(r.vectors))
		for _, s := range r.stages {
			b = append(b, byte(s))
		}
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(p.atOnce(s)))
	if p.points <= shortRow*s.Lanes(p.wide) {
		b = append(b, byte(p.points))
	}
	return string(binary.LittleEndian.AppendUint32(b, uint32(p.exit)))
}
