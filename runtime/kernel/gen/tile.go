package gen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// The rows of the table of operations that have a kernel made from their
// macro, by the number of operands; powi with its power.
var tileRows = [...][]string{
	1: {"neg", "abs", "sqrt", "floor", "round", "sign", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "logistic", "erf",
		"lgamma", "polygamma 0", "polygamma 1",
		"powi -4", "powi -3", "powi -2", "powi -1", "powi 2", "powi 3", "powi 4", "powi 5", "powi 6", "powi 7", "powi 8"},
	2: {"add", "sub", "mul", "div", "max", "pow", "atan2", "rem"},
	3: {"fma"},
}

// Registers of a tile kernel.
const (
	rAt, rEnd, rLimit = AX, CX, R9 // in bytes
	rTest             = R10
)

var rOperand = []Reg{SI, DX, BX}

const rDst = DI

// tileMask is the mask of the lanes of a tail.
const tileMask = Y(15)

// light is the number of operations up to which a body is repeated, so that
// the loop costs little beside it.
const light = 8

func tileFile() *Asm {
	a, p := NewAsm(), &pool{name: "tileConst", words: 4}
	a.Data("tileLanes", ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), 0, 0, 0, 0)
	tileTables(a, "tile", "of 256 bits", func(name string, code *macro.Code) bool {
		writeTile(a, p, name, code)
		return true
	})
	p.write(a)
	return a
}

// tileTables writes the kernels of all rows and tables of them by row, whose
// names begin with stem. write reports whether it has written one.
func tileTables(a *Asm, stem, what string, write func(name string, code *macro.Code) bool) {
	var table strings.Builder
	for args, rows := range tileRows {
		if args == 0 {
			continue
		}
		for _, l := range []macro.Lane{macro.F32, macro.F64} {
			fmt.Fprintf(&table, "// %s%d%s are the kernels of %d operands by row, for vectors %s.\nvar %s%d%s = map[string]tileFunc%d[%s]{\n",
				stem, args, upper(l), args, what, stem, args, upper(l), args, goType(l))
			for _, r := range rows {
				row, n := rowPower(r)
				code, ok := macro.For(row, l, n)
				if !ok {
					panic("gen: " + r + " has no program")
				}
				if name := tileName(stem, r, l); write(name, code) {
					fmt.Fprintf(&table, "%q: %s,\n", r, name)
				}
			}
			table.WriteString("}\n\n")
		}
	}
	a.Declare(table.String())
}

func upper(l macro.Lane) string { return strings.ToUpper(l.String()) }

func goType(l macro.Lane) string { return fmt.Sprintf("float%d", l.Bits()) }

// rowPower splits "powi 3" into the row and its attribute.
func rowPower(name string) (row string, n int64) {
	row, power, _ := strings.Cut(name, " ")
	n, _ = strconv.ParseInt(power, 10, 64)
	return row, n
}

func tileName(stem, row string, l macro.Lane) string {
	row = strings.NewReplacer(" -", "Minus", " ", "").Replace(row)
	return stem + strings.ToUpper(row[:1]) + row[1:] + upper(l)
}

// writeTile is the kernel dst[i] = code(x[i], …) of n elements. Operands may
// be dst. The lanes of a tail are loaded and stored under a mask, so that
// nothing outside is touched. Where code has a domain, the kernel stops before
// the first vector that has a lane outside; it returns how many elements it has
// done.
func writeTile(a *Asm, p *pool, name string, code *macro.Code) {
	f := tileFunc(a, name, code)
	k := &tileKernelOf{f: f, b: newBody(f, code, p), size: code.Lane.Bits() / 8}
	k.write()
}

var operandNames = []string{"x", "y", "z"}

// tileFunc begins a tile kernel.
func tileFunc(a *Asm, name string, code *macro.Code) *Func {
	t := goType(code.Lane)
	params := []string{"dst *" + t}
	for _, x := range operandNames[:code.Args] {
		params = append(params, x+" *"+t)
	}
	doc := fmt.Sprintf("%s is a tile kernel of %d operations a vector.", name, len(code.Ops)-code.Args)
	return a.FuncResult(doc, name, 0, "done int", append(params, "n int")...)
}

type tileKernelOf struct {
	f    *Func
	b    *body
	size int
}

func (k *tileKernelOf) write() {
	f, code := k.f, k.b.code
	f.Op("MOVQ", f.Arg("dst"), rDst)
	for i, x := range operandNames[:code.Args] {
		f.Op("MOVQ", f.Arg(x), rOperand[i])
	}
	f.Op("MOVQ", f.Arg("n"), rEnd)
	f.Op("SHLQ", map[int]int{4: 2, 8: 3}[k.size], rEnd)
	f.Op("XORL", rAt, rAt)
	k.b.constants()
	if len(code.Ops) <= light {
		k.loop("four", 4)
	}
	k.loop("one", 1)
	f.Op("CMPQ", rAt, rEnd)
	f.Op("JGE", "done")
	f.Note("the mask is a window on the border of ones and zeros")
	f.Op("LEAQ", "tileLanes<>+32(SB)", rTest)
	f.Op("ADDQ", rAt, rTest)
	f.Op("SUBQ", rEnd, rTest)
	f.Op("VMOVUPS", Mem{Base: rTest}, tileMask)
	k.vector(0, true)
	f.Op("MOVQ", rEnd, rAt)
	f.Label("done")
	f.Op("SHRQ", map[int]int{4: 2, 8: 3}[k.size], rAt)
	f.Op("MOVQ", rAt, f.Arg("done"))
	f.Op("VZEROUPPER")
	f.Op("RET")
}

// loop runs n vectors a turn while there are as many.
func (k *tileKernelOf) loop(label string, n int) {
	f := k.f
	f.Op("LEAQ", Mem{Base: rEnd, Disp: -32 * n}, rLimit)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JGT", label+"End")
	f.Op("PCALIGN", 32)
	f.Label(label)
	for i := range n {
		k.vector(32*i, false)
	}
	f.Op("ADDQ", 32*n, rAt)
	f.Op("CMPQ", rAt, rLimit)
	f.Op("JLE", label)
	f.Label(label + "End")
}

// vector is one vector at the position and disp bytes on.
func (k *tileKernelOf) vector(disp int, masked bool) {
	f, s := k.f, suffix(k.b.code.Lane)
	k.b.args = func(i int, y Y) {
		m := Mem{Base: rOperand[i], Index: rAt, Scale: 1, Disp: disp}
		if masked {
			f.Op("VMASKMOV"+s, m, tileMask, y)
		} else {
			f.Op("VMOVU"+s, m, y)
		}
	}
	y := k.b.emit()
	if k.b.outOf != none {
		if masked {
			f.Op("VAND"+s, tileMask, k.b.outOf, k.b.outOf)
		}
		f.Op("VMOVMSK"+s, k.b.outOf, rTest)
		f.Op("TESTL", rTest, rTest)
		f.Op("JNE", "done")
	}
	m := Mem{Base: rDst, Index: rAt, Scale: 1, Disp: disp}
	if masked {
		f.Op("VMASKMOV"+s, y, tileMask, m)
	} else {
		f.Op("VMOVU"+s, y, m)
	}
}
