package dfc

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// learned compiles and runs a program over files and loads what it saved.
func learned(t *testing.T, files map[string]string) (dir string, m *Model) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		save(t, filepath.Join(dir, name), text)
	}
	p, err := Compile(filepath.Join(dir, "main.df"), Options{Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bind(DataOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Run(context.Background(), RunOptions{Out: dir, Save: filepath.Join(dir, "state")}); err != nil {
		t.Fatal(err)
	}
	if m, err = p.Load(filepath.Join(dir, "state")); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

const usersText = "user,age,region\nann,30,north\nbob,50,south\ncy,44,north\n"

// TestPredictMadeRows predicts for tables that are made of the rows of others:
// the same bytes as the program wrote for the same rows.
func TestPredictMadeRows(t *testing.T) {
	const orders = "u,k,a,y,note\nann,x,1,2,n1\nbob,,,1,n2\ncy,y,4,1,n3\nbob,x,2,3,n4\n"
	dir, m := learned(t, map[string]string{"users.csv": usersText, "orders.csv": orders, "main.df": `
table U from csv("users.csv") { user: key, age: i64, region: category }
table O from csv("orders.csv") { u: U, k: category?, a: f32?, y: f32, note: str }
let usual = mean(o.a for o in O if present(o.a))
table M = O |> where(o => o.y > 0) |> map(o => { user: o.u, a: o.a, b: (o.a ?? usual) / 10, k: o.k, y: o.y, old: o.u.age > 40 })
table N = M |> map(m => { c: 2 * m.b, m.old, m.k, m.y })
model f(n: N) -> f32 {
  param w: f32 = 0
  param e: f32[O.k] ~ zeros()
  w * n.c + (if present(n.k) then e[n.k] else 0) + (if n.old then 1 else 0)
}
train fit of f on N {
  loss      n => squared(f(n), n.y)
  optimizer sgd(0.01)
  steps     20
  batch     2
}
write csv("out.csv") = [{ hat: fit(n), n.c, n.k, n.y, n.M.a, n.M.user, n.M.user.region, n.M.O.note,
  label: if fit(n) > 1 then n.M.O.note else "low" } for n in N]
`})
	wrote, err := os.ReadFile(filepath.Join(dir, "out.csv"))
	if err != nil {
		t.Fatal(err)
	}
	predict := func(text string) (string, error) {
		save(t, filepath.Join(dir, "new.csv"), text)
		_, err := m.Predict(context.Background(), PredictOptions{File: filepath.Join(dir, "new.csv"), Output: filepath.Join(dir, "new-out.csv")})
		return tree(t, dir)["new-out.csv"], err
	}
	if got, err := predict(orders); err != nil || got != string(wrote) {
		t.Errorf("%v\n%s\nthe program wrote\n%s", err, got, wrote)
	}
	if got, err := predict("u,k,a\ncy,y,4\n"); err != nil || !strings.HasPrefix(got, "hat,c,k,a,user,region\n") {
		t.Errorf("without what only training needs: %v\n%s", err, got)
	}
	if _, err := predict("k,a\ny,4\n"); err == nil || !strings.Contains(err.Error(), "D0104") {
		t.Errorf("without the key: %v", err)
	}
	out, err := m.PredictRecord(context.Background(), "", []byte(`{"u": "cy", "k": "y"}`))
	if err != nil || !strings.Contains(string(out), `"a":null`) {
		t.Errorf("%s, %v", out, err)
	}
}

// TestPredictWhatIsMissing gives rows without values that the program, by
// `where`, knows to be there: they are refused, not read as 0.
func TestPredictWhatIsMissing(t *testing.T) {
	dir, m := learned(t, map[string]string{"users.csv": "user,age\nann,30\nbob,\n", "rows.csv": "u,x,k,y\nann,1,a,2\n,2,b,3\nbob,3,b,1\nann,4,,2\nann,2,b,\n", "main.df": `
table U from csv("users.csv") { user: key, age: f32? }
table T from csv("rows.csv") { u: U?, x: f32?, k: category?, y: f32? }
table Known = T |> where(r => present(r.x) and present(r.k) and present(r.y) and present(r.u.age))
model f(r: Known) -> f32 {
  param w: f32 = 1
  param e: f32[T.k] ~ zeros()
  w * r.x + e[r.k] + r.u.age
}
train fit of f on Known {
  loss      r => squared(f(r), r.y)
  optimizer sgd(1e-4)
  steps     3
  batch     all
}
write csv("out.csv") = [{ hat: fit(r), r.x, r.y } for r in Known]
`})
	for record, want := range map[string]string{
		`{"u": "ann", "k": "a"}`:                     "the value of `x` is missing",
		`{"u": "ann", "k": "a", "x": null}`:          "predicts only rows where `x` is there",
		`{"u": "ann", "x": 1}`:                       "the value of `k` is missing",
		`{"x": 1, "k": "a"}`:                         "the value of `u` is missing",
		`{"u": "eve", "x": 1, "k": "a"}`:             "predicts only rows where `u` is there",
		`{"u": "bob", "x": 1, "k": "a"}`:             "`u.age` is missing",
		`{"u": "ann", "x": 1, "k": "a"}`:             "",
		`{"u": "ann", "x": 1, "k": "a", "y": 2}`:     "",
		`{"u": "ann", "x": 1, "k": "a", "y": "two"}`: "D0111",
	} {
		out, err := m.PredictRecord(context.Background(), "", []byte(record))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %s, %v", record, out, err)
		}
	}
	save(t, filepath.Join(dir, "new.csv"), "u,x,k,y\nann,1,a,\nann,2,b,1\n")
	if _, err := m.Predict(context.Background(), PredictOptions{File: filepath.Join(dir, "new.csv"), Output: filepath.Join(dir, "new-out.csv")}); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, dir)["new-out.csv"]; !strings.HasPrefix(got, "hat,x\n") {
		t.Errorf("what was learned is left out where a row lacks it:\n%s", got)
	}
}

// TestPredictMembers gives texts that are no members to a program that writes
// only rows whose text is one.
func TestPredictMembers(t *testing.T) {
	_, m := learned(t, map[string]string{"rows.csv": "d,x,y\nred,1,2\nblue,2,3\npink,3,1\n", "main.df": `
category Colour = ["red", "blue"]
table T from csv("rows.csv") { d: str, x: f32, y: f32 }
table In = [{ c: r.d, r.x, r.y } for r in T if r.d in Colour]
model f(r: In) -> f32 {
  param w: f32 = 1
  param e: f32[Colour] ~ ones()
  w * r.x + e[r.c]
}
train fit of f on In {
  loss      r => squared(f(r), r.y)
  optimizer sgd(1e-3)
  steps     3
  batch     all
}
write csv("out.csv") = [{ hat: fit(r), r.c } for r in In]
`})
	for record, want := range map[string]string{`{"d": "blue", "x": 1}`: "", `{"d": "pink", "x": 1}`: "no member of the category `Colour`"} {
		out, err := m.PredictRecord(context.Background(), "", []byte(record))
		if want == "" && (err != nil || !strings.Contains(string(out), `"c":"blue"`)) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %s, %v", record, out, err)
		}
	}
}
