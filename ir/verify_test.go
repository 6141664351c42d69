package ir

import (
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
)

const head = "module \"m\"\ndim B batch = 4\ndim V bound\n"

// good is a module that obeys every rule at every stage.
const good = head + `
func @sq(%x: f32) -> f32 {
  %y = mul %x, %x : f32
  return %y
}
func @lin(%w: f32[3], %t: f32[3]) -> f32, f32[3] linear 0b01 {
  %z = const {t f32[3], f [0]} : f32[3]
  %p = mul %w, %t : f32[3]
  %q = add %p, %z : f32[3]
  %s = reduce_sum %q {axes [0]} : f32
  %last, %ys = scan %w, %s, %q {count 3, captures 1, carries 1, xs 1} (%w: f32[3], %c: f32, %x: f32) {
    %n = add %c, %x : f32
    yield %n, %c
  } : f32, f32[3]
  return %last, %ys
}
func @branch(%p: bool, %x: f32) -> f32 {
  %y = cond %p, %x (%x: f32) {
    %r = call @sq %x : f32
    yield %r
  } (%x: f32) {
    yield %x
  } : f32
  return %y
}
func @row(%a: f32 col "a", %k: bool col "key.b?", %m: f32 given "mean") -> f32 {
  return %a
}
func @keep(%a: f32 col "a") -> bool {
  %b = cmp %a, %a {pred "eq"} : bool
  return %b
}
func @loss(%w: f32 weight "w", %a: f32 col "a") -> f32 {
  %l = mul %w, %a : f32
  return %l
}
func @zero() -> f32 {
  %z = const {t f32, f [0]} : f32
  return %z
}
func @update(%p: f32, %g: f32) -> f32 {
  %q = sub %p, %g : f32
  return %q
}
func @report(%w: f32 weight "w", %all: f32[V] column "T.a") -> f32 {
  return %w
}
node Cat category {"Uses":[{"Table":"T","Field":"c"}]}
node K source {"Reader":{"Name":"csv","Paths":[]},"Fields":[{"Name":"b","Type":"f32"}],"KeyCols":[]}
node T source {"Reader":{"Name":"csv","Paths":[]},"Fields":[{"Name":"a","Type":"f32"},{"Name":"key","Type":"index<K>","Table":"K"},{"Name":"c","Type":"index<Cat>"}],"KeyCols":[]}
node Sub derive {"Op":"where","Of":"T","Fn":"keep"}
node mean reduce {"Table":"Sub","Fn":"loss0","Aggs":[{"Op":"mean"}],"Outputs":[{"Name":"mean","Type":"f32"}]}
node rows reduce {"Table":"Sub","Fn":"row","Aggs":[{"Op":"sum"}],"Outputs":[{"Name":"total","Type":"f32"}]}
node fit train {"Model":"m","Table":"Sub","Params":[{"Path":"w","Type":"f32","Init":"zero","Update":"update"}],"States":[],"Loss":"loss","Symbol":"B","Batch":4,"Order":"file","Last":"short","Seed":1,"Metrics":[{"Name":"m","Output":"now"}],"Keep":"m"}
node now compute {"Fn":"report","Outputs":[{"Name":"now","Type":"f32"}],"Every":"fit"}
node out write {"Format":"csv","Path":"x.csv","Table":"Sub","Fn":"row","Columns":[{"Name":"a","Result":0,"Present":-1}]}
node say print {"Parts":[{"Text":"total"},{"Value":"total"},{"Value":"fit/w"}]}
node check test {"Title":"t","Fn":"nothing"}
func @loss0(%a: f32 col "a") -> f32 {
  return %a
}
func @nothing() {
  return
}
func @spare() {
  return
}
`

func parseOK(t *testing.T, text string) *Module {
	t.Helper()
	m, err := Parse("t.ir", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestVerifyGood(t *testing.T) {
	for s := StageRaw; s <= StageSized; s++ {
		if err := Verify(parseOK(t, good), s); err != nil {
			t.Fatalf("stage %d: %v", s, err)
		}
	}
}

// wantFault checks that an error names what is wrong and carries the code.
func wantFault(t *testing.T, what string, err error, part string) {
	t.Helper()
	l, ok := err.(source.List)
	if !ok || len(l) == 0 {
		t.Errorf("%s: no fault found (%v)", what, err)
		return
	}
	if !strings.Contains(l[0].Message, part) {
		t.Errorf("%s: the fault is %q, expected %q", what, l[0].Message, part)
	}
}

// TestVerifyText has a failing example for each rule that text can break: the
// good module with one piece replaced.
func TestVerifyText(t *testing.T) {
	for _, c := range []struct {
		rule     string
		stage    Stage
		old, new string
		want     string
	}{
		{"4 result type", StageRaw, "%y = mul %x, %x : f32", "%u = mul %x, %x : f32[2]\n  %y = neg %x : f32", "@sq: `%u.1 = mul %x.0, %x.0 : f32[2]`: result 0 is f32[2], the row computes f32"},
		{"4 operand count", StageRaw, "mul %x, %x", "mul %x", "@sq: `%y.1 = mul %x.0 : f32`"},
		{"4 call target", StageRaw, "call @sq", "call @none", "no function @none"},
		{"4 call arguments", StageRaw, "call @sq %x", "call @branch %x", "@branch"},
		{"4 yields", StageRaw, "    yield %x\n", "    %b = cmp %x, %x {pred \"eq\"} : bool\n    yield %b\n", "one side"},
		{"2 closed", StageRaw, "yield %n, %c", "yield %n, %s", "belongs to another region"},
		{"5 kind", StageRaw, "func @spare()", "func @spare(%x: ?)", "no kind"},
		{"5 bound", StageRaw, "func @spare()", "func @spare(%x: index<?>)", "bound"},
		{"5 dims", StageRaw, "func @spare()", "func @spare(%x: f32[?])", "unknown dimension"},
		{"6 declared", StageRaw, "func @spare()", "func @spare(%x: f32[Q])", "@spare: dimension Q is not declared"},
		{"6 name", StageRaw, "dim V bound", "dim V bound\ndim \"a b\" bound", "cannot be the name"},
		{"7 recursion", StageRaw, "%y = mul %x, %x : f32", "%y = call @sq %x : f32", "recursion"},
		{"8 nonlinear row", StageRaw, "%p = mul %w, %t", "%a = abs %t : f32[3]\n  %p = mul %w, %a", "not linear in operand 0"},
		{"8 mixed", StageRaw, "%q = add %p, %z", "%q = add %p, %w", "mixes linear and primal"},
		{"8 product", StageRaw, "%p = mul %w, %t", "%p = mul %t, %t", "both factors"},
		{"8 result", StageRaw, "return %last, %ys", "return %last, %w", "result 1, %w"},
		{"8 carry", StageRaw, "%n = add %c, %x : f32", "%n = const {t f32, f [1]} : f32", "primal in another"},
		{"8 length", StageRaw, "linear 0b01", "linear 0b011", "linear in 3 of 2 parameters"},
		{"10 request", StageDerived, "call @sq %x", "call @sq !batch{in 0b0, d B} %x", ""},
		{"12 negative", StageSized, "func @spare()", "func @spare(%x: f32[B-5])", "dimension B-5 of %x.0 is -1"},
		{"12 whole", StageSized, "func @spare()", "func @spare(%x: f32[quo(B,3*B)])", "not divisible"},

		{"9 function", StageRaw, `"Fn":"keep"`, `"Fn":"none"`, "node Sub: there is no function @none"},
		{"9 table", StageRaw, `"Op":"where","Of":"T"`, `"Op":"where","Of":"U"`, "there is no table U"},
		{"9 order", StageRaw, `{"Table":"Sub","Fn":"row"`, `{"Table":"out","Fn":"row"`, "there is no table out"},
		{"9 no table", StageRaw, `{"Table":"Sub","Fn":"row"`, `{"Table":"Cat","Fn":"row"`, "no table but a category"},
		{"9 column", StageRaw, `col "key.b?"`, `col "key.c?"`, "no column key.c?"},
		{"9 no row", StageRaw, "func @zero()", `func @zero(%a: f32 col "a")`, "no row at hand"},
		{"9 resident", StageRaw, `column "T.a"`, `column "T.z"`, "no column T.z"},
		{"9 given", StageRaw, `given "mean"`, `given "later"`, "no output later"},
		{"9 given type", StageRaw, `%m: f32 given`, `%m: f64 given`, "it is f64 but the output mean is f32"},
		{"9 weight", StageRaw, `weight "w", %all`, `weight "v", %all`, "no training has a weight v"},
		{"9 plain", StageRaw, `func @nothing()`, `func @nothing(%x: f32)`, "nothing feeds it"},
		{"9 outputs", StageRaw, `"Outputs":[{"Name":"now","Type":"f32"}]`, `"Outputs":[{"Name":"now","Type":"f64"}]`, "the output now is f64"},
		{"9 two outputs", StageRaw, `{"Name":"total","Type"`, `{"Name":"mean","Type"`, "two outputs named mean"},
		{"9 predicate", StageRaw, `"Fn":"keep"`, `"Fn":"loss0"`, "one bool"},
		{"9 aggregates", StageRaw, `"Aggs":[{"Op":"sum"}]`, `"Aggs":[]`, "0 aggregates"},
		{"9 shown", StageRaw, `{"Value":"total"}`, `{"Value":"nothing"}`, "no output nothing"},
		{"9 written", StageRaw, `"Result":0`, `"Result":1`, "column a"},
		{"9 batches", StageRaw, `"Symbol":"B"`, `"Symbol":"C"`, "not declared"},
		{"9 kept", StageRaw, `"Keep":"m"`, `"Keep":"n"`, "no metric n"},
		{"9 category", StageRaw, `"Field":"c"`, `"Field":"d"`, "no field d of T"},
		{"9 test", StageRaw, `"Fn":"nothing"`, `"Fn":"zero"`, "has results"},
		{"9 update", StageRaw, `"Update":"update"`, `"Update":"update","Slots":[{"Name":"s","Type":"f32","Init":"zero"}]`, "1 slot"},
		{"9 initial", StageRaw, `{"Path":"w","Type":"f32"`, `{"Path":"w","Type":"f32[2]"`, "the output w is f32[2]"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: %q is not in the module", c.rule, c.old)
		}
		m := parseOK(t, strings.Replace(good, c.old, c.new, 1))
		wantFault(t, c.rule, Verify(m, c.stage), c.want)
		if c.stage > StageRaw {
			if err := Verify(m, c.stage-1); err != nil && c.rule[:2] != "10" {
				t.Errorf("%s: wrong before its stage: %v", c.rule, err)
			}
		}
	}
}

func TestVerifyStages(t *testing.T) {
	m := parseOK(t, head+`
func @f(%p: bool[B], %x: f32[B]) -> f32[B] {
  %y = map %x {count B, xs 1} (%e: f32) {
    yield %e
  } : f32[B]
  %z = cond %p, %y (%a: f32[B]) {
    yield %a
  } (%a: f32[B]) {
    %b = call @g !batch{in 0b1, d B} %a : f32[B]
    yield %b
  } : f32[B]
  return %z
}
func @g(%x: f32) -> f32 {
  return %x
}`)
	if err := Verify(m, StageRaw); err != nil {
		t.Fatal(err)
	}
	err := Verify(m, StageDerived)
	wantFault(t, "map", err, "a comprehension is left")
	if len(err.(source.List)) != 2 || !strings.Contains(err.Error(), "a transform is still asked for") {
		t.Errorf("faults are %v", err)
	}
	if err := Verify(m, StageFlat); !strings.Contains(err.Error(), "a branch by lane is left") {
		t.Errorf("faults are %v", err)
	}
}

// TestVerifyBuilt has the rules that no text can break: the reader would
// refuse it.
func TestVerifyBuilt(t *testing.T) {
	build := func() (*Module, *Func) {
		m := parseOK(t, good)
		return m, m.Func("sq")
	}
	for _, c := range []struct {
		rule  string
		spoil func(m *Module, f *Func)
		want  string
	}{
		{"1 order", func(_ *Module, f *Func) { f.Body.Ops[0].Operands[1] = f.Results()[0] }, "used before it is defined"},
		{"1 once", func(_ *Module, f *Func) { f.Body.Ops = append(f.Body.Ops, f.Body.Ops[0]) }, "defined twice"},
		{"1 missing", func(_ *Module, f *Func) { f.Body.Results[0] = nil }, "a value is missing"},
		{"3 place", func(_ *Module, f *Func) { f.Results()[0].Def = nil }, "does not know its place"},
		{"3 unique", func(_ *Module, f *Func) { f.Results()[0].ID = 0 }, "the same number"},
		{"3 range", func(_ *Module, f *Func) { f.Results()[0].ID = 9 }, "not below 2"},
		{"4 struct", func(_ *Module, f *Func) { f.Body.Ops[0].Attrs = AxisAttrs{} }, "attributes are"},
		{"4 row", func(_ *Module, f *Func) { f.Body.Ops[0].Row = nil }, "without a row"},
		{"7 inputs", func(_ *Module, f *Func) { f.Inputs = nil }, "0 inputs are described for 1 parameter"},
		{"7 name", func(m *Module, f *Func) { m.SetFuncs(append(m.Funcs, Clone(f, "sq"))) }, "two functions of this name"},
		{"6 twice", func(m *Module, _ *Func) { m.Symbols = append(m.Symbols, m.Symbols[0]) }, "declared twice"},
		{"9 twice", func(m *Module, _ *Func) { m.Nodes = append(m.Nodes, m.Nodes[0]) }, "two nodes of this name"},
	} {
		m, f := build()
		c.spoil(m, f)
		wantFault(t, c.rule, Verify(m, StageRaw), c.want)
	}
}

func TestVerifySpan(t *testing.T) {
	m := parseOK(t, "module \"m\"\nfile 0 \"a.df\"\nfunc @f(%x: f32) -> f32 {\n  %y = not %x : f32 ; 0@7+3\n  return %y\n}")
	l, _ := Verify(m, StageRaw).(source.List)
	if len(l) != 1 || l[0].Span.Start != 7 || l[0].Span.File.Path != "a.df" {
		t.Errorf("faults are %v", l)
	}
}

func TestDonation(t *testing.T) {
	for _, c := range []struct {
		body  string
		pairs []Donation
		want  string
	}{
		{"%n = sub %p, %g : f32[2]\n return %n, %g", []Donation{{0, 0}}, ""},
		{"%n = sub %p, %g : f32[2]\n %m = add %p, %g : f32[2]\n return %n, %m", []Donation{{0, 0}}, "reads the old value of %p"},
		{"%m = add %p, %g : f32[2]\n %n = sub %p, %g : f32[2]\n return %n, %m", []Donation{{0, 0}}, ""},
		{"%n = sub %p, %g : f32[2]\n return %n, %p", []Donation{{0, 0}}, "is returned as result 1"},
		{"%v = reverse %p {axis 0} : f32[2]\n %n = sub %p, %g : f32[2]\n %m = neg %v : f32[2]\n return %n, %m", []Donation{{0, 0}}, "`%m.4 = neg %v.2 : f32[2]` reads"},
		{"%n = sub %p, %g : f32[2]\n %m = add %p, %g : f32[2]\n %v = reverse %n {axis 0} : f32[2]\n return %v, %m", []Donation{{0, 0}}, "has written"},
		{"return %p, %g", []Donation{{0, 0}, {1, 1}}, ""},
		{"return %g, %p", []Donation{{0, 0}, {1, 1}}, "is returned"},
		{"return %p, %g", []Donation{{0, 0}, {0, 1}}, "donated twice"},
		{"return %p, %g", []Donation{{0, 5}}, "no result 5"},
		{"%s = reduce_sum %p {axes [0]} : f32\n return %s, %g", []Donation{{0, 0}}, "cannot hold"},
	} {
		result := "f32[2], f32[2]"
		if strings.HasPrefix(c.body, "%s") {
			result = "f32, f32[2]"
		}
		m := parseOK(t, "module \"m\"\nfunc @f(%p: f32[2], %g: f32[2]) -> "+result+" {\n"+c.body+"\n}")
		err := CheckDonation(m.Func("f"), c.pairs)
		if c.want != "" {
			wantFault(t, c.body, err, c.want)
		} else if err != nil {
			t.Errorf("%s: %v", c.body, err)
		}
	}
}
