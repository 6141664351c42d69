package data

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/ir"
)

const wideColumns = 20

// writeWide writes rows of 20 numbers until the file has about size bytes.
func writeWide(t testing.TB, size int64) (dir string, rows int64) {
	dir = t.TempDir()
	f, err := os.Create(filepath.Join(dir, "wide.csv"))
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range wideColumns {
		w.WriteString("c" + strconv.Itoa(i))
		w.WriteByte(",\n"[min(1, i/(wideColumns-1))])
	}
	var lines [][]byte // a thousand different ones, over and over
	for i := range uint64(1000) {
		var line []byte
		for j := range uint64(wideColumns) {
			line = strconv.AppendFloat(line, ir.UniformF64(ir.Mix(i, j))*1000-500, 'f', 4, 64)
			line = append(line, ',')
		}
		line[len(line)-1] = '\n'
		lines = append(lines, line)
	}
	for n := int64(0); n < size; rows++ {
		line := lines[rows%1000]
		w.Write(line)
		n += int64(len(line))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	return dir, rows
}

func wideModule() *ir.Module {
	var fs []ir.Field
	for i := range wideColumns {
		fs = append(fs, num("c"+strconv.Itoa(i), ir.F32))
	}
	return module(tableNode("Wide", reader("csv", "wide.csv"), fs...),
		derive("Train", &ir.Derive{Op: "split", Of: "Wide", Fractions: []float64{0.8, 0.2}, Seed: 1}))
}

func wideReqs() []ColumnReq {
	var out []ColumnReq
	for i := range wideColumns {
		out = append(out, f32s("c"+strconv.Itoa(i)))
	}
	return out
}

// Memory stays bounded by the group of the shuffle, not by the file. A group
// of this table is 80 MB at most, which a file of this size does not fill.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a file of 100 MB")
	}
	dir, rows := writeWide(t, 100<<20)
	runtime.GC()
	var peak atomic.Uint64
	done := make(chan struct{})
	go func() {
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapSys-m.HeapReleased+m.StackSys))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	ds := mustOpen(t, wideModule(), Options{Dir: dir, Limit: 16 << 20, TempDir: t.TempDir()})
	reading := peak.Load()
	b, err := ds.Batches("Train", wideReqs(), OrderSpec{Shuffle: true}, 256)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		x, err := b.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n += x.N
	}
	b.Close()
	close(done)
	if got := ds.Sizes(); int64(n) != got["Train"] || got["Wide"] != rows {
		t.Errorf("%d rows of %v", n, got)
	}
	if !ds.Report().Tables[0].Spilled {
		t.Error("the table stayed in memory")
	}
	const limit = 120 << 20
	if p := peak.Load(); p > limit {
		t.Errorf("%s of memory, %s of it while reading", byteText(int64(p)), byteText(int64(reading)))
	} else {
		t.Logf("%d rows, %s of memory, %s of it while reading", rows, byteText(int64(p)), byteText(int64(reading)))
	}
}

func BenchmarkCSV(b *testing.B) {
	dir, rows := writeWide(b, 40<<20)
	st, _ := os.Stat(filepath.Join(dir, "wide.csv"))
	for _, n := range []int{1, 2} {
		b.Run("workers="+strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(st.Size())
			for b.Loop() {
				mustOpen(b, wideModule(), Options{Dir: dir, Limit: 1 << 30, Workers: n}).Close()
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkBatches(b *testing.B) {
	dir, _ := writeWide(b, 40<<20)
	for name, limit := range map[string]int64{"resident": 1 << 30, "spilled": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			ds := mustOpen(b, wideModule(), Options{Dir: dir, Limit: limit})
			x, err := ds.Batches("Train", wideReqs(), OrderSpec{Shuffle: true, Repeat: true}, 256)
			if err != nil {
				b.Fatal(err)
			}
			defer x.Close()
			for b.Loop() {
				if _, err := x.Next(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkHousing(b *testing.B) {
	for b.Loop() {
		mustOpen(b, housing(), Options{}).Close()
	}
}

func TestNeedsOf(t *testing.T) {
	m := bigModule()
	m.Node("T").Body.(*ir.SourceTable).Reader.Options = nil
	f := rowFunc("loss", ir.ScalarOf(ir.F32), f32s("k.v"), f32s("h"))
	f.AddParam("all", ir.TensorOf(ir.F64, ir.Sym("Train")), ir.Input{Role: ir.Column, Bind: "Train.x"})
	m.Add(f)
	m.Nodes = append(m.Nodes, &ir.Node{Name: "fit", Body: &ir.Train{Table: "Train", Loss: "loss"}},
		&ir.Node{Name: "w", Body: &ir.Write{Table: "T", Columns: []ir.WriteColumn{{Result: -1, Text: "s"}}}})
	got := ""
	n := NeedsOf(m)
	for _, table := range sortedKeys(n) {
		got += table + ": " + strings.Join(sortedKeys(n[table]), " ") + "; "
	}
	if got != "T: c s; Train: h k.v x; " {
		t.Error(got)
	}
	ds, err := Open(m, Options{Dir: bigDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	if p := ds.Pending(); strings.Join(p, " ") != "Sorted" {
		t.Errorf("pending %v", p)
	}
	if got := ds.tables["T"].fields; got["x"].val == nil || got["k"].val == nil || got["t"].val != nil || ds.tables["K"].must == "" {
		t.Error("the wrong fields were read")
	}
}
