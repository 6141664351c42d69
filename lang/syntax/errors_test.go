package syntax

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/lang/source"
)

func parse(text string) (*File, source.List) { return Parse(source.NewFile("t.df", []byte(text))) }

func TestCatalogue(t *testing.T) {
	for _, c := range source.Codes() {
		if !strings.HasPrefix(c.ID, "E01") || c.Wrong == "" {
			continue
		}
		if _, errs := parse(c.Wrong); len(errs) != 1 || errs[0].Code != c.ID {
			t.Errorf("%s, wrong: %v", c.ID, errs)
		}
		if _, errs := parse(c.Right); len(errs) != 0 {
			t.Errorf("%s, right: %v", c.ID, errs)
		}
	}
}

// TestRecovery has programs with several errors. Each `«code` marks the place
// where an error of that code has to be, and there are no others.
func TestRecovery(t *testing.T) {
	marks := regexp.MustCompile(`«E\d{4} `)
	for _, text := range []string{
		"let a = «E0110 )\nlet b = 1\nfn f( «E0110 -> f32 = 1\nprint «E0110 *\nlet c = 2",
		"fn f(x: f32) -> f32 {\n  let a = x + «E0110 ;\n  let b = a «E0114 a\n  b[«E0110 ]\n}\nlet c = 1",
		"table T from csv(\"a\") {\n  a: f32, b: «E0110 ,\n  c «E0110 f32, d: i64«E0114 \n  e: f32,\n}\nlet x = «E0110 *1",
		"train t of m {\n  loss«E0110 \n  batch 3\n  a «E0110 ) 1\n}\nlet x «E0110 1",
		"model m(x: f32) -> f32 {\n  let a = (x + 1«E0111 \n  let b = [1, 2\n  «E0111 a + b\n}\n",
		"fn f(x: f32) -> f32 «E0112 {\n  let a = x\n  a\nfn g(x: f32) -> f32 =«E0110 \nlet z = 1",
		"let a = 1 «E0102 % 2 «E0102 $ 3\nlet b = «E0110 ]\n",
		"«E0113 modell m(x: f32) -> f32 = x\nlet b = 1",
		"«E0113 x = 3\nlet b = «E0126 _ + 1",
		"let f = (a, «E0126 _)\nlet g = (a, _) => a\n",
		"optimizer o(r: real) for p «E0110 { p <- p }\ntrain t «E0110 on m { }\n",
		"table T «E0110 csv(\"a\") { a: f32 }\nadjoint f(x «E0110 ) = x\nimport a as «E0110 3\n",
		"test \"a\" {\n  «E0141 1 + 1\n  assert true\n}\nlet a = if 1 then { let x = 2; «E0143 fn g() -> f32 = 1 } else 2\n",
		"let a = {\n  b: 1«E0130 \n c: 2 }\nwrite csv(\"a\") «E0110 3",
		"let r = «E0112 { a: 1 ",
	} {
		wants := map[int]string{}
		clean := text
		for m := marks.FindStringIndex(clean); m != nil; m = marks.FindStringIndex(clean) {
			wants[m[0]] = clean[m[0]+len("«") : m[1]-1]
			clean = clean[:m[0]] + clean[m[1]:]
		}
		_, errs := parse(clean)
		for _, d := range errs {
			if wants[d.Span.Start] != d.Code {
				t.Errorf("%q: not expected: %v", text, d)
			}
			if d.Hint == "" {
				t.Errorf("%q: no hint: %v", text, d)
			}
			delete(wants, d.Span.Start)
		}
		for at, code := range wants {
			t.Errorf("%q: no %s at %d: %v", text, code, at, errs)
		}
	}
}

func TestPartialTree(t *testing.T) {
	f, errs := parse("let a = )\nfn f(x: f32) -> f32 {\n  let y = *\n  y\n}\nlet (b, c) = *\nmodel m(x: f32) -> f32 = x\n")
	if len(errs) != 3 {
		t.Errorf("%v", errs)
	}
	if got, want := Dump(f), "(fn f (params (: x f32)) f32) ; (model m (params (: x f32)) f32 x)"; got != want {
		t.Errorf("got %s", got)
	}
	if got := strings.Join(f.Broken, " "); got != "a b c" {
		t.Errorf("broken: %s", got)
	}
}

func TestDepth(t *testing.T) {
	for name, text := range map[string]string{
		"E0150 parentheses": "let a = " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000),
		"E0150 brackets":    "let a = " + strings.Repeat("[", 100_000),
		"E0150 minus":       "let a = " + strings.Repeat("- ", 100_000) + "1",
		"E0150 not":         "let a = " + strings.Repeat("not ", 100_000) + "1",
		"E0150 powers":      "let a = 1" + strings.Repeat("^1", 100_000),
		"E0150 lambdas":     "let a = " + strings.Repeat("x => ", 100_000) + "1",
		"E0150 ifs":         "let a = " + strings.Repeat("if a then ", 50_000) + "1",
		"E0150 records":     "let a = " + strings.Repeat("{ a: ", 100_000) + "1",
		"E0150 blocks":      "let a = " + strings.Repeat("{ let a = ", 50_000) + "1",
		"E0150 types":       "setting a: " + strings.Repeat("(", 100_000),
		"E0150 patterns":    "let " + strings.Repeat("[", 100_000),
		"E0151 sums":        "let a = 1" + strings.Repeat("+1", 100_000),
		"E0151 calls":       "let a = f" + strings.Repeat("()", 100_000),
		"E0151 fields":      "let a = f" + strings.Repeat(".a", 100_000),
		"E0151 pipes":       "let a = f" + strings.Repeat("|> f", 100_000),
		"E0151 optionals":   "setting a: f32" + strings.Repeat("? ", 100_000),
		"E0106 line":        "let a = " + strings.Repeat("1 + ", 2_500_000),
		"E0106 name":        "let " + strings.Repeat("a", 10_000_000),
		"E0106 nested":      "let a = " + strings.Repeat("(", 10_000_000),
	} {
		start := time.Now()
		f, errs := parse(text + "\nlet good = 1\n")
		took := time.Since(start)
		for again := 0; took > time.Second && again < 4; again++ {
			start = time.Now() // other tests may have had the cores
			parse(text + "\nlet good = 1\n")
			took = time.Since(start)
		}
		if took > time.Second {
			t.Errorf("%s: %v", name, took)
		}
		if len(errs) != 1 || !strings.HasPrefix(name, errs[0].Code) {
			t.Errorf("%s: %d errors; %.300v", name, len(errs), errs)
		}
		if errs[0].Code != "E0106" && len(f.Decls) != 1 {
			t.Errorf("%s: the declaration after it is lost", name)
		}
	}
}

// TestMessages compares what a user reads with testdata/messages.txt, where
// each block is a program, a line of dashes, and its errors.
func TestMessages(t *testing.T) {
	const file = "testdata/messages.txt"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n\n") {
		text, _, _ := strings.Cut(block, "\n---")
		_, errs := parse(text + "\n")
		if len(errs) == 0 {
			t.Errorf("%q: no error", text)
		}
		out = append(out, text+"\n---\n"+errs.Error())
	}
	got := strings.Join(out, "\n\n") + "\n"
	if os.Getenv("UPDATE") != "" {
		os.WriteFile(file, []byte(got), 0o644)
	} else if got != string(data) {
		for _, block := range out {
			if !slices.Contains(strings.Split(string(data), "\n\n"), block) {
				t.Errorf("now\n%s", block)
			}
		}
	}
}

func TestParallel(t *testing.T) {
	for range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for _, s := range seeds(t) {
				checkParse(t, s)
			}
		})
	}
}
