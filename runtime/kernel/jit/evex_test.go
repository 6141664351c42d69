package jit

import (
	"fmt"
	"strings"
	"testing"
)

func longName(long uint8, v vec) string {
	if v >= firstMask {
		return fmt.Sprintf("K%d", v&7)
	}
	return fmt.Sprintf("%c%d", "XYZ"[long], v)
}

// choices are all lanes, those of a mask, and those with zeros elsewhere.
var choices = []encoded{{}, {mask: firstMask + 3}, {mask: firstMask + 5, zero: true}}

// text is an instruction with its registers in Go's order, the result last.
func (f encoded) text(name string, args ...string) string {
	if f.zero {
		name += ".Z"
	}
	if f.mask != 0 {
		last := len(args) - 1
		args = append(args[:last:last], fmt.Sprintf("K%d", f.mask&7), args[last])
	}
	return name + " " + strings.Join(args, ", ")
}

var mnemonics512 = map[Op][2]string{Blend: {"VBLENDMPS", "VBLENDMPD"}, Round: {"VRNDSCALEPS", "VRNDSCALEPD"},
	opCompare: {"VPCMPD", "VPCMPQ"}, opToMask: {"VPMOVD2M", "VPMOVQ2M"}, opToLanes: {"VPMOVM2D", "VPMOVM2Q"}}

// operations512 adds the operations on vectors, at all lengths. What VEX could
// encode too is left to it by the assembler, so a register is one VEX has not.
func (l *encodings) operations512() {
	for op := Add; op < allOps; op++ {
		names, w := mnemonics512[op], rows512[op]
		if w == nil && op < numOps {
			w = &rows[op]
		}
		if op < numOps && names[0] == "" {
			names = mnemonics[op]
		}
		for i := range 2 {
			if op == IEq || op == IGt || names[i] == "" {
				continue
			}
			for long := range uint8(3) {
				for _, r := range [][3]vec{{16, 1, 18}, {31, 24, 23}, {3, 14, 30}} {
					l.operation512(op, names[i], i, w, long, r)
				}
			}
		}
	}
}

func (l *encodings) operation512(op Op, name string, width int, w *row, long uint8, r [3]vec) {
	in := w.inst[width]
	all := encoded{long: long}
	d, x, y := longName(long, r[0]), longName(long, r[1]), longName(long, r[2])
	imm := func(c *code) {
		if w.imm {
			c.bytes(1)
		}
	}
	pre := map[bool]string{true: " $1,"}[w.imm]
	switch w.form {
	case monadic:
		m := r[2]
		switch op {
		case opToMask:
			r[0] = firstMask + 4
			d = "K4"
		case opToLanes:
			m, y = firstMask+6, "K6"
		case FloatToDouble, IntToDouble, SignExtend, ZeroExtend:
			y = longName(max(long, 1)-1, m)
		case DoubleToFloat, DoubleToInt:
			if d = longName(max(long, 1)-1, r[0]); long < 2 {
				name += "XY"[long : long+1]
			}
		}
		l.add(name+pre+" "+y+", "+d, func(c *code) { c.evexRegisters(in, all, r[0], 0, m); imm(c) })
	case comparison:
		k := firstMask + 2
		l.add(fmt.Sprintf("%s $1, %s, %s, K2", name, y, x), func(c *code) { c.evexRegisters(in, all, k, r[1], r[2]); imm(c) })
		l.memory512(name+".BCST $1,", in, long, 4<<width, encoded{long: long, all: true}, k, r[1], imm)
	case shift:
		l.add(fmt.Sprintf("%s $9, %s, %s", name, y, d), func(c *code) { c.evexRegisters(in, all, vec(w.ext), r[0], r[2]); c.bytes(9) })
	case fused:
		for k, order := range []string{"132", "213", "231"} {
			in.op = w.inst[width].op + byte(k<<4)
			l.three512(name+order+[]string{"PS", "PD"}[width], in, long, width, r)
		}
	case dyadic:
		switch name { // bits of integers have no width there
		case "VPAND", "VPOR", "VPXOR":
			return
		}
		l.three512(name, in, long, width, r)
	case blend:
		l.add(fmt.Sprintf("%s %s, %s, K5, %s", name, y, x, d), func(c *code) {
			c.evexRegisters(in, encoded{long: long, mask: firstMask + 5}, r[0], r[1], r[2])
		})
	}
}

// three512 adds an instruction on three operands, with every choice of lanes.
func (l *encodings) three512(name string, in inst, long uint8, width int, r [3]vec) {
	d, x, y := longName(long, r[0]), longName(long, r[1]), longName(long, r[2])
	for _, f := range choices {
		f.long = long
		l.add(f.text(name, y, x, d), func(c *code) { c.evexRegisters(in, f, r[0], r[1], r[2]) })
	}
	if r[0] != 16 {
		return
	}
	none := func(*code) {}
	l.memory512(name, in, long, f512(long), encoded{long: long}, r[0], r[1], none)
	l.memory512(name+".BCST", in, long, 4<<width, encoded{long: long, all: true}, r[0], r[1], none)
}

func f512(long uint8) int { return 16 << long }

// memory512 adds an instruction with an operand in memory, behind
// displacements that are short, long, and no whole units.
func (l *encodings) memory512(name string, in inst, long uint8, unit int, f encoded, r, v vec, imm func(*code)) {
	for _, disp := range []int{0, unit, -128 * unit, 128 * unit, unit + 1} {
		for _, m := range []mem{at(rSI, int32(disp)), {r13, rDX, 2, int32(disp)}, {rBX, r9, 3, int32(disp)}} {
			l.add(fmt.Sprintf("%s %s, %s, %s", name, m, longName(long, v), longName(long, r)), func(c *code) {
				c.evexMemory(in, f, r, v, m, int32(unit))
				imm(c)
			})
		}
	}
}

// moves512 adds loads, stores, and what runs on mask registers.
func (l *encodings) moves512() {
	m := mem{r9, rDX, 0, 0}
	const k3, k7 = firstMask + 3, lanesLeft
	load := func(name string, in inst, f encoded, r vec) {
		l.add(f.text(name, m.String(), longName(f.long, r)), func(c *code) { c.evexMemory(in, f, r, 0, m, 1) })
	}
	store := func(name string, in inst, f encoded, r vec) {
		l.add(f.text(name, longName(f.long, r), m.String()), func(c *code) { c.evexMemory(in, f, r, 0, m, 1) })
	}
	for long := range uint8(3) {
		for _, f := range []encoded{{long: long}, {long: long, mask: k7, zero: true}} {
			for _, t := range []struct {
				name string
				in   inst
			}{{"VMOVUPS", vmovups}, {"VMOVUPD", vmovupd}, {"VMOVAPS", vmovaps}, {"VMOVAPD", vmovapd}, {"VBROADCASTSS", vbroadcastss}, {"VPBROADCASTQ", vbroadcastq}, {"VPBROADCASTB", vbroadcastb},
				{"VMOVDQU8", vmovdqu8}, {"VPMOVSXBD", vpmovsxbd}, {"VPMOVSXWD", vpmovsxwd}, {"VPMOVZXBD", vpmovzxbd}, {"VPMOVZXWD", vpmovzxwd}} {
				load(t.name, t.in, f, 29)
			}
		}
		for _, f := range []encoded{{long: long}, {long: long, mask: k7}} {
			store("VMOVUPS", vmovupsSt, f, 30)
			store("VMOVUPD", vmovupdSt, f, 17)
			store("VMOVDQU8", vmovdqu8St, f, 31)
		}
		f, z := encoded{long: long}, longName(long, 21)
		l.add("VPBROADCASTD AX, "+z, func(c *code) { c.evexRegisters(vbroadcastr, f, 21, 0, vec(rAX)) })
		if long > 0 {
			l.add("VPMOVQD "+z+", "+longName(long-1, 18), func(c *code) { c.evexRegisters(vpmovqd, f, 21, 0, 18) })
		}
	}
	load("VMOVSS", vmovss, encoded{}, 29)
	load("VMOVSD", vmovsd512, encoded{}, 29)
	load("VMOVQ", vmovq, encoded{}, 29)
	store("VMOVSS", vmovssSt, encoded{}, 29)
	store("VMOVSD", vmovsdSt2, encoded{}, 29)
	l.add("VMOVD AX, X20", func(c *code) { c.evexRegisters(vmovd, encoded{}, 20, 0, vec(rAX)) })
	l.add("VPTESTMB X31, X31, K3", func(c *code) { c.evexRegisters(vptestmb, encoded{}, k3, 31, 31) })
	l.add("KMOVW 128(SI), K3", func(c *code) { c.rrm(kmovw, false, k3&7, 0, at(rSI, 128)) })
	l.add("KMOVW K3, 128(SI)", func(c *code) { c.rrm(kmovwSt, false, k3&7, 0, at(rSI, 128)) })
	l.add("KMOVW AX, K3", func(c *code) { c.masks(kmovwr, false, k3, 0, vec(rAX)) })
	l.add("KMOVW K3, AX", func(c *code) { c.masks(kmovwrr, false, vec(rAX), 0, k3) })
	for op, name := range map[Op]string{opMaskAnd: "KAND", opMaskAndNot: "KANDN", opMaskOr: "KOR", opMaskXor: "KXOR"} {
		for i, n := range []string{"W", "B"} {
			in := rows512[op].inst[0]
			in.pp = byte(i)
			l.add(name+n+" K3, K5, K1", func(c *code) { c.masks(in, true, firstMask+1, firstMask+5, k3) })
		}
	}
	for i, n := range []string{"W", "B"} {
		not, test := rows512[opMaskNot].inst[0], ktestw
		not.pp, test.pp = byte(i), byte(i)
		l.add("KNOT"+n+" K3, K6", func(c *code) { c.masks(not, false, firstMask+6, 0, k3) })
		l.add("KTEST"+n+" K7, K3", func(c *code) { c.masks(test, false, k3, 0, k7) })
	}
}

// TestEvexEncodings compares the instructions of AVX-512 with the assembler's.
func TestEvexEncodings(t *testing.T) {
	l := &encodings{}
	l.operations512()
	l.moves512()
	l.compare(t)
}
