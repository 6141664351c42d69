package ir

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
)

// everything is a module in which each form of the text occurs.
const everything = `module "housing" numerics 1
file 0 "housing.df"
file 1 "lib/n\"n.df"
dim B batch = 256 from "rows of a step of fit" ; 0@123+4
dim V bound
dim R ragged = 7

func @price(%place.0: f32[V,4] at 0@3+2 weight "price.place", %c.1: index<V> col "place") -> f32[4] { ; 0@12+40
  %h.2 = gather %place.0, %c.1 {axis 0, batch_dims 0} : f32[4] ; 0@200+12
  %3 = neg %h.2 : f32[4] at 1@5+1 of h ; 0@200+12
  %"odd name".4 = neg %3 : f32[4] at - of "a b" ; 0@210+1
  return %"odd name".4
}

func @"name with blanks"(%x.0: f32[B] at 0@1+1 of y, %t.1: f32[B] plain "t") -> f32[B] linear 0b01 {
  return %t.1
}

func @"f!batch[]"(
  %alpha_the_first_parameter_of_all.0: f32[B,2*V+1] given "centre",
  %beta_the_second_parameter_of_all.1: bool[B] seed "fit",
  %2: i64 step) -> f32[B,2*V+1], i64 {
  %3 = cond %beta_the_second_parameter_of_all.1, %alpha_the_first_parameter_of_all.0 (%4: f32[B,2*V+1]) {
    yield %4
  } (%a.5: f32[B,2*V+1]) {
    %6 = call @price !vjp{in 0b10, out 0b1} !batch{in 0b1, d div(B,2), rows true} %a.5 : f32[B,2*V+1] of alpha ; 0@7+1
    yield %6
  } : f32[B,2*V+1] ; 0@4+4
  %7, %8 = scan %3, %2 {count V, captures 0, carries 1, xs 1} (%9: f32[B,2*V+1], %10: i64) {
    %11 = const {t f32[B,2*V+1], f [1.5, -0, nan, inf, -inf, 1e-300]} : f32[B,2*V+1]
    yield %11, %10
  } : f32[B,2*V+1], i64
  assert %beta_the_second_parameter_of_all.1 {message "no\n\"way\""} ; 0@9+9
  return %3, %2
}

func @nothing() {
  return
}

node Proximity category {"Values":["a","<b>"],"Uses":[{"Table":"Houses","Field":"x"}]}
node Houses source {"Reader":{"Name":"csv","Paths":[{"Name":"","Text":"a.csv"}]},"Fields":[{"Name":"x","Type":"index<Proximity>"},{"Name":"t","Type":"?","Text":"str"}],"KeyCols":null} ; 0@40+10 spans 1@1+2 - 0@4+4
node "odd node" derive {"Op":"split","Of":"Houses","Fractions":[0.8,0.2],"Seed":7} ; 0@1+1
node T print {"Parts":[{"Text":"hi"},{"Value":"mean"}]}
`

func TestTextRoundTrip(t *testing.T) {
	m, err := Parse("t.ir", []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.String(); got != everything {
		t.Fatalf("printed otherwise than read:\n%s", diffLines(everything, got))
	}
	f := m.Func("price")
	if v := f.Results()[0]; v.Name != "odd name" || v.Primal != "a b" || !v.Span.IsZero() || v.Def.Span.Start != 210 {
		t.Errorf("value is %+v", v)
	}
	g := m.Func("f!batch[]")
	if g.Inputs[1] != (Input{Seed, "fit"}) || g.Inputs[2] != (Input{Step, ""}) {
		t.Errorf("inputs are %v", g.Inputs)
	}
	call := g.Body.Ops[0].Regions[1].Ops[0].Attrs.(CallAttrs)
	want := []Request{{Kind: "vjp", In: []bool{true, false}, Out: []bool{true}},
		{Kind: "batch", In: []bool{true}, D: Sym("B").Div(N(2)), Rows: true}}
	if !reflect.DeepEqual(call.Req, want) {
		t.Errorf("requests are %+v", call.Req)
	}
	if s := m.Node("Houses").Body.(*SourceTable).Fields[1].Span; s.Start != 4 {
		t.Errorf("span of a field is %+v", s)
	}
}

func TestParseByHand(t *testing.T) {
	m, err := Parse("t.ir", []byte(`module "m" # a comment
func @f(%x: f32, %y: f32) -> f32 { // another
  %z = add %x, %y : f32
  %z2 = cond %x, %z (%x: f32) { yield %x } (%x: f32) {
    %w = neg %x : f32
    yield %w
  } : f32
  return %z2
}`))
	if err != nil {
		t.Fatal(err)
	}
	got := m.Func("f").String()
	want := `func @f(%x.0: f32, %y.1: f32) -> f32 {
  %z.2 = add %x.0, %y.1 : f32
  %z2.3 = cond %x.0, %z.2 (%x.4: f32) {
    yield %x.4
  } (%x.5: f32) {
    %w.6 = neg %x.5 : f32
    yield %w.6
  } : f32
  return %z2.3
}
`
	if got != want {
		t.Error(diffLines(want, got))
	}
}

func TestParseErrors(t *testing.T) {
	const f = "module \"m\"\nfunc @f(%0: f32, %1: f32[B]) -> f32 {\n"
	for _, c := range []struct{ text, code, where, part string }{
		{"", codeSyntax, "1:1", "`module` expected"},
		{"module \"m\"\nfun", codeSyntax, "2:1", "`fun`"},
		{"module \"m\"\ndim B half", codeSyntax, "2:7", "batch"},
		{"module \"m\"\ndim B batch\ndim B batch", codeTwice, "3:5", "declared twice"},
		{"module \"m\"\nfile 1 \"a\"", codeSpan, "2:7", "file 0"},
		{"module \"m\"\ndim B batch ; 0@1+1", codeSpan, "2:15", "no file 0"},
		{"module \"m\"\nfunc @f(%0: f23) {\n", codeType, "2:13", "a type expected"},
		{"module \"m\"\nfunc @f(%0: f32[2,) {\n", codeType, "2:19", "dimension"},
		{f + "  %2 = ad %0, %0 : f32\n", codeRow, "3:8", "`ad`"},
		{f + "  %2 = add %0, %7 : f32\n", codeUnknown, "3:16", "%7"},
		{f + "  %2 = add %2, %0 : f32\n", codeUnknown, "3:12", "%2"},
		{f + "  %1 = add %0, %0 : f32\n", codeTwice, "3:3", "defined twice"},
		{f + "  %2, %3 = add %0, %0 : f32\n  return", codeResults, "3:28", "2 results"},
		{f + "  %2 = add %0, %0\n  return", codeResults, "4:3", "`:`"},
		{f + "  return %1\n}", codeResults, "2:30", "does not return"},
		{f + "  %2 = reduce_sum %1 {axis 0} : f32\n", codeAttr, "3:23", "`axis`"},
		{f + "  %2 = reduce_sum %1 {axes [0], axes [0]} : f32\n", codeAttr, "3:33", "twice"},
		{"module \"m\"\nnode A b {}", codeNode, "2:8", "`b`"},
		{"module \"m\"\nnode A test {\"x\":1}", codeNode, "2:13", "unknown field"},
		{"module \"m\"\nnode A test {}\nnode A test {}", codeTwice, "3:6", "A"},
	} {
		_, err := Parse("t.ir", []byte(c.text))
		var d *source.Diagnostic
		if !errors.As(err, &d) {
			t.Errorf("%q: no diagnostic but %v", c.text, err)
			continue
		}
		line, col := d.Span.File.Position(d.Span.Start)
		if at := fmt.Sprintf("%d:%d", line, col); d.Code != c.code || at != c.where || !strings.Contains(d.Message, c.part) {
			t.Errorf("%q: %s at %s: %s; expected %s at %s with %q", c.text, d.Code, at, d.Message, c.code, c.where, c.part)
		}
		if _, ok := source.LookupCode(d.Code); !ok {
			t.Errorf("code %s is not registered", d.Code)
		}
	}
}

func TestPrintSource(t *testing.T) {
	file := source.NewFile("a.df", []byte("let y = -x\nlet z = if y\n then y"))
	m, err := ParseWith("t.ir", []byte(`module "m"
file 0 "a.df"
func @f(%x.0: bool) -> bool {
  %y.1 = not %x.0 : bool ; 0@8+2
  %2 = cond %y.1, %x.0 (%x.3: bool) {
    yield %x.3
  } (%x.4: bool) {
    yield %x.4
  } : bool ; 0@19+12
  return %2
}
`), ParseOptions{Resolve: func(string) *source.File { return file }})
	if err != nil {
		t.Fatal(err)
	}
	want := `func @f(%x.0: bool) -> bool {
  %y.1 = not %x.0 : bool  // a.df:1:9  -x
  %2 = cond %y.1, %x.0  // a.df:2:9  if y …
   (%x.3: bool) {
    yield %x.3
  } (%x.4: bool) {
    yield %x.4
  } : bool
  return %2
}
`
	got := m.Func("f").Text(PrintOptions{Source: true})
	if got != want {
		t.Error(diffLines(want, got))
	}
	if _, err := Parse("t.ir", []byte("module \"m\"\n"+got)); err != nil {
		t.Errorf("text with source does not read back: %v", err)
	}
}

// TestAttrsRoundTrip fills every attribute struct of the table with random
// contents, prints it and reads it back.
func TestAttrsRoundTrip(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	all := []Attrs{CallAttrs{}, ConstAttrs{}, ScanAttrs{}, ConvertAttrs{}, SliceAttrs{}}
	for _, row := range Rows() {
		if row.Attrs != nil {
			all = append(all, row.Attrs)
		}
	}
	for _, zero := range all {
		for range 100 {
			v := reflect.New(reflect.TypeOf(zero)).Elem()
			fillRandom(r, v)
			text := AttrsText(v.Interface())
			if text == "" {
				text = "{}"
			}
			p := &reader{file: source.NewFile("t", []byte(text)), s: text}
			back := reflect.New(v.Type()).Elem()
			p.readStruct(back)
			if p.s != "" || AttrsText(back.Interface()) != AttrsText(v.Interface()) {
				t.Fatalf("%T: %s read back as %s, left %q", zero, text, AttrsText(back.Interface()), p.s)
			}
			if noNaN(text) && !reflect.DeepEqual(back.Interface(), v.Interface()) {
				t.Fatalf("%T: %#v read back as %#v", zero, v.Interface(), back.Interface())
			}
		}
	}
}

func noNaN(s string) bool { return !strings.Contains(s, "nan") }

func fillRandom(r *rand.Rand, v reflect.Value) {
	dims := []Dim{{}, N(0), N(-3), Sym("B"), Sym("n.x").Mul(N(2)).Sub(N(1)), Sym("B").Quo(N(3)), Sym("B").Div(Sym("V")), Sym("é_1").Quo(Sym("V")).Add(N(4))}
	switch v.Type() {
	case dimType:
		v.Set(reflect.ValueOf(dims[r.Intn(len(dims))]))
		return
	case kindType:
		v.Set(reflect.ValueOf(Kind(r.Intn(int(Key) + 1))))
		return
	case tensorType:
		t := Type{Kind: Kind(r.Intn(int(Key) + 1))}
		if t.Kind == Index {
			t.Bound = dims[r.Intn(len(dims))]
		}
		for range r.Intn(3) {
			t.Dims = append(t.Dims, dims[r.Intn(len(dims))])
		}
		v.Set(reflect.ValueOf(t))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.Intn(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> r.Intn(64))
	case reflect.Float64:
		v.SetFloat([]float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), r.NormFloat64(), math.Float64frombits(r.Uint64())}[r.Intn(7)])
	case reflect.String:
		v.SetString([]string{"", "plain", "a b\n\"\\", "é", "\xff\x00", "bij,bjk->bik", "// # ; {"}[r.Intn(7)])
	case reflect.Slice:
		if n := r.Intn(5) - 1; n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			fillRandom(r, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fillRandom(r, v.Field(i))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte(good))
	f.Add([]byte(walkText))
	f.Add([]byte("module \"m\"\nfunc @f(%x: f32) { %y = neg %x : f32 return %y }"))
	f.Add([]byte("module \"m\"\nnode A train {\"Params\":[{\"Type\":\"f32[2]\"}]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse("fuzz.ir", text)
		if err != nil {
			return
		}
		_ = Verify(m, StageSized) // anything but a panic
		_ = Dot(io.Discard, m)
		once := m.String()
		again, err := Parse("fuzz.ir", []byte(once))
		if err != nil {
			t.Fatalf("printed text does not read back: %v\n%s", err, once)
		}
		if twice := again.String(); twice != once {
			t.Fatalf("not a fixed point:\n%s", diffLines(once, twice))
		}
	})
}

// diffLines shows the first line in which two texts differ.
func diffLines(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "(no line)", "(no line)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, x, y)
		}
	}
	return "no difference"
}
