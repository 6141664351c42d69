package data

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

func f32Array(xs ...float32) *array.Array {
	return &array.Array{Kind: ir.F32, Shape: []int{len(xs)}, F32: xs}
}

// written runs f on a new file and returns what it wrote.
func written(t *testing.T, f func(out *Output) error) (string, error) {
	t.Helper()
	dir := t.TempDir()
	o := NewOutputs(dir)
	out, err := o.Open("sub/out", source.Span{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f(out); err != nil {
		o.Abort()
		return "", err
	}
	if err := o.Commit(); err != nil {
		return "", err
	}
	b, err := os.ReadFile(filepath.Join(dir, "sub", "out"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b), nil
}

func TestWriteTables(t *testing.T) {
	m, opts := shop(t, someUsers, "user,amount\nbob,1\nann,2\n", true)
	ds := mustOpen(t, m, opts)
	node := &ir.Write{Format: "csv", Columns: []ir.WriteColumn{
		{Name: "user", Result: 0, Present: 1}, {Name: "a, b", Result: 2, Present: -1}, {Name: "text", Result: -1, Text: "user.user", Present: -1}, {Name: "p", Result: 3, Present: -1}}}
	types := []ir.Type{ir.IndexOf(ir.Sym("Users")), ir.ScalarOf(ir.Bool), ir.ScalarOf(ir.F32), ir.TensorOf(ir.F64, ir.N(2))}
	results := []*array.Array{
		{Kind: ir.Index, Shape: []int{2}, I32: []int32{2, 0}}, {Kind: ir.Bool, Shape: []int{2}, U8: []uint8{1, 0}},
		f32Array(0.1, 1e-7), {Kind: ir.F64, Shape: []int{2, 2}, F64: []float64{1, 1.0 / 3, 1e21, -0.5}}}
	var tx Texts
	tx.add([]byte("say \"hi\"\n"), true)
	tx.add(nil, false)
	for format, want := range map[string]string{
		"csv":   "user,\"a, b\",text,p.0,p.1\ncid,0.1,\"say \"\"hi\"\"\n\",1,0.3333333333333333\n,1e-07,,1e+21,-0.5\n",
		"jsonl": `{"user":"cid","a, b":0.1,"text":"say \"hi\"\n","p":[1,0.3333333333333333]}` + "\n" + `{"user":null,"a, b":1e-07,"text":null,"p":[1e+21,-0.5]}` + "\n",
		"json":  "[\n  " + `{"user":"cid","a, b":0.1,"text":"say \"hi\"\n","p":[1,0.3333333333333333]},` + "\n  " + `{"user":null,"a, b":1e-07,"text":null,"p":[1e+21,-0.5]}` + "\n]\n",
	} {
		node.Format = format
		got, err := written(t, func(out *Output) error {
			w, err := NewTableWriter(out, node, types, ds)
			if err != nil {
				return err
			}
			if err := w.Rows(results, []Texts{tx}, 2); err != nil {
				return err
			}
			return w.Finish()
		})
		if err != nil || got != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", format, err, got, want)
		}
	}
	if reqs := TextReqs(node); len(reqs) != 1 || reqs[0].Path != "user.user" {
		t.Errorf("%v", reqs)
	}
}

func TestWriteValues(t *testing.T) {
	mat := &array.Array{Kind: ir.F32, Shape: []int{2, 2}, F32: []float32{1, 2, 3, 4.5}}
	vals := map[string]*array.Array{"m": mat, "v": f32Array(1, 2), "s": {Kind: ir.F64, Shape: []int{}, F64: []float64{0.1}}, "nan": f32Array(float32(math.NaN()))}
	get := func(name string) (*array.Array, ir.Type, error) {
		return vals[name], ir.Type{Kind: vals[name].Kind}, nil
	}
	hi := "hi <b>"
	tree := &ir.Tree{Names: []string{"m", "list"}, Items: []ir.Tree{{Value: "m"}, {Items: []ir.Tree{{Value: "s"}, {Text: &hi}}}}}
	columns := &ir.Tree{Names: []string{"a", "b"}, Items: []ir.Tree{{Value: "v"}, {Value: "m"}}}
	for _, c := range []struct {
		format string
		tree   *ir.Tree
		want   string
	}{
		{"json", tree, `{"m":[[1,2],[3,4.5]],"list":[0.1,"hi <b>"]}` + "\n"},
		{"csv", &ir.Tree{Value: "m"}, "1,2\n3,4.5\n"},
		{"csv", &ir.Tree{Value: "s"}, "0.1\n"},
		{"csv", columns, "a,b.0,b.1\n1,1,2\n2,3,4.5\n"},
		{"npy", &ir.Tree{Value: "v"}, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }" + strings.Repeat(" ", 60) + "\n\x00\x00\x80\x3f\x00\x00\x00\x40"},
		{"safetensors", &ir.Tree{Names: []string{"b", "a"}, Items: []ir.Tree{{Value: "v"}, {Items: []ir.Tree{{Value: "v"}}}}},
			"\x70\x00\x00\x00\x00\x00\x00\x00" + `{"a.0":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}` + "  " +
				strings.Repeat("\x00\x00\x80\x3f\x00\x00\x00\x40", 2)},
	} {
		got, err := written(t, func(out *Output) error { return WriteValue(out, c.format, c.tree, get, nil) })
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%q\nwant\n%q", c.format, err, got, c.want)
		}
	}
	_, err := written(t, func(out *Output) error {
		return WriteValue(out, "json", &ir.Tree{Names: []string{"loss"}, Items: []ir.Tree{{Value: "nan"}}}, get, nil)
	})
	wantFault(t, err, "D0132", "loss[0] is nan", "sub/out")
}

func TestWriteReadsBack(t *testing.T) {
	a := &array.Array{Kind: ir.I16, Shape: []int{2, 2}, I16: []int16{1, -2, 3, 4}}
	var b bytes.Buffer
	if err := WriteNpy(&b, a); err != nil || b.Len()%64 != 8 {
		t.Error(err, b.Len())
	}
	back, err := readNpy("x", &b, 1<<20)
	if err != nil || fmt.Sprint(back.Shape, back.I16) != "[2 2] [1 -2 3 4]" {
		t.Error(back, err)
	}
	b.Reset()
	scalar := array.New(ir.Bool)
	if err := WriteSafetensors(&b, map[string]*array.Array{"model.w": a, "s": scalar}, map[string]string{"by": "test"}); err != nil {
		t.Fatal(err)
	}
	s, err := ParseSafetensors("x", b.Bytes())
	if err != nil || s.Meta()["by"] != "test" || fmt.Sprint(s.Names()) != "[model.w s]" {
		t.Fatal(s, err)
	}
	if back, err = s.Tensor("model.w"); err != nil || fmt.Sprint(back.Shape, back.I16) != "[2 2] [1 -2 3 4]" {
		t.Error(back, err)
	}
	_, err = s.Tensor("model.v")
	wantFault(t, err, "D0125", "did you mean `model.w`")
	for _, bad := range []string{"", "\xff\xff\xff\xff\xff\xff\xff\xff{}", "\x02\x00\x00\x00\x00\x00\x00\x00[]",
		"\x42\x00\x00\x00\x00\x00\x00\x00" + `{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}          `,
		"\x3a\x00\x00\x00\x00\x00\x00\x00" + `{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,-4]}}  `} {
		_, err := ParseSafetensors("x", []byte(bad))
		wantFault(t, err, "D0125")
	}
}

func TestFilesAppearTogetherOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	entries := func() string {
		var names []string
		filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			rel, _ := filepath.Rel(dir, p)
			names = append(names, filepath.ToSlash(rel))
			return nil
		})
		return strings.Join(names, " ")
	}
	open := func() (*Outputs, *Output, *Output) {
		o := NewOutputs(dir)
		a, err := o.Open("a.csv", source.Span{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := o.Open("x/y/b.csv.gz", source.Span{})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(a, "new")
		io.WriteString(b, "more")
		return o, a, b
	}
	o, _, _ := open()
	if b, _ := os.ReadFile(filepath.Join(dir, "a.csv")); string(b) != "old" {
		t.Error("a file appeared early")
	}
	_, err := o.Open("a.csv", source.Span{})
	wantFault(t, err, "D0130", "written twice")
	o.Abort()
	if got := entries(); got != ". a.csv" {
		t.Errorf("an aborted run left %s", got)
	}
	// A full disk: one message, nothing left, nothing replaced.
	o, _, b := open()
	b.note(syscall.ENOSPC)
	wantFault(t, o.Commit(), "D0131", "disk is full", "x/y/b.csv.gz")
	if got := entries(); got != ". a.csv" {
		t.Errorf("a failed run left %s", got)
	}
	o, _, _ = open()
	if err := o.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := entries(); got != ". a.csv x x/y x/y/b.csv.gz" {
		t.Errorf("a run left %s", got)
	}
	if got := unzip(t, filepath.Join(dir, "x", "y", "b.csv.gz")); got != "more" {
		t.Errorf("%q", got)
	}
	_, err = NewOutputs(dir).Open("x", source.Span{})
	wantFault(t, err, "D0130", "folder")
	_, err = NewOutputs(dir).Open("a.csv/b", source.Span{})
	wantFault(t, err, "D0130", "a.csv/b")
}

func TestFullDiskOfTheSpill(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no device that is always full")
	}
	s := &spill{f: f, table: "Houses"}
	wantFault(t, s.put(make([]byte, 10)), "D0120", "disk is full", "`Houses`", "TMPDIR")
	f.Close()
	m := bigModule()
	n := needsAll(m)
	_, err = Open(m, Options{Dir: bigDir(t), Needs: n, Limit: 1, TempDir: filepath.Join(t.TempDir(), "none")})
	wantFault(t, err, "D0120", "no temporary file")
}

func TestResultOverData(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"in.csv", "old.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("a\n1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o := NewOutputs(dir)
	defer o.Abort()
	o.Spare(filepath.Join(dir, "in.csv"))
	if _, err := o.Open("old.csv", source.Span{}); err != nil {
		t.Errorf("an old result: %v", err)
	}
	if _, err := o.Open("in.csv", source.Span{}); err == nil || !strings.Contains(err.Error(), "reads") {
		t.Errorf("a result may replace the data: %v", err)
	}
}
