package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

func TestIdx(t *testing.T) {
	r := ir.Reader{Name: "idx", Paths: []ir.NamedText{{Name: "image", Text: "images60-idx3-ubyte.gz"}}}
	m := module(tableNode("Images", r, num("image", ir.U8, ir.N(28), ir.N(28))))
	ds := mustOpen(t, m, Options{})
	cols, _, _ := all(t, ds, "Images", OrderSpec{}, 16, req("image", ir.TensorOf(ir.U8, ir.N(28), ir.N(28))))
	if n := ds.Sizes()["Images"]; n != 60 || fmt.Sprint(cols[0].Shape) != "[60 28 28]" {
		t.Errorf("%d images, %v", n, cols[0].Shape)
	}
	sum := 0
	for _, x := range cols[0].U8 {
		sum += int(x)
	}
	if sum < 60*784*20 || sum > 60*784*150 {
		t.Errorf("the images are %d bright in all", sum)
	}
	labels := ir.Reader{Name: "idx", Paths: []ir.NamedText{{Name: "label", Text: "labels-idx1-ubyte.gz"}}}
	lm := module(tableNode("L", labels, ir.Field{Name: "label", Type: ir.IndexOf(ir.N(10))}))
	cols, _, _ = all(t, mustOpen(t, lm, Options{}), "L", OrderSpec{}, 900, req("label", ir.IndexOf(ir.N(10))))
	if cols[0].I32[0] != 0 || cols[0].I32[899] != 9 || cols[0].I32[450] != 5 {
		t.Errorf("labels %v", cols[0].I32[:10])
	}
	lm = module(tableNode("L", labels, ir.Field{Name: "label", Type: ir.IndexOf(ir.N(9))}))
	fails(t, lm, Options{Dir: "testdata"}, "D0114", "row 811", "value \"9\"")
	m = module(tableNode("Images", r, num("image", ir.U8, ir.N(28), ir.N(27))))
	fails(t, m, Options{Dir: "testdata"}, "D0126", "[28 28]", "[28 27]")
	m = module(tableNode("I", ir.Reader{Name: "idx", Paths: []ir.NamedText{{Name: "a", Text: "a"}}}, num("a", ir.F32)))
	fails(t, m, Options{Dir: write(t, "a", "\x00\x00\x08\x01\x00\x00\x00\x05ab")}, "D0123", "ends before")
	fails(t, m, Options{Dir: write(t, "a", "hello")}, "D0123", "does not begin like")
	ds = mustOpen(t, m, Options{Dir: write(t, "a", "\x00\x00\x0b\x01\x00\x00\x00\x02\xff\xff\x01\x00")})
	if cols, _, _ := all(t, ds, "I", OrderSpec{}, 9, f32s("a")); fmt.Sprint(cols[0].F32) != "[-1 256]" {
		t.Error(cols[0].F32)
	}
}

func TestText(t *testing.T) {
	f := ir.Field{Name: "text", Type: ir.IndexOf(ir.Sym("Char"), ir.N(33)), Category: "Char"}
	m := module(catNode("Char", "Lines.text"), tableNode("Lines",
		reader("text", "text6000.txt.gz", "window", "33", "stride", "32", "streams", "8"), f))
	ds := mustOpen(t, m, Options{})
	n := ds.Sizes()
	each := ((6000-33)/32 + 1) / 8
	if n["Lines"] != int64(8*each) {
		t.Fatalf("%v, want %d windows", n, 8*each)
	}
	raw := unzip(t, "testdata/text6000.txt.gz")
	cols, _, rows := all(t, ds, "Lines", OrderSpec{}, 8, req("text", f.Type))
	chars := ds.Categories()["Char"]
	for i, r := range rows {
		var b strings.Builder
		for _, c := range cols[0].I32[i*33 : (i+1)*33] {
			b.WriteString(chars[c])
		}
		from := (int(r)%8*each + int(r)/8) * 32
		if b.String() != raw[from:from+33] {
			t.Fatalf("row %d is %q, want %q", r, b.String(), raw[from:from+33])
		}
	}
	// By words, and without a stride.
	f.Type = ir.IndexOf(ir.Sym("Char"), ir.N(2))
	m = module(catNode("Char", "Lines.text"), tableNode("Lines", reader("text", "a.txt", "window", "2", "by", "words"), f))
	ds = mustOpen(t, m, Options{Dir: write(t, "a.txt", "to be, or\nnot to  be\n")})
	cols, _, _ = all(t, ds, "Lines", OrderSpec{}, 8, req("text", f.Type))
	if got := fmt.Sprint(ds.Categories()["Char"], cols[0].I32); got != "[be be, not or to] [4 1 3 2 4 0]" {
		t.Error(got)
	}
	fails(t, m, Options{Dir: write(t, "a.txt", "word")}, "D0128", "1 word")
	fails(t, m, Options{Dir: write(t, "a.txt", "")}, "D0103")
	fails(t, m, Options{Dir: write(t, "a.txt", "a\nb \xff c")}, "D0109", "a.txt:2")
}

func unzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.ReadFrom(z)
	return b.String()
}

func TestLinesTable(t *testing.T) {
	m := module(catNode("W", "T.a"), tableNode("T", reader("lines", "a.txt", "separator", ":"), member("a", "W"), num("n", ir.I32)))
	ds := mustOpen(t, m, Options{Dir: write(t, "a.txt", "x \"y\":1\nz:2\n")})
	cols, _, _ := all(t, ds, "T", OrderSpec{}, 8, index("a", "W"), req("n", ir.ScalarOf(ir.I32)))
	if got := fmt.Sprint(ds.Categories()["W"], cols[0].I32, cols[1].I32); got != "[x \"y\" z] [0 1] [1 2]" {
		t.Error(got)
	}
}

func TestJSONL(t *testing.T) {
	f := num("p", ir.F32, ir.N(2), ir.N(2))
	m := module(catNode("C", "T.c"), tableNode("T", reader("jsonl", "a.jsonl"), num("x", ir.F32), opt(member("c", "C")), opt(f), str("s"), num("b", ir.Bool)))
	ds := mustOpen(t, m, Options{Dir: write(t, "a.jsonl",
		`{"x": 1.5, "c": "a\"\u00e9\ud83d\ude00", "p": [[1,2],[3,4e0]], "s": "q", "b": true, "other": {"x": [1, null, "]"]}}`+"\n\n"+
			`{"b":false,"s":"","x":-2,"p":null}`+"\n")})
	cols, tx, _ := all(t, ds, "T", OrderSpec{}, 8, f32s("x"), index("c", "C"), bools("c?"), req("p", f.Type), bools("p?"), texts("s"), bools("b"))
	got := fmt.Sprint(cols[0].F32, cols[1].I32, cols[2].U8, cols[3].F32, cols[4].U8, tx[5], cols[6].U8, ds.Categories()["C"])
	if want := "[1.5 -2] [0 0] [1 0] [1 2 3 4 0 0 0 0] [1 0] [q ] [1 0] [a\"é😀]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, c := range []struct{ line, code, text string }{
		{`{"x": 1,}`, "D0121", "a name in quotes"}, {`[1]`, "D0121", "an object"}, {`{"x": 1} 2`, "D0121", "follows"}, {`{"x": tru}`, "D0121", "value"},
		{`{"x": "1"}`, "D0111", "a text stands here"}, {`{"x": 1, "x": 2}`, "D0105", "twice"}, {`{"x": null}`, "D0113", "missing"},
		{`{"x": 1, "s": "", "b": true, "p": [1]}`, "D0122", "no array"}, {`{"x": 1, "p": [[1,2],[3]]}`, "D0122", "1 element"},
		{`{"x": 1, "p": [[1,2,3],[3]]}`, "D0122", "more than 2"}, {`{"x": [1]}`, "D0122", "one value"}, {`{"s": "a", "b": true}`, "D0113", "`x` is missing"},
		{`{"x": 1, "s": "a", "b": 3}`, "D0115", "column b"},
	} {
		fails(t, m, Options{Dir: write(t, "a.jsonl", "\n"+c.line+"\n")}, c.code, c.text, "a.jsonl:2, row 1")
	}
}

// A real file written as JSON lines reads the same as from csv.
func TestJSONLIsCSV(t *testing.T) {
	fs := []ir.Field{num("sepal_length", ir.F32), num("petal_width", ir.F32), member("species", "S")}
	csv := mustOpen(t, module(catNode("S", "T.species"), tableNode("T", reader("csv", "iris.csv"), fs...)), Options{})
	var b strings.Builder
	reqs := []ColumnReq{f32s("sepal_length"), f32s("petal_width"), index("species", "S")}
	cols, _, _ := all(t, csv, "T", OrderSpec{}, 50, reqs...)
	for i := range 150 {
		s, _ := csv.TextOf("S", int64(cols[2].I32[i]))
		fmt.Fprintf(&b, "{\"species\":%q,\"petal_width\":%v,\"sepal_length\":%v}\n", s, cols[1].F32[i], cols[0].F32[i])
	}
	js := mustOpen(t, module(catNode("S", "T.species"), tableNode("T", reader("jsonl", "a.jsonl"), fs...)), Options{Dir: write(t, "a.jsonl", b.String())})
	got, _, _ := all(t, js, "T", OrderSpec{}, 50, reqs...)
	for k := range cols {
		if string(rawBytes(cols[k])) != string(rawBytes(got[k])) {
			t.Errorf("column %d differs", k)
		}
	}
}

// npy bytes as other programs write them.
func npyBytes(version int, descr, order, shape string, data ...byte) string {
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape)
	if version == 1 {
		return "\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(dict)))) + dict + string(data)
	}
	return "\x93NUMPY" + string([]byte{byte(version), 0}) + string(binary.LittleEndian.AppendUint32(nil, uint32(len(dict)))) + dict + string(data)
}

func TestNpy(t *testing.T) {
	read := func(s string) (string, error) {
		a, err := readNpy("a.npy", strings.NewReader(s), 1<<20)
		if err != nil {
			return "", err
		}
		return fmt.Sprint(a.Kind, a.Shape, floats(a)), nil
	}
	for _, c := range []struct{ in, want string }{
		{npyBytes(1, "<f8", "False", "()", 0, 0, 0, 0, 0, 0, 0xf0, 0x3f), "f64 [] [1]"},
		{npyBytes(2, "<f4", "False", "(2,)", 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0), "f32 [2] [1 -2]"},
		{npyBytes(3, ">i4", "False", "(2,)", 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff), "i32 [2] [7 -1]"},
		{npyBytes(1, "<i2", "True", "(2, 3)", 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0), "i16 [2 3] [1 3 5 2 4 6]"},
		{npyBytes(1, "|u1", "False", "(0, 3)"), "u8 [0 3] []"},
		{npyBytes(1, "|b1", "False", "(3,)", 1, 0, 5), "bool [3] [1 0 1]"},
		{npyBytes(1, "<u4", "False", "(1,)", 0xff, 0xff, 0xff, 0xff), "i64 [1] [4.294967295e+09]"},
		{npyBytes(1, "<f2", "False", "(4,)", 0, 0x3c, 0, 0xc0, 1, 0, 0xff, 0x7b), "f32 [4] [1 -2 5.960464477539063e-08 65504]"},
		{npyBytes(1, "|i1", "False", "(1,)", 0xfe), "i8 [1] [-2]"},
		{npyBytes(1, "<u2", "False", "(1,)", 0xfe, 0xff), "u16 [1] [65534]"},
		{npyBytes(1, "<i8", "False", "(1,)", 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "i64 [1] [-2]"},
	} {
		if got, err := read(c.in); got != c.want {
			t.Errorf("got %s, %v; want %s", got, err, c.want)
		}
	}
	for _, c := range []struct{ in, code string }{
		{"", "D0124"}, {"hello, world", "D0124"}, {npyBytes(4, "<f4", "False", "(1,)"), "D0124"}, {npyBytes(1, "<f4", "False", "(2,)", 1, 2, 3), "D0124"},
		{npyBytes(1, "|O", "False", "(2,)"), "D0124"}, {npyBytes(1, "<c8", "False", "(2,)"), "D0124"}, {npyBytes(1, "<f4", "False", "(9999999999,)"), "D0119"},
		{npyBytes(1, "<f8", "False", "(4294967296, 4294967296)"), "D0119"}, {npyBytes(1, "<f4", "False", "(-1,)"), "D0124"},
		{npyBytes(1, "<u8", "False", "(1,)", 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "D0112"},
		{"\x93NUMPY\x02\x00\xff\xff\xff\x7f{}", "D0124"},
	} {
		_, err := read(c.in)
		wantFault(t, err, c.code)
	}
}

func TestReadTensors(t *testing.T) {
	at := t.TempDir()
	put := func(name, s string) {
		if err := os.WriteFile(filepath.Join(at, name), []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	put("u.npy", npyBytes(1, "<f8", "False", "(2, 3)", make([]byte, 48)...))
	put("m.csv", "1,2,3\n4,5,6\n")
	put("v.txt", "1\n2.5\n")
	put("t.csv", "x\n1\n2\n")
	n, k := ir.Sym("n"), ir.Sym("k")
	read := func(r ir.Reader, ts ...ir.Type) *ir.Node {
		b := &ir.Read{Reader: r}
		for i, typ := range ts {
			b.Outputs = append(b.Outputs, ir.Output{Name: fmt.Sprint("U", i), Type: typ})
		}
		return &ir.Node{Name: "r" + r.Paths[0].Text, Body: b}
	}
	table := tableNode("T", reader("csv", "t.csv"), num("x", ir.F32))
	m := module(table, read(reader("npy", "u.npy"), ir.TensorOf(ir.F64, ir.Sym("T"), k.Add(ir.N(1)))),
		read(reader("csv", "m.csv", "header", "none"), ir.TensorOf(ir.F32, n, ir.N(3))), read(reader("lines", "v.txt"), ir.TensorOf(ir.F64, n)))
	ds := mustOpen(t, m, Options{Dir: at})
	if s := ds.Sizes(); s["n"] != 2 || s["k"] != 2 || s["T"] != 2 {
		t.Errorf("sizes %v", s)
	}
	as, err := ds.ReadTensor(m.Nodes[2])
	if err != nil || fmt.Sprint(as[0].F32) != "[1 2 3 4 5 6]" {
		t.Error(as, err)
	}
	put("v.txt", "1\n2.5\n3\n")
	fails(t, m, Options{Dir: at}, "D0126", "`n` is 2, and 3 here", "v.txt")
	put("v.txt", "1\nx\n")
	fails(t, m, Options{Dir: at}, "D0111", "v.txt:2")
	put("v.txt", "1\n2\n")
	put("t.csv", "x\n1\n")
	fails(t, m, Options{Dir: at}, "D0126", "`T` is 1, and 2 here")
	kind, shape, err := Probe(&m.Nodes[1].Body.(*ir.Read).Reader, at, table.Span)
	if err != nil || kind != ir.F64 || fmt.Sprint(shape) != "[2 3]" {
		t.Error(kind, shape, err)
	}
	narrow := module(read(reader("npy", "u.npy"), ir.TensorOf(ir.F32, n, k)))
	fails(t, narrow, Options{Dir: at}, "D0126", "convert where you mean to")
}

// What the short way reads is what strconv reads, whatever stands behind it.
func TestShortNumber(t *testing.T) {
	texts := []string{"0", "-0", "7", ".5", "5.", "-.25", "1234567", "12345678", "0.12345678", "0.123456789012", "1.00000000000001",
		"123456.123456789", "9999999.99999999", "0.000001", "-1234.56789", "00012.50", "9007199254740991", "9007199254740993", "12345678.", ".12345678"}
	for i := range uint64(3000) {
		x := ir.UniformF64(ir.Mix(i, 1)) - 0.5
		texts = append(texts, strconv.FormatFloat(x*math.Pow(10, float64(i%14)-5), 'f', int(i%13), 64))
	}
	for _, s := range append(texts, "-", ".", "-.", "", "1e5", "1.2.3", "1234567.8.", "0x10", "1 ", "+1", "12345678901234567890", "nan", "1-2", "--1", "/", ":", "1\xb0") {
		want, err := strconv.ParseFloat(s, 64)
		for _, behind := range []string{",", "9", ".", "\xff"} {
			b := []byte(s + strings.Repeat(behind, 16))
			x, ok := shortNumber(unsafe.Pointer(&b[0]), len(s))
			if ok && (err != nil || x != want || math.Signbit(x) != math.Signbit(want)) {
				t.Errorf("%q before %q: %v, want %v", s, behind, x, want)
			}
			if !ok && err == nil && len(s) < 16 && !strings.ContainsAny(s, "ena+x ") {
				t.Errorf("%q before %q takes the long way", s, behind)
			}
			var y float64
			if kernel.Active() >= kernel.AVX2 {
				if k := decimals64(unsafe.Pointer(&b[0]), &[]int32{0, int32(len(s)) + 1}[0], 1, 1, &y); k != int(oneIf(ok)) || math.Float64bits(y) != math.Float64bits(x) {
					t.Errorf("%q before %q: %v with vectors, want %v", s, behind, y, x)
				}
			}
			n, ok := shortWhole(unsafe.Pointer(&b[0]), len(s))
			whole, err := strconv.ParseInt(s, 10, 64)
			if ok && (err != nil || n != whole) {
				t.Errorf("%q before %q: %v, want %v", s, behind, n, whole)
			}
			if !ok && err == nil && len(s) <= 8 && s[0] != '+' {
				t.Errorf("%q before %q takes the long way as a whole number", s, behind)
			}
		}
	}
}

// Fields of all lengths side by side, of both precisions, to the last one.
func TestDecimals(t *testing.T) {
	if kernel.Active() < kernel.AVX2 {
		t.Skip("no AVX2")
	}
	const n = 2000
	var b []byte
	at, want := []int32{0}, []float64{}
	for i := range uint64(n) {
		x := ir.UniformF64(ir.Mix(i, 3)) - 0.5
		s := strconv.FormatFloat(x*math.Pow(10, float64(i%9)-3), 'f', int(i%8), 64)
		want = append(want, must(strconv.ParseFloat(s, 64)))
		b = append(append(b, s...), ',')
		at = append(at, int32(len(b)))
	}
	b = append(b, make([]byte, slack)...)
	f := &fields{base: unsafe.Pointer(&b[0]), at: at, step: 1, vectors: true}
	x64, _, n64 := decodeFloats[float64](f, nil, nil, false, 0, n)
	x32, _, n32 := decodeFloats[float32](f, nil, nil, false, 0, n)
	if n64 != n || n32 != n {
		t.Fatal(n64, n32)
	}
	for i, w := range want {
		if math.Float64bits(x64[i]) != math.Float64bits(w) || x32[i] != float32(w) {
			t.Fatalf("%d: %v and %v, want %v", i, x64[i], x32[i], w)
		}
	}
}

func must(x float64, err error) float64 {
	if err != nil {
		panic(err)
	}
	return x
}

// Eight bytes at a time or 64, marks are the same.
func TestMarks(t *testing.T) {
	if kernel.Active() < kernel.AVX2 {
		t.Skip("no AVX2")
	}
	var b [256]byte
	for i := range b {
		b[i] = byte(ir.Mix(uint64(i), 9))
	}
	for _, sep := range b {
		var got [4]marks
		marksAVX2(unsafe.Pointer(&b[0]), 4, sep, sep+1, &got[0])
		for k, m := range got {
			if want := marksAt(unsafe.Pointer(&b[64*k]), sep, sep+1); m != want {
				t.Fatalf("%v, want %v", m, want)
			}
		}
	}
}

func BenchmarkShortNumber(b *testing.B) {
	var line []byte
	at := []int{0}
	for i := range uint64(4000) {
		line = strconv.AppendFloat(line, ir.UniformF64(ir.Mix(i, 1))*1000-500, 'f', 4, 64)
		line = append(line, ',')
		at = append(at, len(line))
	}
	line = append(line, make([]byte, slack)...)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		for i := range at[1:] {
			shortNumber(unsafe.Pointer(&line[at[i]]), at[i+1]-at[i]-1)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*4000), "ns/number")
}

func BenchmarkDecode(b *testing.B) {
	names, inputs := make([]string, 20), make([]*input, 20)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
		inputs[i] = &input{name: names[i], kind: ir.F32, optional: true, width: 1, names: names[i : i+1]}
	}
	var line []byte
	for i := range uint64(60_000) {
		if i%97 != 0 {
			line = strconv.AppendFloat(line, ir.UniformF64(ir.Mix(i, 1))*2-1, 'f', 4, 64)
		}
		line = append(line, ",\n"[oneIf(i%20 == 19)])
	}
	d := dialect{sep: ',', quote: '"', missing: []string{""}}
	l, _ := newLayout(inputs, names, "a.csv", source.Span{})
	l.quicken(inputs, &d)
	for _, how := range []string{"records", "strips", "vectors"} {
		b.Run(how, func(b *testing.B) {
			if how == "vectors" && kernel.Active() < kernel.AVX2 {
				b.Skip("no AVX2")
			}
			c := &csvDecoder{dialect: d, inputs: inputs, slow: how == "records", cuts: cuts{vectors: how == "vectors"}}
			x := &block{layout: l, data: append(make([]byte, 0, len(line)+slack), line...)}
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				c.decode(x)
			}
		})
	}
}
