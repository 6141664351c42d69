package passes

import (
	"slices"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

const aheadText = `
dim Users bound from "Users"
dim Ratings bound from "Ratings"
dim $rows batch = 1024 from "rows at a time"

func @write.batch(
  %user: index<Users>[$rows] col "#",
  %key: index<Users>[Ratings] column "Ratings.user",
  %stars: f32[Ratings] column "Ratings.stars",
  %days: i32[Ratings] column "Ratings.days") -> f64[$rows], i64[$rows], i32[$rows], f32[$rows] {
  %zero = const {t f64[Users], f [0]} : f64[Users]
  %none = const {t i64[Users], i [0]} : i64[Users]
  %idle = const {t i32[Users], i [0]} : i32[Users]
  %one = const {t i64[Ratings], i [1]} : i64[Ratings]
  %wide = convert %stars {k f64} : f64[Ratings]
  %sums = scatter_add %zero, %key, %wide {axis 0, batch_dims 0} : f64[Users]
  %counts = scatter_add %none, %key, %one {axis 0, batch_dims 0} : i64[Users]
  %all = scatter_add %idle, %key, %days {axis 0, batch_dims 0} : i32[Users]
  %sum = gather %sums, %user {axis 0, batch_dims 0} : f64[$rows]
  %count = gather %counts, %user {axis 0, batch_dims 0} : i64[$rows]
  %day = gather %all, %user {axis 0, batch_dims 0} : i32[$rows]
  %total = reduce_sum %stars {axes [0]} : f32
  %half = mul %total, %total : f32
  %each = broadcast %half {dims [$rows], axes []} : f32[$rows]
  return %sum, %count, %day, %each
}

func @sums.batch(
  %row: index<Ratings>[$rows] col "#",
  %user: index<Users>[$rows] col "user",
  %key: index<Users>[Ratings] column "Ratings.user",
  %stars: f32[Ratings] column "Ratings.stars") -> f64[$rows], f32[$rows] {
  %wide = convert %stars {k f64} : f64[Ratings]
  %zero = const {t f64[Users], f [0]} : f64[Users]
  %sums = scatter_add %zero, %key, %wide {axis 0, batch_dims 0} : f64[Users]
  %sum = gather %sums, %user {axis 0, batch_dims 0} : f64[$rows]
  %double = add %stars, %stars : f32[Ratings]
  %twice = gather %double, %row {axis 0, batch_dims 0} : f32[$rows]
  return %sum, %twice
}

node Users source {"Reader":{"Name":"csv","Paths":[{"Name":"","Text":"users.csv"}]},"Fields":[{"Name":"user","Type":"i64","IsKey":true}],"KeyCols":["user"]}
node Ratings source {"Reader":{"Name":"csv","Paths":[{"Name":"","Text":"ratings.csv"}]},"Fields":[{"Name":"user","Type":"index<Users>","Table":"Users"},{"Name":"stars","Type":"f32"},{"Name":"days","Type":"i32"}],"KeyCols":null}
node sums reduce {"Table":"Ratings","Fn":"sums.batch","Aggs":[{"Op":"sum"},{"Op":"sum"}],"Outputs":[{"Name":"sums","Type":"f64"},{"Name":"twice","Type":"f32"}]}
node write write {"Format":"csv","Path":"sums.csv","Table":"Users","Fn":"write.batch","Columns":[{"Name":"sum","Result":0,"Present":-1},{"Name":"count","Result":1,"Present":-1},{"Name":"days","Result":2,"Present":-1},{"Name":"all","Result":3,"Present":-1}]}
`

// TestAhead: sums over a whole table are computed once, for both functions that ask
// for them; what follows point by point, what the rows at hand have part in, and
// what can fail stays. What the functions yield is the same.
func TestAhead(t *testing.T) {
	m := parse(t, aheadText)
	before := clone(m)
	if err := Run(m, []Pass{passNamed(t, "ahead")}, nil, nil); err != nil {
		t.Fatal(err)
	}
	given := map[string]*ir.Tensor{}
	sizes := map[string]int64{"Users": 4, "Ratings": 50, "$rows": 3}
	var order []string
	for _, n := range m.Nodes {
		order = append(order, n.Name)
		if c, ok := n.Body.(*ir.Compute); ok {
			if !c.Ahead {
				t.Errorf("%s does not say that it is made", n.Name)
			}
			f := m.Func(c.Fn)
			for i, x := range run(t, m, sizes, f, argumentsOf(t, f, sizes, given)) {
				given[c.Outputs[i].Name] = x
			}
		}
	}
	if got := strings.Join(order, " "); got != "Users Ratings write.batch.ahead.2 write.batch.ahead sums.batch.ahead sums write" {
		t.Errorf("the nodes are %s", got)
	}
	for name, want := range map[string]string{
		"sums.batch.ahead": "const convert scatter_add", "sums.batch": "gather add gather",
		"write.batch.ahead": "const const scatter_add", "write.batch.ahead.2": "reduce_sum",
		"write.batch": "const scatter_add gather gather gather mul broadcast",
	} {
		var ops []string
		for _, op := range m.Func(name).Body.Ops {
			ops = append(ops, op.Row.Name)
		}
		if got := strings.Join(ops, " "); got != want {
			t.Errorf("%s computes %s, not %s", name, got, want)
		}
		if f := m.Func(name); strings.HasSuffix(name, ".batch") && !slices.Contains(f.Inputs, ir.Input{Role: ir.Given, Bind: "sums.batch.ahead/0"}) {
			t.Errorf("%s does not ask for the sums that both need", name)
		}
	}
	for _, name := range []string{"sums.batch", "write.batch"} {
		f, g := before.Func(name), m.Func(name)
		same(t, name, run(t, m, sizes, g, argumentsOf(t, g, sizes, given)), run(t, before, sizes, f, argumentsOf(t, f, sizes, nil)))
	}
}

// argumentsOf are those of a function, the same for the same input of every one.
func argumentsOf(t *testing.T, f *ir.Func, sizes map[string]int64, given map[string]*ir.Tensor) []*ir.Tensor {
	args := draw(t, f, sizes, nil, 3)
	for i, in := range f.Inputs {
		if x := given[in.Bind]; in.Role == ir.Given && x != nil {
			args[i] = x
			continue
		}
		for j := range args[i].F {
			args[i].F[j] = float64((j*j+len(in.Bind))%7) / 4
		}
		for j := range args[i].I {
			args[i].I[j] = int64(j*j+len(in.Bind)) % 4
		}
	}
	return args
}
