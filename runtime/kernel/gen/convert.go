package gen

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// Kernels that join lanes of different widths: choices by bytes, comparisons
// into bytes, conversions. They work on a multiple of eight elements; the few
// behind are for the caller.
func convertFile() *Asm {
	a := NewAsm("unsafe")
	a.Data("bytesOfOne", 0x0101010101010101, 0x0101010101010101)
	a.Data("wholeParts", 0x4330000000000000, 0x4530000080000000, 0x4530000080100000)
	choose(a, macro.F32)
	choose(a, macro.F64)
	compareTables(a, "compare", []string{"float32", "float64", "int32"}, compareKernel)
	for _, c := range conversions {
		c.write(a)
	}
	return a
}

// compareTables writes the comparisons of some types and tables of them by
// predicate, whose names begin with stem.
func compareTables(a *Asm, stem string, types []string, kernel func(a *Asm, pred, t string) string) {
	var table strings.Builder
	for _, t := range types {
		name := stem + strings.ToUpper(t[:1]) + t[1:]
		fmt.Fprintf(&table, "// %s are the comparisons of %s by predicate.\n", name, t)
		fmt.Fprintf(&table, "var %s = map[string]func(dst *uint8, x, y *%s, n int){\n", name, t)
		for _, pred := range []string{"eq", "ne", "lt", "le"} {
			fmt.Fprintf(&table, "%q: %s,\n", pred, kernel(a, pred, t))
		}
		table.WriteString("}\n\n")
	}
	a.Declare(table.String())
}

// orderedPreds are the predicates that floats are compared by.
var orderedPreds = map[string]macro.Pred{"eq": macro.Eq, "ne": macro.Ne, "lt": macro.Lt, "le": macro.Le}

// eights runs body for every eight elements; rAt counts them.
func eights(f *Func, body func()) {
	f.Op("MOVQ", f.Arg("n"), rEnd)
	f.Op("XORL", rAt, rAt)
	f.Label("loop")
	f.Op("CMPQ", rAt, rEnd)
	f.Op("JGE", "done")
	body()
	f.Op("ADDQ", 8, rAt)
	f.Op("JMP", "loop")
	f.Label("done")
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// at is the address of the elements of size bytes, disp bytes on.
func at(r Reg, size, disp int) Mem { return Mem{Base: r, Index: rAt, Scale: size, Disp: disp} }

// choose is a choice between elements of a width; the bytes are widened and
// compared with 0, so that the blend takes the other one.
func choose(a *Asm, l macro.Lane) {
	size := l.Bits() / 8
	name := fmt.Sprintf("choose%d", size)
	f := a.Func(fmt.Sprintf("%s is dst[i] = x[i] where p[i] is not 0, y[i] elsewhere, of %d bytes each.", name, size),
		name, 0, "dst unsafe.Pointer", "p *uint8", "x unsafe.Pointer", "y unsafe.Pointer", "n int")
	for i, p := range []string{"dst", "p", "x", "y"} {
		f.Op("MOVQ", f.Arg(p), []Reg{rDst, R8, SI, DX}[i])
	}
	f.Op("VPXOR", Y(5), Y(5), Y(5))
	lanes := 32 / size
	eights(f, func() {
		for i := 0; i < 8; i += lanes {
			f.Op("VPMOVZXB"+whole(l), at(R8, 1, i), Y(0))
			f.Op("VPCMPEQ"+whole(l), Y(5), Y(0), Y(0))
			f.Op("VMOVU"+suffix(l), at(SI, size, i*size), Y(1))
			f.Op("VBLENDV"+suffix(l), Y(0), at(DX, size, i*size), Y(1), Y(1))
			f.Op("VMOVU"+suffix(l), Y(1), at(rDst, size, i*size))
		}
	})
}

// compareKernel packs eight masks into bytes of 0 and 1. Integers have only
// equal and greater; the other predicates are their complements.
func compareKernel(a *Asm, pred, t string) string {
	name := "compare" + strings.ToUpper(pred[:1]) + pred[1:] + strings.ToUpper(t[:1]) + t[1:]
	f := a.Func(name+" writes 1 where the predicate holds, 0 elsewhere.", name, 0, "dst *uint8", "x *"+t, "y *"+t, "n int")
	f.Op("MOVQ", f.Arg("dst"), rDst)
	f.Op("MOVQ", f.Arg("x"), SI)
	f.Op("MOVQ", f.Arg("y"), DX)
	f.Op("VMOVUPS", "bytesOfOne<>+0(SB)", X(7))
	imm := orderedPreds[pred]
	eights(f, func() {
		mask := "VPAND"
		switch t {
		case "float32":
			f.Op("VMOVUPS", at(SI, 4, 0), Y(0))
			f.Op("VCMPPS", int(imm), at(DX, 4, 0), Y(0), Y(0))
		case "float64":
			for i := range 2 {
				f.Op("VMOVUPD", at(SI, 8, 32*i), Y(i))
				f.Op("VCMPPD", int(imm), at(DX, 8, 32*i), Y(i), Y(i))
			}
			f.Op("VSHUFPS", 0x88, Y(1), Y(0), Y(0))
			f.Op("VPERMQ", 0xd8, Y(0), Y(0))
		default:
			x, y := Y(0), Y(1)
			f.Op("VMOVDQU", at(SI, 4, 0), x)
			f.Op("VMOVDQU", at(DX, 4, 0), y)
			switch pred {
			case "eq", "ne":
				f.Op("VPCMPEQD", y, x, x)
			case "lt":
				f.Op("VPCMPGTD", x, y, x)
			case "le":
				f.Op("VPCMPGTD", y, x, x)
			}
			if pred == "ne" || pred == "le" {
				mask = "VPANDN"
			}
		}
		f.Op("VEXTRACTI128", 1, Y(0), X(1))
		f.Op("VPACKSSDW", X(1), X(0), X(0))
		f.Op("VPACKSSWB", X(0), X(0), X(0))
		f.Op(mask, X(7), X(0), X(0))
		f.Op("VMOVQ", X(0), at(rDst, 1, 0))
	})
	return name
}

// conversion is a conversion that cannot fail.
type conversion struct {
	from, to         string
	fromSize, toSize int
	lanes            int
	one              func(f *Func, m Mem) // a vector from m into the first register
}

var conversions = []conversion{
	{"int32", "float32", 4, 4, 8, func(f *Func, m Mem) { f.Op("VCVTDQ2PS", m, Y(0)) }},
	{"int32", "float64", 4, 8, 4, func(f *Func, m Mem) { f.Op("VCVTDQ2PD", m, Y(0)) }},
	{"uint8", "float32", 1, 4, 8, func(f *Func, m Mem) {
		f.Op("VPMOVZXBD", m, Y(0))
		f.Op("VCVTDQ2PS", Y(0), Y(0))
	}},
	{"uint8", "float64", 1, 8, 4, func(f *Func, m Mem) {
		f.Op("VPMOVZXBD", m, X(0))
		f.Op("VCVTDQ2PD", X(0), Y(0))
	}},
	{"float32", "float64", 4, 8, 4, func(f *Func, m Mem) { f.Op("VCVTPS2PD", m, Y(0)) }},
	{"float64", "float32", 8, 4, 4, func(f *Func, m Mem) {
		f.Op("VMOVUPD", m, Y(0))
		f.Op("VCVTPD2PSY", Y(0), X(0))
	}},
	{"int64", "float64", 8, 8, 4, func(f *Func, m Mem) {
		// The halves are put into the mantissas of 2^52 and 2^84 + 2^63, and
		// come out as floats by a difference and a sum, the only rounding.
		f.Op("VMOVDQU", m, Y(0))
		f.Op("VPBLENDD", 0x55, Y(0), Y(5), Y(1))
		f.Op("VPSRLQ", 32, Y(0), Y(0))
		f.Op("VPXOR", Y(6), Y(0), Y(0))
		f.Op("VSUBPD", Y(7), Y(0), Y(0))
		f.Op("VADDPD", Y(1), Y(0), Y(0))
	}},
}

func (c conversion) write(a *Asm) {
	name := fmt.Sprintf("%sTo%s%s", c.from, strings.ToUpper(c.to[:1]), c.to[1:])
	f := a.Func(name+" converts n elements.", name, 0, "dst *"+c.to, "x *"+c.from, "n int")
	f.Op("MOVQ", f.Arg("dst"), rDst)
	f.Op("MOVQ", f.Arg("x"), SI)
	if c.from == "int64" {
		for i := range 3 {
			f.Op("VBROADCASTSD", Static("wholeParts", 8*i), Y(5+i))
		}
	}
	eights(f, func() {
		for i := 0; i < 8; i += c.lanes {
			c.one(f, at(SI, c.fromSize, i*c.fromSize))
			if y := Y(0); c.lanes*c.toSize == 32 {
				f.Op("VMOVUPS", y, at(rDst, c.toSize, i*c.toSize))
			} else {
				f.Op("VMOVUPS", y.Low(), at(rDst, c.toSize, i*c.toSize))
			}
		}
	})
}
