// Package macro holds elementary functions as straight-line programs over
// vectors: what an assembly kernel repeats for each vector of its operands, and
// what generated machine code puts in place of an operation. It knows nothing
// of registers, instructions or memory, nor how wide a vector is.
//
// A program has no branches, and every step of it is one IEEE operation or one
// on bits, so that all who run it agree bit for bit: static kernels, machine
// code generated at run time, and Eval.
package macro

import (
	"fmt"
	"strings"
)

// Lane is the kind of number that a lane of a vector holds. All values of a
// program have lanes of one width; masks are lanes of all ones or all zeros.
type Lane uint8

// The lanes.
const (
	F32 Lane = iota
	F64
)

// Bits is the width of a lane.
func (l Lane) Bits() int {
	if l == F32 {
		return 32
	}
	return 64
}

func (l Lane) String() string {
	if l == F32 {
		return "f32"
	}
	return "f64"
}

// Do says what an operation computes of its operands A, B, C. The order of
// operands of Min, Max and Blend is that of x86, and matters.
type Do uint8

// The operations.
const (
	Arg   Do = iota // argument number Bits
	Const           // Bits in every lane
	Add             // A + B
	Sub             // A - B
	Mul             // A · B
	Div             // A / B
	Sqrt            // √A
	FMA             // A·B + C, rounded once
	FNMA            // C - A·B, rounded once
	FMS             // A·B - C, rounded once
	Min             // A < B ? A : B, so B where either is NaN or both are zero
	Max             // A > B ? A : B, so B where either is NaN or both are zero
	Round           // to the nearest whole number, the even one of two
	Floor           // the greatest whole number not above A
	And             // bits of A and B
	Or              // bits of A or B
	Xor             // bits of A or B, not both
	AndN            // bits of B that A lacks
	Cmp             // mask: the predicate Pred(Bits) of A and B
	Blend           // A's sign bit set ? B : C
	IAdd            // A + B as integers, modulo 2^width
	ISub            // A - B as integers
	Shl             // A shifted left by Bits
	Shr             // A shifted right by Bits, zeros coming in
)

var names = [...]string{"arg", "const", "add", "sub", "mul", "div", "sqrt", "fma", "fnma", "fms", "min", "max",
	"round", "floor", "and", "or", "xor", "andn", "cmp", "blend", "iadd", "isub", "shl", "shr"}

func (d Do) String() string { return names[d] }

// Operands is how many of A, B, C an operation reads.
func (d Do) Operands() int {
	switch d {
	case Arg, Const:
		return 0
	case Sqrt, Round, Floor, Shl, Shr:
		return 1
	case FMA, FNMA, FMS, Blend:
		return 3
	}
	return 2
}

// Pred is a predicate of Cmp; the numbers are those of VCMPPS and VCMPPD.
type Pred uint8

// The predicates. A NaN makes Eq, Lt, Le, Ord and Apart false, the others true.
const (
	Eq    Pred = 0x00 // A = B
	Unord Pred = 0x03 // A or B is NaN
	Ne    Pred = 0x04 // not A = B
	Ord   Pred = 0x07 // neither is NaN
	Apart Pred = 0x0c // A < B or A > B
	Lt    Pred = 0x11 // A < B
	Le    Pred = 0x12 // A ≤ B
	NotLt Pred = 0x15 // not A < B
	NotLe Pred = 0x16 // not A ≤ B
)

// Op is one operation: A, B and C are numbers of earlier operations.
type Op struct {
	Do      Do
	A, B, C int
	Bits    uint64 // of Arg, Const, Cmp and shifts
}

// Operands are the operations that op reads, in order.
func (o Op) Operands() []int { return []int{o.A, o.B, o.C}[:o.Do.Operands()] }

// Code is a program. The first Args operations are the arguments; an argument
// that stands for a truth value, and a result that does, is a mask.
//
// Where Outside is not -1 it is the number of a mask: the program is not valid
// in the lanes where it is set. These lanes, and no others, are computed by the
// portable kernel of the row, as the static kernels do; machine code that meets
// such a lane leaves the tile to them.
type Code struct {
	Lane    Lane
	Args    int
	Ops     []Op
	Result  int
	Outside int
}

// String lists the operations, one a line.
func (c *Code) String() string {
	var b strings.Builder
	for i, o := range c.Ops {
		fmt.Fprintf(&b, "%3d %-5v", i, o.Do)
		for _, x := range o.Operands() {
			fmt.Fprintf(&b, " %d", x)
		}
		switch o.Do {
		case Arg, Const, Cmp, Shl, Shr:
			fmt.Fprintf(&b, " %#x", o.Bits)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "result %d, outside %d\n", c.Result, c.Outside)
	return b.String()
}
