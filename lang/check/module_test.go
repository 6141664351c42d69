package check

import (
	"errors"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
)

// load reads a main file among others.
func load(main string, files map[string]string) source.List {
	l := &Loader{ReadFile: func(path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, errors.New("no such file")
		}
		return []byte(text), nil
	}}
	l.Load(source.NewFile("main.df", []byte(main)))
	return l.Errors
}

func TestImports(t *testing.T) {
	files := map[string]string{
		"ping.df":     "import \"pong\"\nfn f(x: f32) -> f32 = x\n",
		"pong.df":     "import \"ping\"\nfn g(x: f32) -> f32 = x\n",
		"program.df":  "write json(\"a.json\") = 1\n",
		"sub/util.df": "fn twice(x: real) -> real = 2 * x\n",
	}
	for _, c := range []struct{ main, code string }{
		{"import \"ping\"\n", "E0208"},
		{"import \"program\"\n", "E0210"},
		{"import \"absent\"\n", "E0209"},
		{"import \"sub/util\"\nlet a = util.twice(1)\n", ""},
		{"import \"sub/util\" as u\n", ""},
		{"let f = x => f(x)\n", "E0212"},
		{"fn f(x: f32) -> f32 = f(x)\n", "E0211"},
		{"fn f(x: f32) -> f32 {\n  let f = 1\n  f * x\n}\n", ""},
	} {
		errs := load(c.main, files)
		switch {
		case c.code == "" && len(errs) > 0:
			t.Errorf("%q: %v", c.main, errs)
		case c.code != "" && (len(errs) == 0 || errs[0].Code != c.code):
			t.Errorf("%q: %s wanted, found %v", c.main, c.code, errs)
		}
	}
}

// TestStandardLibrary loads every module without an error.
func TestStandardLibrary(t *testing.T) {
	for _, m := range StdNames() {
		if errs := load("import "+m+"\n", nil); len(errs) > 0 {
			t.Errorf("%s: %v", m, errs)
		}
	}
	if l := (&Loader{}); !l.Has("nn", "dense") || l.Has("nn", "sparse") {
		t.Error("what modules declare is not found")
	}
}

func TestTypeText(t *testing.T) {
	for text, typ := range map[string]Type{
		"f32?":         Opt{Tensor{Kind: 1}},
		"(f32, str)":   Tuple{[]Type{Tensor{Kind: 1}, Text}},
		"{ a: real }":  Record{[]string{"a"}, []Type{Tensor{}}},
		"(f32) -> f64": Func{[]Type{Tensor{Kind: 1}}, Tensor{Kind: 2}},
		"m.params":     Params{"m"},
	} {
		if got := typ.String(); got != text {
			t.Errorf("%s, wanted %s", got, text)
		}
		if strings.Contains(typ.String(), Meta) {
			t.Errorf("%s shows the mark of open dimensions", typ)
		}
	}
}
