package jit

// Instructions of AVX-512 that AVX2 has not, or with another W bit.
var (
	vmovupd    = inst{1, 1, 0x10, 2}
	vmovupdSt  = inst{1, 1, 0x11, 2}
	vmovapd    = inst{1, 1, 0x28, 2}
	vmovsd512  = inst{1, 3, 0x10, 2}
	vmovsdSt2  = inst{1, 3, 0x11, 2}
	vmovq      = inst{1, 1, 0x6e, 1}
	vmovdqu8   = inst{1, 3, 0x6f, 0}
	vmovdqu8St = inst{1, 3, 0x7f, 0}

	vbroadcastq = inst{2, 1, 0x59, 1}
	vbroadcastb = inst{2, 1, 0x78, 0}
	vbroadcastr = inst{2, 1, 0x7c, 0} // a general register into lanes of four bytes
	vptestmb    = inst{2, 1, 0x26, 0}
	vpmovqd     = inst{2, 2, 0x35, 0} // the register that is read is in the field reg

	// On mask registers, of 16 bits; of 8 with the prefix 66.
	kmovw   = inst{1, 0, 0x90, 0} // from memory
	kmovwSt = inst{1, 0, 0x91, 0} // to memory
	kmovwr  = inst{1, 0, 0x92, 0} // from a general register
	kmovwrr = inst{1, 0, 0x93, 0} // to a general register
	ktestw  = inst{1, 0, 0x99, 0}
)

// Operations that programs have when masks are in registers of their own.
const (
	opCompare    Op = numOps + iota // integers, by the predicate in the immediate
	opToMask                        // the signs of lanes
	opToLanes                       // all bits or none of each lane
	opKeep                          // mask a: b where it holds, else zero
	opMaskAnd                       // of two masks
	opMaskAndNot                    // ^a & b
	opMaskOr
	opMaskXor
	opMaskNot
	allOps
)

// Predicates of opCompare. Bit 2 negates, here and in those of Cmp.
const (
	intEqual   = 0
	intGreater = 6
	negated    = 4
)

// one is an instruction that is the same for lanes of either width.
func one(i inst) [2]inst { return [2]inst{i, i} }

// byBit is an instruction that differs by its W bit.
func byBit(mp, pp, op byte) [2]inst { return [2]inst{{mp, pp, op, 0}, {mp, pp, op, 1}} }

// rows512 is how AVX-512 does what it does otherwise, or what AVX2 has not.
var rows512 = [allOps]*row{
	Blend:        {form: blend, inst: byBit(2, 1, 0x65)},
	Low:          {form: low, inst: one(vpmovqd)},
	opCompare:    {form: comparison, imm: true, inst: byBit(3, 1, 0x1f)},
	opToMask:     {form: monadic, inst: byBit(2, 2, 0x39)},
	opToLanes:    {form: monadic, inst: byBit(2, 2, 0x38)},
	opKeep:       {form: keep, inst: pair(vmovups, vmovupd)},
	opMaskAnd:    {form: logic, swaps: true, inst: one(inst{1, 0, 0x41, 0})},
	opMaskAndNot: {form: logic, inst: one(inst{1, 0, 0x42, 0})},
	opMaskOr:     {form: logic, swaps: true, inst: one(inst{1, 0, 0x45, 0})},
	opMaskXor:    {form: logic, swaps: true, inst: one(inst{1, 0, 0x47, 0})},
	opMaskNot:    {form: logic, inst: one(inst{1, 0, 0x44, 0})},
}

// row is how an operation of the program is done.
func (p *Program) row(op Op) *row {
	if p.set == AVX512 {
		if w := rows512[op]; w != nil {
			return w
		}
	}
	return &rows[op]
}

// isMask reports whether v is in a mask register.
func (p *Program) isMask(v Value) bool {
	if p.set != AVX512 {
		return false
	}
	switch n := &p.nodes[v]; n.op {
	case opLoad:
		return p.streams[n.a].kind == Bool
	case Cmp, opCompare, opToMask, opMaskAnd, opMaskAndNot, opMaskOr, opMaskXor, opMaskNot:
		return true
	}
	return false
}
