package data

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Keys, and what is reached through them.

func shop(t *testing.T, users, orders string, optional bool) (*ir.Module, Options) {
	f := foreign("user", "Users", "user")
	f.Optional = optional
	m := module(catNode("Region", "Users.region"),
		tableNode("Orders", reader("csv", "orders.csv"), f, num("amount", ir.F32)),
		tableNode("Users", reader("csv", "users.csv"), key("user"), member("region", "Region"), opt(num("age", ir.F32))))
	n := needsAll(m)
	for _, p := range []string{"user.age", "user.age?", "user.region", "user?"} {
		n.add("Orders", p)
	}
	return m, Options{Dir: write(t, "users.csv", users, "orders.csv", orders), Needs: n}
}

const someUsers = "user,region,age\nann,north,31\nbob,south,\ncid,north,40\n"

func TestKeys(t *testing.T) {
	m, o := shop(t, someUsers, "user,amount\nbob,1\nann,2\nann,3\nzoe,4\n,5\n", true)
	ds := mustOpen(t, m, o)
	cols, tx, _ := all(t, ds, "Orders", OrderSpec{}, 3, index("user", "Users"), bools("user?"), f32s("user.age"), bools("user.age?"), index("user.region", "Region"), texts("user.user"), texts("user"), texts("user.region"), texts("amount"))
	got := fmt.Sprint(cols[0].I32, cols[1].U8, cols[2].F32, cols[3].U8, cols[4].I32, tx[5:])
	if want := "[1 0 0 0 0] [1 1 1 0 0] [0 31 31 0 0] [0 1 1 0 0] [1 0 0 0 0] [[bob ann ann (none) (none)] [bob ann ann (none) (none)] [south north north (none) (none)] [1 2 3 4 5]]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r := ds.Report()
	if r.Tables[0].Unmatched["user"] != 1 || r.Tables[0].Holes["user"] != 1 || r.Tables[1].Holes["age"] != 1 {
		t.Errorf("report %+v", r)
	}
	if s, ok := ds.TextOf("Users", 2); !ok || s != "cid" {
		t.Errorf("key text %q", s)
	}
}

func TestKeyFaults(t *testing.T) {
	m, o := shop(t, someUsers, "user,amount\nbob,1\nzoe,4\nyan,5\n", false)
	fails(t, m, o, "D0117", "orders.csv:3, row 2, column user, value \"zoe\"", "Users?")
	m, o = shop(t, someUsers+"bob,north,1\n", "user,amount\nbob,1\n", false)
	fails(t, m, o, "D0118", "users.csv:5, row 4, column user, value \"bob\"", "users.csv:3, row 2", "duplicates: first")
	m.Node("Users").Body.(*ir.SourceTable).Reader.Options["duplicates"] = "first"
	ds := mustOpen(t, m, o)
	if n := ds.Sizes()["Users"]; n != 3 || ds.Report().Tables[1].Dropped != 1 {
		t.Errorf("%d users", n)
	}
}

func TestCompositeKeysAndNumbers(t *testing.T) {
	w := tableNode("Weather", reader("csv", "w.csv", "missing", "\nNA"), str("origin"), num("hour", ir.I64), opt(num("temp", ir.F64)))
	w.Body.(*ir.SourceTable).KeyCols = []string{"origin", "hour"}
	link := foreign("weather", "Weather", "from", "h")
	link.Optional = true
	m := module(tableNode("Flights", reader("csv", "f.csv"), link), w)
	n := needsAll(m)
	n.add("Flights", "weather.temp")
	n.add("Flights", "weather.temp?")
	dir := write(t, "w.csv", "origin,hour,temp\nJFK,5,1.5\nJFK,6,NA\nLGA,5,3\n", "f.csv", "from,h\nLGA,05\nJFK,5.0\nJFK,6\nJFK,7\n")
	ds := mustOpen(t, m, Options{Dir: dir, Needs: n})
	cols, _, _ := all(t, ds, "Flights", OrderSpec{}, 9, req("weather.temp", ir.ScalarOf(ir.F64)), bools("weather.temp?"))
	if got := fmt.Sprint(cols[0].F64, cols[1].U8); got != "[3 1.5 0 0] [1 1 0 0]" {
		t.Error(got)
	}
	link.Optional = false
	m.Nodes[0] = tableNode("Flights", reader("csv", "f.csv"), link)
	fails(t, m, Options{Dir: dir, Needs: n}, "D0117", "f.csv:5, row 4", "JFK, 7")
}

func TestRowNumberKeys(t *testing.T) {
	m := module(tableNode("A", reader("csv", "a.csv"), foreign("b", "B")), tableNode("B", reader("csv", "b.csv"), num("x", ir.F32)))
	n := needsAll(m)
	n.add("A", "b.x")
	ds := mustOpen(t, m, Options{Dir: write(t, "a.csv", "b\n1\n0\n", "b.csv", "x\n7\n8\n"), Needs: n})
	if cols, _, _ := all(t, ds, "A", OrderSpec{}, 9, f32s("b.x")); fmt.Sprint(cols[0].F32) != "[8 7]" {
		t.Error(cols[0])
	}
	fails(t, m, Options{Dir: write(t, "a.csv", "b\n1\n2\n", "b.csv", "x\n7\n8\n"), Needs: n}, "D0114", "a.csv:3, row 2", "0 to 1")
}

func TestCategories(t *testing.T) {
	m := module(catNode("P", "A.from", "A.to"), tableNode("A", reader("csv", "a.csv"), member("from", "P"), member("to", "P")))
	dir := write(t, "a.csv", "from,to\nZ,é\nb,a\n", "v.txt", "b\na\n")
	ds := mustOpen(t, m, Options{Dir: dir})
	if got := ds.Categories()["P"]; !reflect.DeepEqual(got, []string{"Z", "a", "b", "é"}) {
		t.Errorf("%q", got)
	}
	fixed := &ir.Category{FromFile: &ir.Reader{Name: "lines", Paths: []ir.NamedText{{Text: "v.txt"}}}}
	m.Nodes[0].Body = fixed
	fails(t, m, Options{Dir: dir}, "D0116", "a.csv:2, row 1, column from, value \"Z\"", "category `P`")
	other := "a"
	fixed.Other = &other
	ds = mustOpen(t, m, Options{Dir: dir})
	cols, _, _ := all(t, ds, "A", OrderSpec{}, 9, index("from", "P"), index("to", "P"))
	if got := fmt.Sprint(cols[0].I32, cols[1].I32); got != "[1 0] [1 1]" {
		t.Error(got)
	}
	// Values from a state: a new text is an error with its place.
	m.Nodes[0].Body = &ir.Category{Uses: []ir.FieldRef{{Table: "A", Field: "from"}, {Table: "A", Field: "to"}}}
	fails(t, m, Options{Dir: dir, Categories: map[string][]string{"P": {"Z", "a", "b"}}}, "D0116", "row 1, column to", "é")
}

// run runs a row function in Go, for the tests.
func runner(f func(cols []*array.Array, rows int) []*array.Array) RunFunc {
	return func(_ *ir.Func, cols []*array.Array, rows int) ([]*array.Array, error) { return f(cols, rows), nil }
}

func rowFunc(name string, result ir.Type, in ...ColumnReq) *ir.Func {
	f := ir.NewFunc(name)
	for _, q := range in {
		f.AddParam(q.Path, q.Type, ir.Input{Role: ir.Col, Bind: q.Path})
	}
	f.Body.Results = []*ir.Value{f.NewValue(result)}
	return f
}

func TestSubsets(t *testing.T) {
	m := module(tableNode("A", reader("csv", "a.csv"), num("x", ir.F32)),
		derive("Big", &ir.Derive{Op: "where", Of: "A", Fn: "big"}),
		derive("Sorted", &ir.Derive{Op: "sort", Of: "Big", Fn: "x", Descending: true}),
		derive("Top", &ir.Derive{Op: "slice", Of: "Sorted", From: 1, To: 3}),
		derive("Few", &ir.Derive{Op: "sample", Of: "A", N: 2, Seed: 1}),
		derive("New", &ir.Derive{Op: "map", Of: "Big", Fn: "x", Fields: []ir.Field{num("twice", ir.F32)}}))
	m.Add(rowFunc("big", ir.ScalarOf(ir.Bool), f32s("x")))
	m.Add(rowFunc("x", ir.ScalarOf(ir.F32), f32s("x")))
	run := func(f *ir.Func, cols []*array.Array, rows int) ([]*array.Array, error) {
		if f.Name == "x" {
			return cols[:1], nil
		}
		out := array.New(ir.Bool, rows)
		for i := range rows {
			out.U8[i] = oneIf(cols[0].F32[i] > 2)
		}
		return []*array.Array{out}, nil
	}
	dir := write(t, "a.csv", "x\n1\n5\n3\n2\n4\n")
	ds := mustOpen(t, m, Options{Dir: dir, Run: run})
	rowsOf := func(table string) []int64 {
		_, _, rows := all(t, ds, table, OrderSpec{}, 2)
		return rows
	}
	for table, want := range map[string]string{"Big": "[1 2 4]", "Sorted": "[1 4 2]", "Top": "[4 2]", "New": "[0 1 2]"} {
		if got := fmt.Sprint(rowsOf(table)); got != want {
			t.Errorf("%s: rows %s, want %s", table, got, want)
		}
	}
	if n := ds.Sizes()["Few"]; n != 2 {
		t.Errorf("sample of %d", n)
	}
	cols, _, _ := all(t, ds, "New", OrderSpec{}, 2, f32s("twice"), f32s("Big.x"), index("Big", "A"))
	if got := fmt.Sprint(cols[0].F32, cols[1].F32, cols[2].I32); got != "[5 3 4] [5 3 4] [1 2 4]" {
		t.Error(got)
	}
	if p := ds.Locate("New", 1); p.Line != 4 {
		t.Errorf("located at %+v", p)
	}
	whole, err := ds.Whole("Big.#", ir.IndexOf(ir.Sym("A"), ir.Sym("Big")))
	if err != nil || fmt.Sprint(whole.I32) != "[1 2 4]" {
		t.Error(whole, err)
	}
	m.Node("Top").Body.(*ir.Derive).To = 9
	fails(t, m, Options{Dir: dir, Run: run}, "D0135", "`Top` takes rows 1 to 9")
}

func TestSplitByKeyKeepsUsersTogether(t *testing.T) {
	m, o := shop(t, someUsers, "user,amount\nbob,1\nann,2\nann,3\ncid,4\nbob,5\n", false)
	by := rowFunc("by", ir.IndexOf(ir.Sym("Users")), index("user", "Users"))
	m.Add(by)
	for p := range 2 {
		m.Nodes = append(m.Nodes, derive(fmt.Sprint("Part", p), &ir.Derive{Op: "split", Of: "Orders", Fn: "by", Fractions: []float64{0.5, 0.5}, Part: p, Seed: 3}))
	}
	o.Run = runner(func(cols []*array.Array, rows int) []*array.Array { return cols[:1] })
	ds := mustOpen(t, m, o)
	part := map[int32]int{}
	for p := range 2 {
		cols, _, _ := all(t, ds, fmt.Sprint("Part", p), OrderSpec{}, 9, index("user", "Users"))
		if cols[0] == nil {
			continue
		}
		for _, u := range cols[0].I32 {
			if q, seen := part[u]; seen && q != p {
				t.Errorf("user %d is in both parts", u)
			}
			part[u] = p
		}
	}
	if len(part) != 3 {
		t.Errorf("users %v", part)
	}
}

func TestReplaceAndRecords(t *testing.T) {
	m := module(catNode("C", "T.c"), tableNode("T", reader("csv", "a.csv"), num("x", ir.F32), member("c", "C"), num("target", ir.F32)))
	dir := write(t, "a.csv", "x,c,target\n1,a,2\n", "new.csv", "c,x\na,5\n", "new.jsonl", `{"x": 7, "c": "a"}`)
	state := map[string][]string{"C": {"a", "b"}}
	absent := map[string]map[string]bool{"T": {"target": true}}
	for _, o := range []Options{
		{Replace: map[string]string{"T": "new.csv"}}, {Replace: map[string]string{"T": "new.jsonl"}},
		{Records: map[string][]byte{"T": []byte("{\"x\": 9,\n \"c\": \"a\"}")}},
		{Records: map[string][]byte{"T": []byte(`[{"x": 9, "c": "b"}, {"c": "a", "x": 1, "target": 3}]`)}},
	} {
		o.Dir, o.Categories, o.Absent = dir, state, absent
		ds := mustOpen(t, m, o)
		cols, _, _ := all(t, ds, "T", OrderSpec{}, 4, f32s("x"), f32s("target"), bools("target?"))
		if cols[0].F32[0] < 5 || cols[1].F32[0] != 0 || cols[2].U8[0] != 0 {
			t.Errorf("%v", cols)
		}
	}
	fails(t, m, Options{Dir: dir, Replace: map[string]string{"T": "new.csv"}, Categories: state}, "D0104", "target")
	fails(t, m, Options{Dir: dir, Records: map[string][]byte{"T": []byte(`{"x": 9, "c": "z"}`)}, Categories: state, Absent: absent}, "D0116", "(record)", "row 1", "\"z\"")
}

func TestSeveralFilesAndPlaces(t *testing.T) {
	r := reader("csv", "a.csv", "header", "none")
	r.Paths = append(r.Paths, ir.NamedText{Text: "b.csv"})
	trip := num("p", ir.I16, ir.N(2))
	trip.Places = []int{1, 3}
	m := module(tableNode("T", r, num("x", ir.F32), trip, num("last", ir.F32)))
	dir := write(t, "a.csv", "1,2,3,4\n5,6,7,8", "b.csv", "9,10,11,12\n13,14,15,16\n")
	ds := mustOpen(t, m, Options{Dir: dir})
	cols, _, _ := all(t, ds, "T", OrderSpec{}, 3, f32s("x"), req("p", trip.Type), f32s("last"))
	if got := fmt.Sprint(cols[0].F32, cols[1].I16, cols[2].F32); got != "[1 5 9 13] [2 3 6 7 10 11 14 15] [4 8 12 16]" {
		t.Error(got)
	}
	if p := ds.Locate("T", 3); p.File != "b.csv" || p.Row != 2 || p.Line != 2 {
		t.Errorf("%+v", p)
	}
	os.WriteFile(filepath.Join(dir, "b.csv"), []byte("9,10,11\n"), 0o666)
	fails(t, m, Options{Dir: dir}, "D0106", "b.csv:1, row 1")
	m = module(tableNode("T", r, ir.Field{Name: "x", Type: ir.ScalarOf(ir.F32), Places: []int{4}}))
	fails(t, m, Options{Dir: dir}, "D0104", "column 4", "has 4 columns")
}

func TestWhatMustStayFitsOrSaysSo(t *testing.T) {
	m, o := shop(t, someUsers, "user,amount\nbob,1\n", true)
	o.Memory = 100
	fails(t, m, o, "D0119", "`Users` must be in memory", "user.", "100 bytes are allowed")
	m = module(tableNode("T", reader("csv", "a.csv"), num("x", ir.F64)))
	ds := mustOpen(t, m, Options{Dir: write(t, "a.csv", "x\n1\n2\n"), Memory: 15})
	_, err := ds.Whole("T.x", ir.TensorOf(ir.F64, ir.Sym("T")))
	wantFault(t, err, "D0119", "`T.x`", "16 bytes")
}

func TestIndexKeysOfSeveralColumns(t *testing.T) {
	w := tableNode("W", reader("csv", "w.csv"), str("at"), ir.Field{Name: "hour", Type: ir.IndexOf(ir.N(24)), IsKey: true})
	w.Body.(*ir.SourceTable).KeyCols = []string{"hour", "at"}
	m := module(w, tableNode("F", reader("csv", "f.csv"), foreign("w", "W", "h", "at")))
	n := needsAll(m)
	n.add("F", "w.hour")
	ds := mustOpen(t, m, Options{Dir: write(t, "w.csv", "at,hour\na,1\nb,2\n", "f.csv", "at,h\nb,2\n"), Needs: n})
	if cols, _, _ := all(t, ds, "F", OrderSpec{}, 3, req("w.hour", ir.IndexOf(ir.N(24)))); cols[0].I32[0] != 2 {
		t.Error(cols[0])
	}
}

// TestFingerprints: any byte of a file changes its fingerprint, also one in the
// middle of many.
func TestFingerprints(t *testing.T) {
	m := module(tableNode("T", reader("csv", "a.csv"), num("x", ir.F32)))
	text := []byte("x\n" + strings.Repeat("12345678\n", 1<<20))
	dir := write(t, "a.csv", string(text))
	prints := func() []Fingerprint {
		fp, err := mustOpen(t, m, Options{Dir: dir}).Fingerprints()
		if err != nil {
			t.Fatal(err)
		}
		return fp
	}
	one := prints()
	if two := prints(); !reflect.DeepEqual(one, two) || one[0].Size != int64(len(text)) {
		t.Errorf("%v %v", one, two)
	}
	text[2+9*(1<<19)] ^= 1 // the first digit of a row
	os.WriteFile(filepath.Join(dir, "a.csv"), text, 0o666)
	if three := prints(); three[0].Hash == one[0].Hash {
		t.Error("a changed file has the same fingerprint")
	}
}
