package dfc

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/runtime/train"
)

const summed = `
table Users from csv("users.csv") { user: i64 key }
table Films from csv("films.csv") { film: i64 key }
table Ratings from csv("ratings.csv") { user: Users, film: Films, again: Films, stars: f32 }
let usual = mean(r.stars for r in Ratings)
model guess(r: Ratings) -> f32 {
  param w: f32 ~ zeros()
  let known = sum(o.stars - usual for o in Ratings if o.film == r.film)
  usual + w * known / (f32(count(o for o in Ratings if o.film == r.film)) + 2)
}
train fit of guess on Ratings {
  loss r => squared(guess(r), r.stars)
  optimizer sgd(0.05)
  batch 16
  epochs 3
  metric off = mean(abs(guess(r) - r.stars) for r in Ratings)
}
let raised = mean(fit(r) for r in Ratings)
write csv("films.csv") = [{ f.film, total: sum(r.stars for r in Ratings if r.film == f),
  n: count(r for r in Ratings if r.film == f and r.stars > 2) } for f in Films]
write csv("ratings.csv") = [{ r.stars, guess: fit(r) } for r in Ratings]
print fit.history.off, raised
`

// TestAhead: what is the same in every batch is computed once, before the training,
// and comes out as if it were not; no state has it, and a prediction computes it of
// what is there then.
func TestAhead(t *testing.T) {
	dir := t.TempDir()
	ratings(t, dir)
	states, texts := t.TempDir(), map[string]string{}
	for _, disabled := range []string{"", "ahead"} {
		p, err := CompileText(filepath.Join(dir, "summed.df"), []byte(summed), Options{Verify: true, Disabled: []string{disabled}})
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.Bind(DataOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if n := strings.Count(b.module.String(), `"Ahead":true`); n != map[string]int{"": 4}[disabled] {
			t.Errorf("without %q there are %d nodes ahead:\n%s", disabled, n, b.module)
		}
		out, said := t.TempDir(), &strings.Builder{}
		if _, err := b.Run(context.Background(), RunOptions{Out: out, Save: filepath.Join(states, "of"+disabled), Stdout: said}); err != nil {
			t.Fatal(err)
		}
		now := said.String()
		for _, name := range []string{"films.csv", "ratings.csv"} {
			text, err := os.ReadFile(filepath.Join(out, name))
			if err != nil {
				t.Fatal(err)
			}
			now += string(text)
		}
		if texts[disabled] = now; disabled == "" {
			predictFilms(t, p, dir, filepath.Join(states, "of"), out)
		}
	}
	if texts[""] != texts["ahead"] {
		t.Error("what is computed ahead changes results")
	}
	st, _, err := train.Load(train.Disk, filepath.Join(states, "of"))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range st.Given {
		if strings.Contains(g.Name, ".ahead") {
			t.Errorf("the state has %s", g.Name)
		}
	}
}

// predictFilms writes the sums of some films by a program that has run.
func predictFilms(t *testing.T, p *Program, dir, state, out string) {
	t.Helper()
	m, err := p.Load(state)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(out, "again.csv")
	if _, err := m.Predict(context.Background(), PredictOptions{Table: "Films", File: filepath.Join(dir, "films.csv"), Output: to}); err != nil {
		t.Fatal(err)
	}
	was, err := os.ReadFile(filepath.Join(out, "films.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(to); err != nil || string(now) != string(was) {
		t.Errorf("predicted sums are others: %v", err)
	}
}
