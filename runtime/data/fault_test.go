package data

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// Every way in which a table can be wrong has one clear message, with file,
// row, line, column and value where there are any.

func xy(options ...string) *ir.Module {
	return module(tableNode("T", reader("csv", "a.csv", options...), num("x", ir.F32), num("y", ir.I32)))
}

func TestFaultsOfCSV(t *testing.T) {
	ok := "x,y\n1,2\n3,4\n"
	for _, c := range []struct {
		name, text, code string
		texts            []string
		options          []string
	}{
		{"empty file", "", "D0103", []string{"a.csv", "empty"}, nil},
		{"only line ends", "\n\n", "D0103", []string{"empty"}, nil},
		{"no column", "x,z\n1,2\n", "D0104", []string{"no column `y`", "the columns are x, z"}, nil},
		{"wrong separator", "x;y\n1;2\n", "D0104", []string{"is the separator right"}, nil},
		{"column twice", "x,y,x\n1,2,3\n", "D0105", []string{"`x`", "twice"}, nil},
		{"too few columns", "x,y\n1,2\n3\n", "D0106", []string{"a.csv:3, row 2", "1 column", "others have 2"}, nil},
		{"too many columns", "x,y\n1,2,3\n", "D0106", []string{"a.csv:2, row 1", "3 columns"}, nil},
		{"bare quote", "x,y\n1,2\"\n", "D0107", []string{"quote: none", "a.csv:2"}, nil},
		{"text after quote", "x,y\n\"1\"z,2\n", "D0107", []string{"text follows"}, nil},
		{"open quote", "x,y\n1,2\n\"3,4\n5,6\n", "D0108", []string{"a.csv:3", "never closed"}, nil},
		{"carriage returns", "x,y\r1,2\r", "D0107", []string{"carriage return"}, nil},
		{"no number", ok + "5,six\n", "D0111", []string{"a.csv:4, row 3, column y, value \"six\""}, nil},
		{"sign for missing", ok + "NA,6\n", "D0111", []string{"column x", "missing: [\"\", \"NA\"]"}, nil},
		{"not finite", ok + "inf,6\n", "D0111", nil, nil},
		{"too large for f32", ok + "1e40,6\n", "D0112", []string{"1e40", "f32"}, nil},
		{"too large for i32", ok + "1,3000000000\n", "D0112", []string{"3000000000", "i32"}, nil},
		{"not whole", ok + "1,6.5\n", "D0114", []string{"6.5", "whole"}, nil},
		{"missing", ok + "1,\n", "D0113", []string{"`y` is missing", "i32?", "row 3"}, nil},
		{"declared missing", "x,y\n?,1\n", "D0113", []string{"column x", "value \"?\""}, []string{"missing", "?"}},
		{"UTF-16", "\xff\xfex\x00", "D0109", []string{"UTF-16"}, nil},
		{"header not UTF-8", "x,y\xff\n1,2\n", "D0109", nil, nil},
		{"bad separator", ok, "D0134", []string{"separator"}, []string{"separator", "ab"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fails(t, xy(c.options...), Options{Dir: write(t, "a.csv", c.text)}, c.code, c.texts...)
		})
	}
}

func TestFaultsOfTexts(t *testing.T) {
	m := module(catNode("C", "T.c"), tableNode("T", reader("csv", "a.csv"), member("c", "C"), num("i", ir.Bool)))
	fails(t, m, Options{Dir: write(t, "a.csv", "c,i\na\xff,1\n")}, "D0109", "a.csv:2, row 1, column c")
	fails(t, m, Options{Dir: write(t, "a.csv", "c,i\na,yes\n")}, "D0115", "yes")
	fails(t, m, Options{Dir: write(t, "a.csv", "c,i\n,1\n")}, "D0113", "C?")
	ix := module(tableNode("T", reader("csv", "a.csv"), ir.Field{Name: "i", Type: ir.IndexOf(ir.N(3))}))
	fails(t, ix, Options{Dir: write(t, "a.csv", "i\n2\n3\n")}, "D0114", "row 2", "from 0 to 2")
	fails(t, ix, Options{Dir: write(t, "a.csv", "i\n-1\n")}, "D0114")
	ds := mustOpen(t, ix, Options{Dir: write(t, "a.csv", "i\n2.0\n")})
	cols, _, _ := all(t, ds, "T", OrderSpec{}, 4, req("i", ir.IndexOf(ir.N(3))))
	if cols[0].I32[0] != 2 {
		t.Errorf("2.0 is index %d", cols[0].I32[0])
	}
}

func TestFaultsOfFiles(t *testing.T) {
	fails(t, xy(), Options{Dir: write(t, "b.csv", "x,y\n")}, "D0101", "no file `a.csv`", "did you mean `b.csv`")
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, "a.csv"), 0o777)
	fails(t, xy(), Options{Dir: dir}, "D0101", "folder")

	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	for range 10000 {
		w.Write([]byte("x,y\n1,2\n"))
	}
	w.Close()
	gz := module(tableNode("T", reader("csv", "a.csv.gz"), num("x", ir.F32)))
	fails(t, gz, Options{Dir: write(t, "a.csv.gz", string(z.Bytes()[:z.Len()/2]))}, "D0102", "middle of its compressed data")
	broken := append([]byte{}, z.Bytes()...)
	broken[z.Len()-6] ^= 1
	fails(t, gz, Options{Dir: write(t, "a.csv.gz", strings.Replace(string(broken), "", "", 1))}, "D0102")
	fails(t, gz, Options{Dir: write(t, "a.csv.gz", "x,y\n1,2\n")}, "D0102", "not compressed with gzip")

	long := "x,y\n" + strings.Repeat("1", maxRecord+blockSize) + ",2\n"
	fails(t, xy(), Options{Dir: write(t, "a.csv", long)}, "D0110", "longer than 8 MB", "a.csv:2")
}

func TestFirstFaultWins(t *testing.T) {
	var b strings.Builder
	b.WriteString("x,y\n")
	for i := range 400000 {
		if i == 200000 || i == 390000 {
			b.WriteString("1,bad\n")
		} else {
			b.WriteString("1,2\n")
		}
	}
	dir := write(t, "a.csv", b.String())
	for _, n := range []int{1, 2, 4} {
		fails(t, xy(), Options{Dir: dir, Workers: n}, "D0111", "a.csv:200002, row 200001, column y, value \"bad\"")
	}
}

func TestDialects(t *testing.T) {
	m := module(tableNode("T", reader("csv", "a.csv"), num("x", ir.F64), str("s")))
	for name, text := range map[string]string{
		"BOM":        "\xef\xbb\xbfx,s\n1,a\n2,\"b\nc\"\n",
		"CRLF":       "x,s\r\n1,a\r\n2,\"b\nc\"\r\n",
		"no end":     "x,s\n1,a\n2,\"b\nc\"",
		"blank":      "\nx,s\n\n1,a\n\n2,\"b\nc\"\n\n",
		"order":      "s,z,x\na,0,1\n\"b\nc\",0,2\n",
		"spaces":     "x, s\n 1,a\n2 ,\"b\nc\"\n",
		"all quoted": "\"x\",\"s\"\n\"1\",\"a\"\n\"2\",\"b\nc\"\n",
	} {
		ds := mustOpen(t, m, Options{Dir: write(t, "a.csv", text)})
		cols, tx, _ := all(t, ds, "T", OrderSpec{}, 8, req("x", ir.ScalarOf(ir.F64)), texts("s"))
		if len(tx[1]) != 2 || tx[1][0] != "a" || tx[1][1] != "b\nc" || cols[0].F64[1] != 2 {
			t.Errorf("%s: %v %q", name, cols[0], tx[1])
		}
	}
	q := mustOpen(t, module(tableNode("T", reader("csv", "a.csv", "quote", "'"), str("s"))), Options{Dir: write(t, "a.csv", "s\n'it''s \"x\"'\n")})
	if _, tx, _ := all(t, q, "T", OrderSpec{}, 8, texts("s")); tx[0][0] != `it's "x"` {
		t.Errorf("%q", tx[0][0])
	}
}

func TestLocateCountsLinesInQuotes(t *testing.T) {
	m := module(tableNode("T", reader("csv", "a.csv"), num("x", ir.F64), str("s")))
	ds := mustOpen(t, m, Options{Dir: write(t, "a.csv", "x,s\n1,\"a\nb\"\n\n2,c\n")})
	if p := ds.Locate("T", 1); p.Row != 2 || p.Line != 5 || p.File != "a.csv" {
		t.Errorf("%+v", p)
	}
}
