package jit

// Bound is what the first loop of a program needs at least, by the numbers of its
// instructions alone: nothing waits for a result or for memory.
type Bound struct {
	Cycles   float64 // of a turn
	Elements int     // that a turn computes
}

// issue counts the micro-operations of a line by who does them, on a core such as
// Intel's since Ice Lake. Sources: the tables of uops.info for Ice Lake and Golden
// Cove.
type issue struct {
	all    int     // six begin in a cycle
	vector int     // on three ports, two where registers have 64 bytes
	float  int     // of these on the two ports with floats
	loads  int     // two in a cycle
	stores int     // two in a cycle, one where registers have 64 bytes
	divide float64 // cycles in which the one divider is busy
}

// Bound is the bound of f.
func (f *Func) Bound() Bound { return f.bound }

// boundOf is the bound of a turn of the given vectors.
func (p *Program) boundOf(body []mop, vectors int) Bound {
	var c issue
	for i := range body {
		c.add(&body[i], p)
	}
	ports, stores := 3.0, 2.0
	if p.set == AVX512 {
		ports, stores = 2, 1
	}
	c.all += 2 // the end of the turn, and where the streams are
	cycles := max(float64(c.all)/6, float64(c.vector)/ports, float64(c.float)/2, float64(c.loads)/2, float64(c.stores)/stores, c.divide)
	return Bound{cycles, p.lanes() * vectors}
}

// add counts an operation.
func (c *issue) add(o *mop, p *Program) {
	if o.m.kind != inRegister {
		c.loads++
	}
	switch o.kind {
	case mStore, mSpill:
		c.stores++
		c.all += 2
		if o.m.kind != inRegister {
			c.loads-- // it is written there
		}
	case mLoad, mBroadcast, mMove:
		c.all++ // registers are renamed, and loads bring copies of one element
		if o.kind == mLoad && o.m.kind == inStream && o.width != Width(1)<<p.streams[o.m.n].kind.shift() {
			c.vector++ // narrow integers become wide ones
		}
	case mTest:
		c.all += 2
		c.vector++
	default:
		n := uops(o)
		c.all += n
		c.vector += n
		if isFloat(o) {
			c.float += n
		}
		c.divide += divides(o, p.lanes()*int(o.width) > 32)
	}
}

// uops is how many micro-operations on vectors an instruction is.
func uops(o *mop) int {
	switch o.inst {
	case rows[Round].inst[0], rows[Round].inst[1], rows[IMul].inst[0],
		rows[FloatToDouble].inst[1], rows[IntToDouble].inst[1], rows[DoubleToFloat].inst[1], rows[DoubleToInt].inst[1]:
		return 2
	}
	return 1
}

// isFloat reports whether an instruction needs a unit for floats: arithmetic, and
// comparisons.
func isFloat(o *mop) bool {
	if o.kind != mVex || o.inst.mp == 2 && o.inst.op < 0x96 { // integers of the second map, before the fused ones
		return false
	}
	switch o.inst.op {
	case 0x54, 0x55, 0x56, 0x57, 0xfa, 0xfb, 0xfe, 0xd4, 0x76:
		return false // of bits and integers
	}
	return true
}

// divides is how many cycles an instruction keeps the divider busy.
func divides(o *mop, long bool) float64 {
	for _, op := range [...]Op{Div, Sqrt} {
		for i, w := range [...]Width{W4, W8} {
			if o.inst == rows[op].inst[i] {
				n := float64(busy(op, w))
				if long {
					n *= 2
				}
				return n
			}
		}
	}
	return 0
}
