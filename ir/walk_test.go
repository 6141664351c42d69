package ir

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

const walkText = `module "m"
dim B batch
func @f(%x: f32[B], %p: bool) -> f32[B] {
  %a = neg %x : f32[B] of x
  %b = add %x, %a : f32[B]
  %c = add %a, %x : f32[B]
  %u = mul %b, %b : f32[B]
  assert %p {message "p"}
  %y = cond %p, %b (%s: f32[B]) {
    %q = neg %s : f32[B]
    %r = neg %s : f32[B]
    yield %q
  } (%s: f32[B]) {
    yield %s
  } : f32[B]
  %i = iota {n B} : index<B>[B]
  return %y
}
`

func TestClone(t *testing.T) {
	m := parseOK(t, walkText)
	f := m.Func("f")
	g := m.Add(Clone(f, "g"))
	if err := Verify(m, StageRaw); err != nil {
		t.Fatal(err)
	}
	if got := strings.Replace(g.String(), "@g", "@f", 1); got != f.String() {
		t.Error(diffLines(f.String(), got))
	}
	g.Body.Ops[0].Operands[0] = nil
	if f.Body.Ops[0].Operands[0] == nil || !SameFunc(f, Clone(f, "h")) {
		t.Error("the clone shares operations")
	}
}

func TestInlineIntoRegion(t *testing.T) {
	m := parseOK(t, walkText)
	g := NewFunc("g")
	p := g.AddParam("p", ScalarOf(Bool), Input{})
	z := g.AddParam("z", TensorOf(F32, Sym("B")), Input{})
	b := NewBuilder(m, g)
	b.Return(b.Cond(p, func() []*Value {
		return Inline(b, m.Func("f").Body, []*Value{z, p})
	}, func() []*Value { return []*Value{z} })...)
	m.Add(g)
	if err := Verify(m, StageRaw); err != nil {
		t.Fatalf("%v\n%s", err, g)
	}
	in := g.Body.Ops[0].Regions[0]
	if len(in.Ops) != len(m.Func("f").Body.Ops) || in.Ops[0].Results[0].Primal != "x" || in.Ops[1].Results[0].Name != "b" {
		t.Errorf("inlined:\n%s", g)
	}
}

func TestInlineLinear(t *testing.T) {
	m := parseOK(t, walkText)
	g := NewFunc("g")
	x := g.AddParam("x", TensorOf(F32, Sym("B")), Input{})
	b := NewBuilder(m, g)
	dx := b.OpenLinear(x.Type)
	s := parseOK(t, "module \"m\"\ndim B batch\nfunc @s(%x: f32[B], %t: f32[B]) -> f32[B] {\n%y = neg %x : f32[B]\n%z = mul %y, %t : f32[B]\nreturn %z\n}").Func("s")
	out := Inline(b, s.Body, []*Value{x, dx[0]})
	c := b.CloseLinear(out...)
	if len(g.Body.Ops) != 1 || len(c.Region.Ops) != 1 || len(c.Values) != 1 {
		t.Errorf("primal %d operations, linear %d, %d residuals", len(g.Body.Ops), len(c.Region.Ops), len(c.Values))
	}
}

func TestDeadOps(t *testing.T) {
	m := parseOK(t, walkText)
	f := m.Func("f")
	RemoveOps(f.Body, DeadOps(f, nil))
	Renumber(f)
	want := map[string]int{"neg": 2, "add": 1, "assert": 1, "cond": 1}
	if got := Stats(f); !reflect.DeepEqual(got, want) || OpCount(f) != 5 {
		t.Errorf("%v left", got)
	}
	if err := Verify(m, StageRaw); err != nil {
		t.Error(err)
	}
	RemoveOps(f.Body, DeadOps(f, func(*Op) bool { return false }))
	if Stats(f)["assert"] != 0 {
		t.Error("the assertion is kept")
	}
}

func TestReplaceAndSame(t *testing.T) {
	m := parseOK(t, walkText)
	f := m.Func("f")
	ops := f.Body.Ops
	if !SameOp(ops[1], ops[2]) || SameOp(ops[0], ops[1]) {
		t.Errorf("keys %s, %s, %s", opKey(ops[0]), opKey(ops[1]), opKey(ops[2]))
	}
	in := ops[5].Regions[0].Ops
	if !SameOp(in[0], in[1]) {
		t.Error("operations inside a region differ")
	}
	a, b, c := ops[0].Results[0], ops[1].Results[0], ops[2].Results[0]
	if Uses(f)[b.ID] != 3 || len(Readers(f)[b.ID]) != 2 || Readers(f)[b.ID][0] != ops[3] {
		t.Errorf("%d uses, readers %v", Uses(f)[b.ID], Readers(f)[b.ID])
	}
	ReplaceUses(f.Body, map[*Value]*Value{b: c, c: a})
	if ops[3].Operands[0] != a || ops[5].Operands[1] != a {
		t.Errorf("not replaced:\n%s", f)
	}
}

// TestSameRegions: regions are compared by what they do, not by what their
// values are called.
func TestSameRegions(t *testing.T) {
	m := parseOK(t, `module "m"
func @f(%p: bool, %x: f32) -> f32, f32, f32 {
  %a = cond %p, %x (%u: f32) { %v = neg %u : f32
    yield %v } (%w: f32) { yield %w } : f32
  %b = cond %p, %x (%k: f32) { %l = neg %k : f32
    yield %l } (%n: f32) { yield %n } : f32
  %c = cond %p, %x (%k: f32) { %l = neg %k : f32
    yield %k } (%n: f32) { yield %n } : f32
  return %a, %b, %c
}`)
	ops := m.Func("f").Body.Ops
	if !SameOp(ops[0], ops[1]) || SameOp(ops[0], ops[2]) {
		t.Errorf("keys\n%s\n%s\n%s", opKey(ops[0]), opKey(ops[1]), opKey(ops[2]))
	}
}

func TestSubst(t *testing.T) {
	m := parseOK(t, walkText)
	f := m.Func("f")
	if got := FreeSymbols(f); !reflect.DeepEqual(got, []string{"B"}) {
		t.Errorf("symbols %v", got)
	}
	g := m.Add(Clone(f, "g"))
	SubstDims(g, func(string) (Dim, bool) { return N(3), true })
	if got := FreeSymbols(g); len(got) != 0 || len(FreeSymbols(f)) != 1 {
		t.Errorf("symbols %v after it", got)
	}
	if err := Verify(m, StageRaw); err != nil {
		t.Error(err)
	}
	req := CallAttrs{Fn: "f", Req: []Request{{Kind: "batch", D: Sym("B")}}}
	out := SubstAttrs(req, func(string) (Dim, bool) { return N(3), true }).(CallAttrs)
	if out.Req[0].D != N(3) || req.Req[0].D != Sym("B") {
		t.Errorf("requests %v from %v", out.Req, req.Req)
	}
}

// TestBuilt prints, reads and verifies what the builder makes of the samples
// of every row.
func TestBuilt(t *testing.T) {
	for _, row := range Rows() {
		if row.Samples == nil {
			continue
		}
		m := &Module{Name: "samples of " + row.Name}
		for i, s := range row.Samples() {
			f := NewFunc(row.Name + "." + string(rune('a'+i)))
			var in []*Value
			symbols := map[string]bool{}
			for _, ty := range s.Operands {
				in = append(in, f.AddParam("", ty, Input{}))
				ty.Symbols(symbols)
			}
			b := NewBuilder(m, f)
			b.Return(b.Op(row.Name, s.Attrs, in...)...)
			for n := range symbols {
				if m.Symbol(n) == nil {
					m.Symbols = append(m.Symbols, &Symbol{Name: n})
				}
			}
			m.Add(f)
		}
		text := m.String()
		back := parseOK(t, text)
		if got := back.String(); got != text {
			t.Errorf("%s: %s", row.Name, diffLines(text, got))
		}
		if err := Verify(back, StageSized); err != nil {
			t.Errorf("%s: %v", row.Name, err)
		}
		for i, f := range back.Funcs {
			if !SameFunc(f, m.Funcs[i]) {
				t.Errorf("%s is another function when read back", f.Name)
			}
		}
	}
}

func TestDot(t *testing.T) {
	var a, b bytes.Buffer
	if err := Dot(&a, parseOK(t, good)); err != nil {
		t.Fatal(err)
	}
	if err := Dot(&b, parseOK(t, good)); err != nil || a.String() != b.String() {
		t.Error("two graphs of one module")
	}
	for _, part := range []string{
		`digraph "m" {`, `n3 [shape=cylinder, label="derive Sub"];`, "n3 -> n6;", // Sub feeds fit
		"n7 -> n6;", "n6 -> n9;", // a metric; what is printed
		`label="@branch";`, `label="cond 0"; style=dashed;`, "f0v0 -> f0v1;",
	} {
		if !strings.Contains(a.String(), part) {
			t.Errorf("%q is not in the graph:\n%s", part, a.String())
		}
	}
	if strings.Count(a.String(), "{") != strings.Count(a.String(), "}") {
		t.Error("braces do not match")
	}
}
