package gen

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// The kernels of convertFile again, for sixteen elements a turn and any number
// of them: the last ones are done under a mask.
func convert512File() *Asm {
	a := NewAsm("unsafe")
	a.Data("wideOnes", 0x0101010101010101, 0x0101010101010101)
	wideChoose(a, macro.F32)
	wideChoose(a, macro.F64)
	compareTables(a, "wideCompare", []string{"float32", "float64", "int32", "int64"}, wideCompare)
	for _, c := range wideConversions {
		c.write(a)
	}
	return a
}

// here and there are the masks of the first and the last eight elements of a
// turn; here has all sixteen for lanes of 32 bits and less.
const here, there = K(7), K(6)

// sixteens runs body for every sixteen elements; rAt counts them.
func sixteens(f *Func, body func()) {
	f.Op("MOVQ", f.Arg("n"), rEnd)
	f.Op("XORL", rAt, rAt)
	f.Op("KXNORW", here, here, here)
	f.Op("KSHIFTRW", 8, here, there)
	f.Op("LEAQ", Mem{Base: rEnd, Disp: -16}, rLimit)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JGT", "tail")
	f.Label("loop")
	body()
	f.Op("ADDQ", 16, rAt)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JLE", "loop")
	f.Label("tail")
	f.Op("SUBQ", rAt, rEnd)
	f.Op("JLE", "done")
	lanesBelow(f, 0, here)
	f.Op("KSHIFTRW", 8, here, there)
	f.Op("MOVQ", rAt, rEnd)
	f.Op("JMP", "loop")
	f.Label("done")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// halves runs body for the vectors of sixteen lanes: one, or two of 64 bits.
func halves(size int, body func(i int, m K)) {
	for i, m := range []K{here, there}[:size/4] {
		body(i, m)
	}
}

func wideChoose(a *Asm, l macro.Lane) {
	size, move := l.Bits()/8, "VMOVU"+suffix(l)
	name := fmt.Sprintf("wideChoose%d", size)
	f := a.Func(fmt.Sprintf("%s is dst[i] = x[i] where p[i] is not 0, y[i] elsewhere, of %d bytes each.", name, size),
		name, 0, "dst unsafe.Pointer", "p *uint8", "x unsafe.Pointer", "y unsafe.Pointer", "n int")
	for i, p := range []string{"dst", "p", "x", "y"} {
		f.Op("MOVQ", f.Arg(p), []Reg{rDst, R8, SI, DX}[i])
	}
	sixteens(f, func() {
		f.Op("VMOVDQU8.Z", at(R8, 1, 0), here, X(0))
		f.Op("VPTESTMB", X(0), X(0), K(1))
		halves(size, func(i int, m K) {
			if i == 1 {
				f.Op("KSHIFTRW", 8, K(1), K(1))
			}
			f.Op(move+".Z", at(DX, size, 64*i), m, Z(1))
			f.Op(move, at(SI, size, 64*i), K(1), Z(1))
			f.Op(move, Z(1), m, at(rDst, size, 64*i))
		})
	})
}

// wideCompare writes ones under the mask of a comparison.
func wideCompare(a *Asm, pred, t string) string {
	name := "wideCompare" + strings.ToUpper(pred[:1]) + pred[1:] + strings.ToUpper(t[:1]) + t[1:]
	f := a.Func(name+" writes 1 where the predicate holds, 0 elsewhere.", name, 0, "dst *uint8", "x *"+t, "y *"+t, "n int")
	f.Op("MOVQ", f.Arg("dst"), rDst)
	f.Op("MOVQ", f.Arg("x"), SI)
	f.Op("MOVQ", f.Arg("y"), DX)
	f.Op("VMOVDQU", "wideOnes<>+0(SB)", X(7))
	size := 4
	if strings.HasSuffix(t, "64") {
		size = 8
	}
	move, cmp, imm := "VMOVUPS.Z", "VPCMP"+map[int]string{4: "D", 8: "Q"}[size], map[string]int{"eq": 0, "ne": 4, "lt": 1, "le": 2}[pred]
	if strings.HasPrefix(t, "float") {
		cmp, imm = "VCMP"+map[int]string{4: "PS", 8: "PD"}[size], int(orderedPreds[pred])
	}
	if size == 8 {
		move = "VMOVUPD.Z"
	}
	sixteens(f, func() {
		halves(size, func(i int, m K) {
			f.Op(move, at(SI, size, 64*i), m, Z(i))
			f.Op(cmp, imm, at(DX, size, 64*i), Z(i), m, K(1+i))
		})
		if size == 8 {
			f.Op("KUNPCKBW", K(1), K(2), K(1))
		}
		f.Op("VMOVDQU8.Z", X(7), K(1), X(0))
		f.Op("VMOVDQU8", X(0), here, at(rDst, 1, 0))
	})
	return name
}

// A wideConversion turns eight or sixteen elements at m into a register, those
// that a mask has.
type wideConversion struct {
	from, to         string
	fromSize, toSize int
	one              func(f *Func, m Mem, k K)
}

// wideConvert is a conversion that one instruction does.
func wideConvert(name string, to any) func(f *Func, m Mem, k K) {
	return func(f *Func, m Mem, k K) { f.Op(name+".Z", m, k, to) }
}

var wideConversions = []wideConversion{
	{"int32", "float32", 4, 4, wideConvert("VCVTDQ2PS", Z(0))},
	{"int32", "float64", 4, 8, wideConvert("VCVTDQ2PD", Z(0))},
	{"uint8", "float32", 1, 4, func(f *Func, m Mem, k K) {
		f.Op("VPMOVZXBD.Z", m, k, Z(0))
		f.Op("VCVTDQ2PS", Z(0), Z(0))
	}},
	{"uint8", "float64", 1, 8, func(f *Func, m Mem, k K) {
		f.Op("VPMOVZXBD.Z", m, k, Y(0))
		f.Op("VCVTDQ2PD", Y(0), Z(0))
	}},
	{"float32", "float64", 4, 8, wideConvert("VCVTPS2PD", Z(0))},
	{"float64", "float32", 8, 4, wideConvert("VCVTPD2PS", Y(0))},
	{"int64", "float64", 8, 8, wideConvert("VCVTQQ2PD", Z(0))},
	{"int64", "float32", 8, 4, wideConvert("VCVTQQ2PS", Y(0))},
}

func (c wideConversion) write(a *Asm) {
	name := fmt.Sprintf("wide%s%sTo%s%s", strings.ToUpper(c.from[:1]), c.from[1:], strings.ToUpper(c.to[:1]), c.to[1:])
	f := a.Func(name+" converts n elements.", name, 0, "dst *"+c.to, "x *"+c.from, "n int")
	f.Op("MOVQ", f.Arg("dst"), rDst)
	f.Op("MOVQ", f.Arg("x"), SI)
	most := max(c.fromSize, c.toSize)
	sixteens(f, func() {
		halves(most, func(i int, m K) {
			lanes := 64 / most * i
			c.one(f, at(SI, c.fromSize, lanes*c.fromSize), m)
			to := at(rDst, c.toSize, lanes*c.toSize)
			switch {
			case c.toSize == 8:
				f.Op("VMOVUPD", Z(0), m, to)
			case most == 8:
				f.Op("VMOVUPS", Y(0), m, to)
			default:
				f.Op("VMOVUPS", Z(0), m, to)
			}
		})
	})
}
