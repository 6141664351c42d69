package data

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// The order of rows is part of the format of saved states: the values here
// must never change.
func TestOrderGolden(t *testing.T) {
	if got := fmt.Sprint(NewOrder(7, 1, 10, 40).Positions()); got != "[5 0 1 8 4 9 2 6 3 7]" {
		t.Errorf("order of 10 rows: %s", got)
	}
	o := NewOrder(7, 2, 3*ChunkRows+5, 256<<20/ChunkRows) // a chunk a group
	p := o.Positions()
	if got := fmt.Sprint(o.chunks, p[:5], o.Groups()); got != "[0 3 1 2] [3837 1743 227 161 2511] 4" {
		t.Errorf("order of wide rows: %s", got)
	}
	var parts []int
	for r := range 12 {
		parts = append(parts, partOf(ir.UniformF64(ir.Mix(ir.Mix(7, splitStream), uint64(r))), []float64{0.5, 0.25, 0.25}))
	}
	if got := fmt.Sprint(parts); got != "[0 2 0 0 0 1 2 1 2 0 0 2]" {
		t.Errorf("split: %s", got)
	}
	if got := fmt.Sprintf("%x %x", hashText(0, "ann"), hashText(1, "a longer text")); got != "d944908752bafba7 d6a90847f7cab097" {
		t.Errorf("hash of texts: %s", got)
	}
}

func TestOrderIsAPermutation(t *testing.T) {
	for _, rows := range []int64{0, 1, 2, ChunkRows - 1, ChunkRows, ChunkRows + 1, 300*ChunkRows + 17} {
		for _, width := range []int64{4, 1 << 20, 1 << 30} {
			o := NewOrder(1, 3, rows, width)
			seen := make([]bool, rows)
			for _, p := range o.Positions() {
				if seen[p] {
					t.Fatalf("%d rows: %d twice", rows, p)
				}
				seen[p] = true
			}
			if o.starts[o.Groups()] != rows {
				t.Fatalf("%d rows: groups end at %d", rows, o.starts[o.Groups()])
			}
		}
	}
}

// The mean place of each row over many epochs is the middle, as it is for a
// uniform permutation.
func TestOrderIsUniform(t *testing.T) {
	const rows, epochs = 50, 4000
	sum := make([]float64, rows)
	first := make([]int, rows)
	o := NewOrder(11, 0, rows, 4)
	for e := range int64(epochs) {
		o.Reset(e)
		p := o.Positions()
		first[p[0]]++
		for place, r := range p {
			sum[r] += float64(place)
		}
	}
	sd := math.Sqrt((rows*rows - 1.0) / 12 / epochs)
	for r := range rows {
		if d := (sum[r]/epochs - (rows-1)/2.0) / sd; math.Abs(d) > 4.5 {
			t.Errorf("row %d is %.1f deviations off the middle", r, d)
		}
		if n := float64(first[r]); math.Abs(n-epochs/rows) > 5*math.Sqrt(epochs/rows) {
			t.Errorf("row %d comes first %v times of %d", r, n, epochs)
		}
	}
}

// bigCSV is rows of numbers, texts and holes.
func bigCSV(rows int) string {
	var b strings.Builder
	b.WriteString("x,c,h,k,s,t0,t1,t2\n")
	for i := range rows {
		h := fmt.Sprint(i % 13)
		if i%7 == 0 {
			h = ""
		}
		fmt.Fprintf(&b, "%d.5,c%d,%s,%d,\"t, %d\",%d,2,3\n", i, ir.Mix(1, uint64(i))%37, h, i%101, i, i%256)
	}
	return b.String()
}

func bigModule() *ir.Module {
	trip := ir.Field{Name: "t", Type: ir.TensorOf(ir.U8, ir.N(3)), From: []string{"t0", "t2"}, FromTo: true}
	m := module(catNode("C", "T.c"), tableNode("T", reader("csv", "a.csv"), num("x", ir.F64), member("c", "C"), opt(num("h", ir.F32)), foreign("k", "K", "k"), str("s"), trip),
		tableNode("K", reader("csv", "k.csv"), ir.Field{Name: "id", Type: ir.ScalarOf(ir.I64), IsKey: true}, num("v", ir.F32)),
		derive("Train", &ir.Derive{Op: "split", Of: "T", Fractions: []float64{0.6, 0.4}, Seed: 2}),
		derive("Some", &ir.Derive{Op: "slice", Of: "Train", From: 100, To: 9000}),
		derive("Sorted", &ir.Derive{Op: "sort", Of: "T", Fn: "c"}))
	m.Add(rowFunc("c", ir.IndexOf(ir.Sym("C")), index("c", "C")))
	return m
}

func bigDir(t testing.TB) string {
	var k strings.Builder
	k.WriteString("id,v\n")
	for i := range 101 {
		fmt.Fprintf(&k, "%d,%d\n", 100-i, i)
	}
	return write(t, "a.csv", bigCSV(30000), "k.csv", k.String())
}

func bigReqs() []ColumnReq {
	return []ColumnReq{req("x", ir.ScalarOf(ir.F64)), index("c", "C"), f32s("h"), bools("h?"), index("k", "K"), f32s("k.v"),
		texts("s"), req("t", ir.TensorOf(ir.U8, ir.N(3))), req("#", ir.ScalarOf(ir.I64)), texts("k.id")}
}

// Whether rows are in memory or in the spill, in shared records or apart, and
// whoever parsed them, the batches are the same bit for bit.
func TestSpilledIsResident(t *testing.T) {
	dir, m := bigDir(t), bigModule()
	n := needsAll(m)
	n.add("T", "k.v")
	run := runner(func(cols []*array.Array, rows int) []*array.Array { return cols })
	open := func(limit int64, workers int) *Dataset {
		return mustOpen(t, m, Options{Dir: dir, Needs: n, Limit: limit, Workers: workers, Run: run, TempDir: t.TempDir()})
	}
	want := open(1<<30, 1)
	sets := []*Dataset{open(1<<30, 2), open(1<<30, 4), open(1<<16, 1), open(1<<16, 4)}
	m.Nodes = append(m.Nodes, &ir.Node{Name: "fit", Body: &ir.Train{Table: "Some", Order: "file"}})
	sets = append(sets, open(1<<30, 2), open(1<<16, 1))
	if want.tables["T"].store.apart || !sets[4].tables["T"].store.apart || sets[4].tables["K"].store.apart {
		t.Fatal("columns are apart where a training reads them in order, and nowhere else")
	}
	if r := sets[2].Report(); !r.Tables[0].Spilled || r.Tables[1].Spilled || want.Report().Tables[0].Spilled {
		t.Fatalf("%+v", r.Tables)
	}
	for _, table := range []string{"T", "Train", "Some", "Sorted"} {
		for _, spec := range []OrderSpec{{}, {Shuffle: true, Seed: 5, Epoch: 2}} {
			cols, tx, rows := all(t, want, table, spec, 1000, bigReqs()...)
			if table == "T" && !spec.Shuffle && (cols[5].F32[3] != 97 || tx[6][3] != "t, 3" || tx[9][3] != "3" || cols[7].U8[9] != 3) {
				t.Fatalf("row 3 is wrong: %v %q", cols[5].F32[3], tx[6][3])
			}
			for i, ds := range sets {
				c2, tx2, rows2 := all(t, ds, table, spec, 1000, bigReqs()...)
				if fmt.Sprint(rows) != fmt.Sprint(rows2) || fmt.Sprint(tx) != fmt.Sprint(tx2) {
					t.Fatalf("%s %+v, data set %d: other rows or texts", table, spec, i)
				}
				for k := range cols {
					if cols[k] != nil && string(rawBytes(cols[k])) != string(rawBytes(c2[k])) {
						t.Fatalf("%s %+v, data set %d: column %d differs", table, spec, i, k)
					}
				}
			}
		}
	}
}

// A run that stops and goes on sees the batches of one that does not.
func TestRestart(t *testing.T) {
	ds := mustOpen(t, housing(), Options{})
	spec := OrderSpec{Shuffle: true, Seed: 9, Epoch: 1, Repeat: true}
	b, err := ds.Batches("Train", []ColumnReq{f32s("longitude")}, spec, 64)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var rows []string
	for range 40 {
		x, err := b.Next()
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprint(x.Epoch, x.Index, x.Last, x.Rows()))
	}
	per := b.PerEpoch()
	for _, at := range []int64{39, 0, 17, per, per - 1} {
		b.Restart(1+at/per, at%per)
		for i := at; i < min(at+3, 40); i++ {
			x, err := b.Next()
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(x.Epoch, x.Index, x.Last, x.Rows()); got != rows[i] {
				t.Fatalf("batch %d after a restart:\n%s\n%s", i, got, rows[i])
			}
		}
	}
}

func TestDropLast(t *testing.T) {
	ds := mustOpen(t, housing(), Options{})
	_, _, rows := all(t, ds, "Houses", OrderSpec{DropLast: true}, 300, f32s("longitude"))
	if len(rows) != 900 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestBatchesAllocateNothing(t *testing.T) {
	dir, m := bigDir(t), bigModule()
	n := needsAll(m)
	n.add("T", "k.v")
	run := runner(func(cols []*array.Array, rows int) []*array.Array { return cols })
	for _, limit := range []int64{1 << 30, 1 << 16} {
		ds := mustOpen(t, m, Options{Dir: dir, Needs: n, Limit: limit, Run: run})
		b, err := ds.Batches("Train", bigReqs()[:6], OrderSpec{Shuffle: true, Repeat: true}, 512)
		if err != nil {
			t.Fatal(err)
		}
		next := func() {
			if _, err := b.Next(); err != nil {
				t.Fatal(err)
			}
		}
		for range 200 {
			next()
		}
		if got := testing.AllocsPerRun(200, next); got > 0 {
			t.Errorf("limit %d: %v allocations a batch", limit, got)
		}
		b.Close()
	}
}

// Rows that stand one behind the other are numbered when somebody asks, and are
// the same whether or not those of the batches before were asked for.
func TestNumbersWhenAsked(t *testing.T) {
	dir, m := bigDir(t), bigModule()
	m.Nodes = append(m.Nodes, &ir.Node{Name: "fit", Body: &ir.Train{Table: "T", Order: "file"}})
	ds := mustOpen(t, m, Options{Dir: dir, Needs: needsAll(m), Workers: 1, Run: runner(func(cols []*array.Array, rows int) []*array.Array { return cols })})
	b, err := ds.Batches("T", []ColumnReq{req("x", ir.ScalarOf(ir.F64))}, OrderSpec{Repeat: true}, 300)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	late := 0
	for i, at := 0, int64(0); i < 250; i++ {
		x, err := b.Next()
		if err != nil {
			t.Fatal(err)
		}
		if x.first >= 0 {
			late++
		}
		if i%3 != 1 {
			for k, n := range append(x.Rows(), x.Rows()...) {
				if want := at + int64(k%x.N); n != want {
					t.Fatalf("batch %d: row %d is number %d, not %d", i, k, n, want)
				}
			}
		}
		if at += int64(x.N); at == b.Rows() {
			at = 0
		}
	}
	if late < 200 {
		t.Fatalf("%d of 250 batches were not numbered before", late)
	}
}
