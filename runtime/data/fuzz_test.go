package data

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Readers meet any bytes with rows or a diagnostic: no panic, no bug report,
// and no memory that a header claims but the file does not have.

// openBytes reads a table from bytes that stand for its file.
func openBytes(t *testing.T, m *ir.Module, b []byte) *Dataset {
	ds := &Dataset{m: m, opt: Options{Limit: 1 << 20, Memory: 1 << 24, Workers: 2, Vectors: kernel.Active() >= kernel.AVX2}, tables: map[string]*table{}, views: map[string]*view{},
		cats: map[string]*category{}, sizes: map[string]int64{}, match: map[string]int64{}, needs: needsAll(m)}
	ds.opt.Records = map[string][]byte{}
	ds.markFields()
	err := ds.openCategories()
	n := m.Nodes[len(m.Nodes)-1]
	body := n.Body.(*ir.SourceTable)
	tab, err2 := ds.newTable(n, body)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	tab.record, tab.reader = b, &body.Reader
	ds.tables[n.Name], ds.order = tab, []string{n.Name}
	if err = ds.readTable(tab); err == nil {
		err = ds.bind()
	}
	checkFault(t, err)
	if err != nil {
		return nil
	}
	return ds
}

func checkFault(t *testing.T, err error) {
	t.Helper()
	for _, d := range source.AsList(err) {
		if d.Class == source.Bug {
			t.Fatalf("a bug: %v", d)
		}
		if _, ok := source.LookupCode(d.Code); !ok {
			t.Fatalf("no code %q", d.Code)
		}
		_ = d.Error()
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"x,c,s\n1,a,b\n", "x,c,s\n1,\"a\"\"\n\",b", "\xef\xbb\xbfx,c,s\r\n,NA,\"", "c,x,s,k\nq,1e400,,\n", "x,c,s\n\"1\",a,\"b\"c\n", "\"x\",c,s\n-0x1,2,3\n"} {
		f.Add([]byte(s))
	}
	f.Add([]byte(mixed(12, 0, true)))
	f.Fuzz(func(t *testing.T, b []byte) {
		sameParts(t, string(b))
		m := module(catNode("C", "T.c"), tableNode("T", reader("csv", "a.csv", "missing", "\nNA"), opt(num("x", ir.F32)), member("c", "C"), str("s")))
		ds := openBytes(t, m, b)
		if ds == nil {
			return
		}
		defer ds.Close()
		_, tx, rows := all(t, ds, "T", OrderSpec{}, 3, f32s("x"), index("c", "C"), texts("s"))
		if int64(len(rows)) != ds.sizes["T"] || len(tx[2]) != len(rows) {
			t.Fatalf("%d rows of %d", len(rows), ds.sizes["T"])
		}
		if len(rows) > 0 && ds.Locate("T", int64(len(rows)-1)).Line == 0 {
			t.Fatalf("the last row of %q is nowhere", b)
		}
	})
}

func FuzzJSONL(f *testing.F) {
	for _, s := range []string{`{"x": 1, "c": "a", "p": [1, 2]}`, `{"x": null, "c": "\ud83d\ude00", "p": null}` + "\n{}", `{"c": {"a": [[]]}}`, strings.Repeat("[", 1000)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := module(catNode("C", "T.c"), tableNode("T", reader("jsonl", "a.jsonl"), opt(num("x", ir.F32)), opt(member("c", "C")), opt(num("p", ir.I16, ir.N(2))), opt(str("s"))))
		if ds := openBytes(t, m, b); ds != nil {
			all(t, ds, "T", OrderSpec{}, 3, f32s("x"), req("p", ir.TensorOf(ir.I16, ir.N(2))), texts("s"))
			ds.Close()
		}
	})
}

func FuzzIdx(f *testing.F) {
	f.Add([]byte("\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x02abcd"))
	f.Add([]byte("\x00\x00\x0e\x03\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x02abcd"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := openIdx(memoryStream("a", b))
		if err == nil {
			_, err = file.whole(1 << 24)
		}
		checkFault(t, err)
	})
}

func FuzzNpy(f *testing.F) {
	f.Add([]byte(npyBytes(1, "<f8", "True", "(2, 1)", make([]byte, 16)...)))
	f.Add([]byte(npyBytes(3, ">u4", "False", "(1,)", 1, 2, 3, 4)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := readNpy("a.npy", bytes.NewReader(b), 1<<24)
		checkFault(t, err)
	})
}

func FuzzSafetensors(f *testing.F) {
	var b bytes.Buffer
	WriteSafetensors(&b, nil, map[string]string{"a": "b"})
	f.Add(b.Bytes())
	f.Add([]byte("\x42\x00\x00\x00\x00\x00\x00\x00" + `{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}           1234`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSafetensors("a", b)
		checkFault(t, err)
		if err != nil {
			return
		}
		for _, n := range s.Names() {
			_, err := s.Tensor(n)
			checkFault(t, err)
		}
	})
}

// Numbers are what strconv makes of them, in both precisions.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"1", "-0.5", "1e22", "8388609.5", "16777217", "1.00000017881393432617187499", "1.00000017881393432617187501", "3.4028236e38", "1e-45", "0.1", "123456789012345678901234567890", "5e-324", ".5", "5.", "-", "1e", "0x1", "1_0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, ok := parseF64([]byte(s))
		y, ok32 := parseF32([]byte(s))
		if ok != ok32 {
			t.Fatalf("%q is a number only once", s)
		}
		want, err := strconv.ParseFloat(s, 64)
		if !ok {
			if plain := strings.Trim(s, "0123456789+-.eE") == ""; err == nil && plain {
				t.Fatalf("%q is %v and was refused", s, want)
			}
			return
		}
		want32, _ := strconv.ParseFloat(s, 32)
		if math.Float64bits(x) != math.Float64bits(want) || math.Float32bits(y) != math.Float32bits(float32(want32)) {
			t.Fatalf("%q: %v and %v, want %v and %v", s, x, y, want, float32(want32))
		}
	})
}
