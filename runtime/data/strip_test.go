package data

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// stripInputs are inputs of all roles, fed by the columns of mixed.
func stripInputs() []*input {
	field := func(in *input) *input {
		in.field = &ir.Field{Name: in.name, Optional: in.optional}
		if in.width == 0 {
			in.width = 1
		}
		return in
	}
	return []*input{
		field(&input{name: "x", kind: ir.F32, optional: true, names: []string{"x"}}),
		field(&input{name: "y", kind: ir.F64, names: []string{"y"}}),
		field(&input{name: "n", kind: ir.I32, optional: true, names: []string{"n"}}),
		field(&input{name: "i", as: asIndex, kind: ir.Index, bound: 50, names: []string{"i"}}),
		field(&input{name: "c", as: asMember, kind: ir.Index, optional: true, names: []string{"c"}}),
		field(&input{name: "s", as: asText, kind: ir.U8, names: []string{"s"}}),
		field(&input{name: "p", kind: ir.U8, width: 2, optional: true, names: []string{"p", "q"}}),
		field(&input{name: "f", as: asForeign, kind: ir.Index, parts: []keyKind{keyInt, keyText}, names: []string{"n", "c"}, optional: true}),
		field(&input{name: "b", as: asBool, kind: ir.Bool, names: []string{"b"}}),
		field(&input{name: "v", kind: ir.F32, width: 3, names: []string{"v0", "v1", "v2"}}),
		field(&input{name: "w", kind: ir.F64, width: 2, names: []string{"v1", "v0"}}),
		field(&input{name: "m", as: asMember, kind: ir.Index, width: 2, optional: true, each: true, names: []string{"m0", "m1"}}),
	}
}

const mixedHeader = "x,y,n,c,v0,v1,v2,s,p,q,b,i,m0,m1"

// mixed is records with quotes, holes, line ends of both kinds and numbers of
// every form; fault, where not 0, is of the record in the middle.
func mixed(rows, fault int, crlf bool) string {
	var b strings.Builder
	end := "\n"
	if crlf {
		end = "\r\n"
	}
	for r := range rows {
		u := ir.Mix(uint64(r), 5)
		x := []string{"1.5", "-0.25", "", "1e3", " 7 ", "0.1234567891234567", `"3.5"`, "-0", "123456789012345678", "12.0000001"}[u%10]
		n := []string{"7", "-12", "", "6.0", "123456789"}[u>>8%5]
		c := []string{"ann", "bob", "", `"c,d"`, `"e""f"`, "a longer member", `"g` + end + `h"`}[u>>16%7]
		s := []string{"text", `"quoted, text"`, "", `"line` + end + `end"`}[u>>24%4]
		q := []string{"", "12"}[u>>32%2]
		y, v := "0.5", []string{"-1.25", "2e-3", "77"}[u>>48%3]
		m := []string{"up", `"down"`, "", "up\r"}[u>>50%4]
		if fault > 0 && r == rows/2 {
			switch fault {
			case 1:
				y = "zz"
			case 2:
				s = `bare"quote`
			case 3:
				s = "one,more"
			case 4:
				c = "b\xffd"
			case 5:
				b.WriteString(end)
			case 6:
				y = ""
			case 7:
				v = "1.5."
			case 8:
				v = ""
			}
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s,%s,0.125,%s,%s,200,%s,true,%d,%s,up%s", x, y, n, c, v, v, s, q, u>>40%50, m, end)
	}
	return b.String()
}

// decoded is what a decoder makes of a block.
func decoded(t *testing.T, text string, slow, vectors bool) (*part, []*input) {
	t.Helper()
	inputs := stripInputs()
	d := dialect{sep: ',', quote: '"', header: true, missing: []string{""}}
	l, err := newLayout(inputs, strings.Split(mixedHeader, ","), "a.csv", inputs[0].field.Span)
	if err != nil {
		t.Fatal(err)
	}
	c := &csvDecoder{dialect: d, inputs: inputs, multi: needsEnd(inputs), slow: slow, cuts: cuts{vectors: vectors}}
	b := &block{layout: l.quicken(inputs, &d), data: append(make([]byte, 0, len(text)+slack), text...)}
	c.decode(b)
	return b.part, inputs
}

// What strips decode is what records decode: the same rows, texts, numbers of
// members and faults, wherever the block ends.
func TestStrips(t *testing.T) {
	for _, crlf := range []bool{false, true} {
		for fault := range 9 {
			text := mixed(1500, fault, crlf)
			sameParts(t, text)
		}
		text := mixed(40, 0, crlf)
		for end := range len(text) + 1 {
			if bytes.Count([]byte(text[:end]), []byte{'"'})%2 == 0 {
				sameParts(t, text[:end])
			}
		}
	}
}

// Blocks that end anywhere, in texts and in line ends, have the rows of the
// whole, with vectors and without.
func TestBlocks(t *testing.T) {
	text := mixed(60, 0, true)
	whole, inputs := decoded(t, text, true, false)
	for size := 1; size < len(text); size += 1 + size/64 {
		rows, at := 0, make([]int, len(inputs))
		sp := &splitter{s: memoryStream("a.csv", []byte(text)), quote: '"', sep: ',', size: size}
		for b := (&block{}); ; {
			ok, err := sp.next(b)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			p, _ := decoded(t, string(b.data), false, size%2 == 0 && kernel.Active() >= kernel.AVX2)
			if p.lost > 0 {
				t.Fatalf("blocks of %d bytes: %v", size, p.faults)
			}
			for k, in := range inputs {
				v, all := &p.vals[k], &whole.vals[k]
				for r := range p.rows * in.width {
					same := false
					switch {
					case in.as == asText:
						same = bytes.Equal(textOf(v, r), textOf(all, rows+r))
					case in.as == asMember || in.as == asForeign:
						same = memberOf(v, r) == memberOf(all, at[k]+r)
					default:
						same = v.a.Float(r) == all.a.Float(at[k]+r)
					}
					if !same {
						t.Fatalf("blocks of %d bytes: %s of row %d differs", size, in.name, rows+r)
					}
				}
				at[k] += p.rows * in.width
			}
			rows += p.rows
		}
		if rows != whole.rows {
			t.Fatalf("blocks of %d bytes have %d rows, want %d", size, rows, whole.rows)
		}
	}
}

func textOf(v *values, r int) []byte {
	c := textChunk{v.text, v.ends}
	return c.at(r)
}

func memberOf(v *values, r int) string {
	if v.a.I32[r] < 0 {
		return "none"
	}
	return "is " + string(v.dict.text(v.a.I32[r]))
}

func sameParts(t *testing.T, text string) {
	t.Helper()
	slow, inputs := decoded(t, text, true, false)
	fast, _ := decoded(t, text, false, false)
	comparePart(t, text, inputs, fast, slow)
	if kernel.Active() >= kernel.AVX2 {
		fast, _ = decoded(t, text, false, true)
		comparePart(t, text, inputs, fast, slow)
	}
}

func comparePart(t *testing.T, text string, inputs []*input, fast, slow *part) {
	t.Helper()
	if fast.rows != slow.rows || fast.lines != slow.lines || fast.lost != slow.lost || fast.broken != slow.broken || !reflect.DeepEqual(fast.faults, slow.faults) {
		t.Fatalf("%d rows, %d lines, faults %v; want %d, %d, %v\n%q", fast.rows, fast.lines, fast.faults, slow.rows, slow.lines, slow.faults, text)
	}
	if slow.lost > 0 {
		return // nothing of the block is kept
	}
	for k, in := range inputs {
		a, b := &fast.vals[k], &slow.vals[k]
		n := slow.rows * in.width
		if in.as == asText {
			n = int(b.mark().text)
		}
		same := bytes.Equal(firstBytes(a, in, n), firstBytes(b, in, n)) && bytes.Equal(a.valid[:min(slow.rows, len(b.valid))], b.valid[:min(slow.rows, len(b.valid))])
		same = same && reflect.DeepEqual(a.dict.ends, b.dict.ends) && reflect.DeepEqual(a.dict.rows, b.dict.rows) && bytes.Equal(a.dict.arena, b.dict.arena)
		same = same && reflect.DeepEqual(a.mark(), b.mark())
		if !same {
			t.Fatalf("%s differs", in.name)
		}
	}
}

// firstBytes are the first n elements of an input.
func firstBytes(v *values, in *input, n int) []byte {
	if in.as == asText {
		return v.text[:n]
	}
	return rawBytes(&v.a)[:n*kindSize(in.kind)]
}
