package passes

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

var bless = flag.Bool("bless", false, "write what the passes make of tests/passes/*.ir into the files")

// TestFiles runs the passes that the first line of each file names
// (`# test: cse, dce`) and compares the module with the lines behind `#>`.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "tests", "passes", "*.ir"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { checkFile(t, file) })
	}
}

func checkFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	input, want, _ := strings.Cut(string(text), "\n#> ")
	first, _, _ := strings.Cut(input, "\n")
	list, ok := strings.CutPrefix(first, "# test: ")
	if !ok {
		t.Fatal("the first line must be `# test: PASS, …`")
	}
	m := parse(t, "\n"+input)
	before := clone(m)
	var ps []Pass
	for _, name := range strings.Split(list, ", ") {
		ps = append(ps, passNamed(t, name))
	}
	if err := Run(m, ps, sizesIn(t, input), nil); err != nil {
		t.Fatal(err)
	}
	behaves(t, before, m)
	got := "#> " + strings.TrimSuffix(strings.ReplaceAll(strings.TrimSpace(m.String()), "\n", "\n#> "), " ") + "\n"
	got = strings.ReplaceAll(got, "#> \n", "#>\n")
	if *bless {
		if err := os.WriteFile(file, []byte(strings.TrimSpace(input)+"\n\n"+got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != "#> "+want {
		t.Errorf("now (go test ./passes -run Files -bless writes it):\n%s", got)
	}
}

// sizesIn reads the second line of a file, `# sizes: V=100 B=4`; nil where it
// is none.
func sizesIn(t *testing.T, input string) ir.Sizes {
	var sizes ir.Sizes
	for _, line := range strings.Split(input, "\n")[:2] {
		text, ok := strings.CutPrefix(line, "# sizes: ")
		if !ok {
			continue
		}
		sizes = ir.Sizes{}
		for _, word := range strings.Fields(text) {
			name, number, _ := strings.Cut(word, "=")
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sizes[name] = ir.Size{Actual: n, Capacity: n}
		}
	}
	return sizes
}

func passNamed(t *testing.T, name string) Pass {
	for _, p := range append(append([]Pass{}, SizeFree...), Sized...) {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no pass %s", name)
	return Pass{}
}

// behaves compares @f of both modules by running it.
func behaves(t *testing.T, before, after *ir.Module) {
	sizes := map[string]int64{"B": 3, "V": 4, "W": 5}
	f := before.Func("f")
	args := draw(t, f, sizes, nil, 3)
	for _, x := range args {
		for j := range x.I {
			x.I[j] = int64(j)%2 + 1
			if x.Type.Kind == ir.Bool {
				x.I[j] = int64(j) % 2
			}
		}
	}
	g, err := Batch(before, "f", make([]bool, len(args)), ir.N(1), false) // realises what @f asks for
	if err != nil {
		t.Fatal(err)
	}
	want := run(t, before, sizes, g, args)
	for i := range want {
		want[i].Shape = want[i].Shape[1:]
	}
	same(t, "run", run(t, after, sizes, after.Func("f"), args), want)
}

// TestOrders holds the demands on the order of passes against both lists.
func TestOrders(t *testing.T) {
	list := append(append([]Pass{}, SizeFree...), Sized...)
	first, last := map[string]int{}, map[string]int{}
	for i, p := range list {
		if _, ok := first[p.Name]; !ok {
			first[p.Name] = i
		}
		last[p.Name] = i
		if p.Reason == "" || p.Run == nil {
			t.Errorf("pass %s without a reason", p.Name)
		}
	}
	for _, o := range Orders {
		a, ok := first[o.First]
		b, ok2 := last[o.Then]
		if !ok || !ok2 || a >= b {
			t.Errorf("%s must come before %s: %s", o.First, o.Then, o.Reason)
		}
	}
	if names := strings.Join(Names(SizeFree), " "); !strings.Contains(names, "simplify.2") {
		t.Errorf("names: %s", names)
	}
}

// TestDeterminism: the same module gives the same text.
func TestDeterminism(t *testing.T) {
	var texts [2][]byte
	for i := range texts {
		m := parse(t, training)
		for _, list := range [][]Pass{SizeFree, Sized} {
			if err := Run(m, list, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		texts[i] = []byte(m.String())
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Errorf("two texts:\n%s\n%s", texts[0], texts[1])
	}
}

// TestOpaque: the derivative of something that has none is an error with its place.
func TestOpaque(t *testing.T) {
	m := parse(t, "func @f(%0: f64) -> f64 {\n  %1 = opaque %0 : f64\n  return %1\n}")
	_, err := VJP(m, "f", []bool{true}, nil)
	if d, ok := err.(*source.Diagnostic); !ok || d.Code != codeOpaque {
		t.Errorf("error %v", err)
	}
}
