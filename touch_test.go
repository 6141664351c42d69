package dfc

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rated are programs that learn numbers of many users and films from few
// ratings a step. MODEL, LOSS and the clauses stand for what differs.
const rated = `table Users from csv("users.csv") { user: i64 key }
table Films from csv("films.csv") { film: i64 key, before: Films? }
table Ratings from csv("ratings.csv") { user: Users, film: Films, again: Films, stars: f32 }
model stars(r: Ratings) -> f32 {
  param taste: f32[Users, 3] ~ normal(0, 0.5)
  param kind: f32[Films, 3] ~ normal(0, 0.5)
  param level: f32[Films] ~ zeros()
  MODEL
}
train fit of stars on Ratings {
  loss r => squared(stars(r), r.stars)
  batch 16
  epochs 2
  CLAUSES
}
`

// ratings writes the tables; some keys come often, so that they meet in a step.
func ratings(t *testing.T, dir string) {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	var users, films, rows strings.Builder
	users.WriteString("user\n")
	for i := range 300 {
		fmt.Fprintf(&users, "%d\n", i)
	}
	films.WriteString("film,before\n")
	for i := range 200 {
		before := ""
		if i%3 == 1 {
			before = fmt.Sprint(i - 1)
		}
		fmt.Fprintf(&films, "%d,%s\n", i, before)
	}
	rows.WriteString("user,film,again,stars\n")
	for range 250 {
		fmt.Fprintf(&rows, "%d,%d,%d,%d\n", r.IntN(300)/(1+r.IntN(40)), r.IntN(200)/(1+r.IntN(40)), r.IntN(200), 1+r.IntN(5))
	}
	for name, text := range map[string]string{"users.csv": users.String(), "films.csv": films.String(), "ratings.csv": rows.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// trainedRatings runs a program and yields its plan and what it has learned.
func trainedRatings(t *testing.T, dir, text string, workers int, disabled ...string) (plan string, learned map[string][]float64) {
	t.Helper()
	b := boundText(t, filepath.Join(dir, "rated.df"), text, workers, disabled...)
	var said strings.Builder
	if err := b.Emit(&said, "plan"); err != nil {
		t.Fatal(err)
	}
	r, err := b.Run(context.Background(), RunOptions{Out: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	learned = map[string][]float64{}
	for _, name := range []string{"taste", "kind", "level"} {
		a, ok := r.Value("fit/stars." + name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		for i := range a.Len() {
			learned[name] = append(learned[name], a.Float(i))
		}
	}
	return said.String(), learned
}

// TestTouchedRows: where only the rows of the batch move, all rows come out as
// they do when all are gone over, bit for bit but for the sign of zero; where
// that cannot be, the plan says why.
func TestTouchedRows(t *testing.T) {
	const product = "dot(taste[r.user], kind[r.film]) + level[r.film]"
	const twice = "dot(taste[r.user], kind[r.film] - 0.5 * kind[r.again]) + level[r.film] * level[r.again]"
	const optional = "dot(taste[r.user], kind[r.film]) + (if present(r.film.before) then level[r.film.before] else 0.25)"
	for _, c := range []struct {
		name, model, clauses string
		dense                string // why the numbers of films move in all rows; "" where they do not
		close                bool   // a sum over all rows is one over keys, in another tree
	}{
		{"sgd", product, "optimizer sgd(0.05)", "", false},
		{"adagrad", product, "optimizer adagrad(0.05)", "", false},
		{"two keys", twice, "optimizer adagrad(0.05)", "", false},
		{"optional key", optional, "optimizer sgd(0.05)", "", false},
		{"rate by step", twice, "optimizer sgd(linear_decay(step, 0.1, 0.01, 30))", "", false},
		{"clip value", twice, "optimizer sgd(0.05)\n  clip value(0.01)", "", false},
		{"clip norm", twice, "optimizer adagrad(0.05)\n  clip norm(0.1)", "", true},
		{"short last batch", product, "optimizer adagrad(0.05)\n  last short", "", false},
		{"adam", product, "optimizer adam(0.01)", "the state `v` of the optimizer changes without a gradient (stdlib/optim.df", false},
		{"momentum", product, "optimizer sgd(0.01, momentum: 0.9)", "the state `v` of the optimizer changes without a gradient", false},
		{"decay", product, "optimizer sgd(0.01, decay: 0.1)", "the optimizer changes it without a gradient", false},
		{"penalty", product, "optimizer sgd(0.01)\n  penalty 0.01 * sum(square(stars.kind))", "every row has a gradient", false},
		{"lazy adam", product, "optimizer adam(0.01) lazily", "", false},
		{"lazy momentum", twice, "optimizer sgd(0.01, momentum: 0.9, decay: 0.1) lazily", "", false},
		{"lazy rate by step", twice, "optimizer rmsprop(linear_decay(step, 0.1, 0.01, 30)) lazily\n  clip value(0.1)", "", false},
		{"lazy penalty", product, "optimizer adam(0.01) lazily\n  penalty 0.01 * sum(square(stars.kind))", "every row has a gradient", false},
		{"all", product, "optimizer sgd(0.01)\n  batch 128", "a step has 128 keys for its 200 rows", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			ratings(t, dir)
			text := strings.NewReplacer("MODEL", c.model, "CLAUSES", c.clauses).Replace(rated)
			if strings.Contains(c.clauses, "batch") {
				text = strings.Replace(text, "  batch 16\n", "", 1)
			}
			_, want := trainedRatings(t, dir, text, 1, "touch")
			plan, got := trainedRatings(t, dir, text, 1)
			kind := ""
			for _, line := range strings.Split(plan, "\n") {
				if strings.Contains(line, "stars.kind") && strings.Contains(line, "moves in") {
					kind = line
				}
			}
			if c.dense == "" && !strings.Contains(kind, "moves in the rows of the batch, at most") || !strings.Contains(kind, c.dense) {
				t.Errorf("the plan says %q", kind)
			}
			if touched := strings.Contains(plan, "row_write"); touched != (c.dense == "") && !strings.Contains(c.clauses, "penalty") && c.name != "all" {
				t.Errorf("rows are written: %v", touched)
			}
			for name, list := range want {
				for i, w := range list {
					if g := got[name][i]; g != w && !(c.close && math.Abs(g-w) <= 1e-5*(1+math.Abs(w))) {
						t.Fatalf("%s[%d] is %v, with all rows gone over %v", name, i, g, w)
					}
				}
			}
			for _, workers := range []int{2, 4} {
				_, more := trainedRatings(t, dir, text, workers)
				for name, list := range got {
					for i, w := range list {
						if math.Float64bits(more[name][i]) != math.Float64bits(w) {
							t.Fatalf("%s[%d] depends on the workers", name, i)
						}
					}
				}
			}
		})
	}
}

// TestLazily: a row moves, with its states, when a gradient reaches it; a state
// that is one number goes on for all.
func TestLazily(t *testing.T) {
	dir := t.TempDir()
	ratings(t, dir)
	rows := "user,film,again,stars\n3,1,2,5.5\n3,1,2,5.5\n4,2,1,1.5\n5,1,1,0.5\n"
	if err := os.WriteFile(filepath.Join(dir, "ratings.csv"), []byte(rows), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, optimizer string
		want            [4]float64 // levels of films 0 to 3 after two passes
	}{
		{"each row counts", "state n = zeros_like(p)\n  let m = n + 1\n  n <- m\n  p <- 0 * g - m", [4]float64{0, -6, -2, 0}},
		{"all count together", "state n: real = 0\n  let m = n + 1\n  n <- m\n  p <- 0 * g - m", [4]float64{0, -8, -7, 0}},
	} {
		text := strings.NewReplacer("MODEL", "level[r.film] + dot(taste[r.user], kind[r.film])", "batch 16", "batch 1\n  order file",
			"CLAUSES", "optimizer counting() lazily").Replace(rated) + "optimizer counting() for p, g {\n  " + c.optimizer + "\n}\n"
		for _, disabled := range [][]string{nil, {"touch"}} {
			_, got := trainedRatings(t, dir, text, 1, disabled...)
			if [4]float64(got["level"]) != c.want {
				t.Errorf("%s: %v, expected %v", c.name, got["level"][:4], c.want)
			}
		}
	}
}
