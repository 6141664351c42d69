package jit

// Vector instructions. Those on floats of eight bytes differ from those on
// four by prefix or W bit.
var (
	vmovups   = inst{1, 0, 0x10, 0} // load; store with opcode 0x11
	vmovupsSt = inst{1, 0, 0x11, 0}
	vmovaps   = inst{1, 0, 0x28, 0}
	vmovss    = inst{1, 2, 0x10, 0}
	vmovssSt  = inst{1, 2, 0x11, 0}
	vmovsd    = inst{1, 3, 0x10, 0}
	vmovsdSt  = inst{1, 3, 0x11, 0}
	vmovd     = inst{1, 1, 0x6e, 0} // from a general register
	vmovdSt   = inst{1, 1, 0x7e, 0} // to a general register or memory
	vmovqSt   = inst{1, 1, 0x7e, 1}

	vbroadcastss = inst{2, 1, 0x18, 0}
	vbroadcastsd = inst{2, 1, 0x19, 0} // into 32 bytes alone
	vmovddup     = inst{1, 3, 0x12, 0} // the same into 16
	vpbroadcastd = inst{2, 1, 0x58, 0}
	vpbroadcastq = inst{2, 1, 0x59, 0}

	vpmovsxbd = inst{2, 1, 0x21, 0}
	vpmovsxwd = inst{2, 1, 0x23, 0}
	vpmovsxdq = inst{2, 1, 0x25, 0}
	vpmovzxbd = inst{2, 1, 0x31, 0}
	vpmovzxbq = inst{2, 1, 0x32, 0}
	vpmovzxwd = inst{2, 1, 0x33, 0}
	vpmovzxdq = inst{2, 1, 0x35, 0}

	vinsertps    = inst{3, 1, 0x21, 0}
	vinsert256   = inst{3, 1, 0x1a, 1}
	vinsert128   = inst{3, 1, 0x18, 0}
	vextracti128 = inst{3, 1, 0x39, 0} // the register that is read is in the field reg
	vshufps      = inst{1, 0, 0xc6, 0}
	vpackssdw    = inst{1, 1, 0x6b, 0}
	vpacksswb    = inst{1, 1, 0x63, 0}
	vpand        = inst{1, 1, 0xdb, 0}
	vpcmpgtd     = inst{1, 1, 0x66, 0}
	vpcmpgtq     = inst{2, 1, 0x37, 0}
)

// form is how the operands of an operation become those of its instruction.
type form uint8

const (
	monadic    form = iota + 1 // dst, a
	dyadic                     // dst, a, b
	comparison                 // dst, a, b, predicate
	shift                      // dst, a, count: the field reg extends the opcode
	fused                      // a·b + c in one of three orders
	blend                      // dst, c, b, mask a
	low                        // of lanes of eight bytes
	keep                       // dst, b, mask a
	logic                      // dst, a, b or dst, a in mask registers
)

// row is how an operation is done: at index 0 on lanes of four bytes, at 1 on
// lanes of eight. For conversions that is the wider of operand and result.
type row struct {
	form  form
	swaps bool // a and b may be exchanged
	imm   bool
	ext   byte // of shifts
	inst  [2]inst
}

// both is a float instruction that differs by its prefix.
func both(mp, op byte) [2]inst { return [2]inst{{mp, 0, op, 0}, {mp, 1, op, 2}} }

// pair is an instruction on the integer side.
func pair(a, b inst) [2]inst { return [2]inst{a, b} }

// fma is a fused multiply-add, in the order 132; 213 and 231 follow at 0x10
// and 0x20.
func fma(op byte) [2]inst { return [2]inst{{2, 1, op, 0}, {2, 1, op, 1}} }

var rows = [numOps]row{
	opCopy: {form: monadic, inst: pair(vmovups, vmovups)},

	unpackLow4:  {form: dyadic, inst: one(inst{1, 0, 0x14, 0})},
	unpackHigh4: {form: dyadic, inst: one(inst{1, 0, 0x15, 0})},
	unpackLow8:  {form: dyadic, inst: one(inst{1, 1, 0x14, 2})},
	quarters:    {form: dyadic, imm: true, inst: one(inst{3, 1, 0x23, 1})},
	unpackHigh8: {form: dyadic, inst: one(inst{1, 1, 0x15, 2})},

	Add:    {form: dyadic, swaps: true, inst: both(1, 0x58)},
	Sub:    {form: dyadic, inst: both(1, 0x5c)},
	Mul:    {form: dyadic, swaps: true, inst: both(1, 0x59)},
	Div:    {form: dyadic, inst: both(1, 0x5e)},
	Min:    {form: dyadic, inst: both(1, 0x5d)},
	Max:    {form: dyadic, inst: both(1, 0x5f)},
	Sqrt:   {form: monadic, inst: both(1, 0x51)},
	Round:  {form: monadic, imm: true, inst: pair(inst{3, 1, 0x08, 0}, inst{3, 1, 0x09, 2})},
	Fma:    {form: fused, inst: fma(0x98)},
	Fms:    {form: fused, inst: fma(0x9a)},
	Fnma:   {form: fused, inst: fma(0x9c)},
	Fnms:   {form: fused, inst: fma(0x9e)},
	Cmp:    {form: comparison, imm: true, inst: both(1, 0xc2)},
	And:    {form: dyadic, swaps: true, inst: both(1, 0x54)},
	AndNot: {form: dyadic, inst: both(1, 0x55)},
	Or:     {form: dyadic, swaps: true, inst: both(1, 0x56)},
	Xor:    {form: dyadic, swaps: true, inst: both(1, 0x57)},
	Blend:  {form: blend, inst: pair(inst{3, 1, 0x4a, 0}, inst{3, 1, 0x4b, 0})},
	IAdd:   {form: dyadic, swaps: true, inst: pair(inst{1, 1, 0xfe, 0}, inst{1, 1, 0xd4, 2})},
	ISub:   {form: dyadic, inst: pair(inst{1, 1, 0xfa, 0}, inst{1, 1, 0xfb, 2})},
	IMul:   {form: dyadic, swaps: true, inst: pair(inst{2, 1, 0x40, 0}, inst{})},
	IMin:   {form: dyadic, swaps: true, inst: pair(inst{2, 1, 0x39, 0}, inst{})},
	IMax:   {form: dyadic, swaps: true, inst: pair(inst{2, 1, 0x3d, 0}, inst{})},
	IEq:    {form: dyadic, swaps: true, inst: pair(inst{1, 1, 0x76, 0}, inst{2, 1, 0x29, 0})},
	IGt:    {form: dyadic, inst: pair(vpcmpgtd, vpcmpgtq)},
	Shl:    {form: shift, imm: true, ext: 6, inst: pair(inst{1, 1, 0x72, 0}, inst{1, 1, 0x73, 2})},
	Shr:    {form: shift, imm: true, ext: 2, inst: pair(inst{1, 1, 0x72, 0}, inst{1, 1, 0x73, 2})},
	Sar:    {form: shift, imm: true, ext: 4, inst: pair(inst{1, 1, 0x72, 0}, inst{})},

	MulHalves:   {form: dyadic, swaps: true, inst: pair(inst{}, inst{2, 1, 0x28, 2})},
	MulUnsigned: {form: dyadic, swaps: true, inst: pair(inst{}, inst{1, 1, 0xf4, 2})},

	FloatToDouble: {form: monadic, inst: pair(inst{}, inst{1, 0, 0x5a, 0})},
	IntToDouble:   {form: monadic, inst: pair(inst{}, inst{1, 2, 0xe6, 0})},
	SignExtend:    {form: monadic, inst: pair(inst{}, vpmovsxdq)},
	ZeroExtend:    {form: monadic, inst: pair(inst{}, vpmovzxdq)},
	DoubleToFloat: {form: monadic, inst: pair(inst{}, inst{1, 1, 0x5a, 2})},
	DoubleToInt:   {form: monadic, inst: pair(inst{}, inst{1, 3, 0xe6, 2})},
	Low:           {form: low},
	IntToFloat:    {form: monadic, inst: pair(inst{1, 0, 0x5b, 0}, inst{})},
	FloatToInt:    {form: monadic, inst: pair(inst{1, 1, 0x5b, 0}, inst{})},
}

// acts is the width that decides how long the registers of a node are.
func (p *Program) acts(n *node) Width {
	switch n.op {
	case DoubleToFloat, DoubleToInt, Low:
		return W8
	}
	return n.width
}
