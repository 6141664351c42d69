// Package state holds the programs that the promises about states are shown
// with, and what runs, kills and compares them.
package state

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Program is a program with its data.
type Program struct {
	Name  string
	Text  string
	Files map[string]string
	Args  []string // of dfc run, beside the program and the state
	Spill bool     // its table does not fit into the memory that Args allow
}

// Lay writes the program and its data into a folder.
func (p Program) Lay(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, text := range p.Files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, p.Name+".df"), []byte(p.Text), 0o666)
}

// All are the programs, as they are run as commands.
func All() []Program { return []Program{Shop(1003, 48, 7), Swing(230), Wide(30000), Rated(2500)} }

// shop has what can go wrong with tables: keys, optional values and keys,
// categories, gathers of learned numbers, a running value, dropout, statistics,
// metrics that stop the training and keep the best, a second training that
// needs the first, logs, batches that do not divide the rows.
const shop = `import nn
table Items from csv("items.csv") { sku: key, weight: f32?, colour: category }
table Orders from csv("orders.csv") {
  item: Items, gift: Items?, shop: category, month: index[13], price: f32?, amount: f32,
}
table (Train, Valid) = Orders |> split(0.8, 0.2, seed: 5)
let usual = mean(o.price for o in Train if present(o.price))
let heavy = median(i.weight for i in Items if present(i.weight))

model sale(o: Orders) -> f32 {
  param item: f32[Items, 6] ~ normal(0, 0.3)
  param shop: f32[Orders.shop, 3] ~ normal(0, 0.3)
  param colour: f32[Items.colour, 2] ~ normal(0, 0.3)
  param season: f32[13] ~ zeros()
  state level: f32 = 0
  let price = o.price ?? usual
  level <- if training then 0.9 * level + 0.1 * batch.mean(price) else level
  let x = concat([price - level / 10, o.item.weight ?? heavy, o.gift.weight ?? 0],
                 item[o.item], shop[o.shop], colour[o.item.colour])
  let y = x |> hidden = nn.dense(16) |> relu |> nn.dropout(0.2) |> out = nn.dense(1) |> scalar
  y + season[o.month]
}
train first of sale on Train {
  loss      o => squared(sale(o), o.amount)
  penalty   1e-4 * sum(square(sale.item))
  optimizer adam(cosine(step, 1e-2, 400))
  batch     BATCH
  epochs    EPOCHS
  metric    rmse = sqrt(mean(square(sale(o) - o.amount) for o in Valid))
  metric    worst = max(abs(sale(o) - o.amount) for o in Valid)
  stop      stalled(rmse, 2)
  clip      norm(1.0)
  log       csv("log.first.csv") every 3 = { step, epoch, loss, rmse, best: max(abs(first.params.season)) }
}
model rest(o: Orders) -> f32 {
  param by: f32[Orders.shop, 13] ~ normal(0, 0.01)
  by[o.shop, o.month]
}
train second of rest on Train {
  loss      o => huber(rest(o), o.amount - first(o))
  optimizer sgd(0.05)
  batch     100
  last      drop
  epochs    2
  log       jsonl("log.second.jsonl") = { step, loss, seen: mean(second(o) for o in Valid), by: second.params.by[0, :2] }
}
print "usual", usual, "heavy", heavy
print "rmse", sqrt(mean(square(first(o) + second(o) - o.amount) for o in Valid))
write csv("sales.csv") = [{ item: o.item, shop: o.shop, gift: o.gift, predicted: first(o) + second(o) } for o in Valid]
write json("facts.json") = { usual, heavy, level: first.params.season, course: first.history }
print "passes", count(x for x in first.history.rmse)
write safetensors("first.safetensors") = first.params
`

// Shop is shop with so many orders, rows a step and passes.
func Shop(rows, batch, epochs int) Program {
	r := rand.New(rand.NewPCG(1, 2))
	items, orders := "sku,weight,colour\n", "item,gift,shop,month,price,amount\n"
	for i := range 40 {
		weight := fmt.Sprintf("%.3f", 3*r.Float64())
		if i%7 == 3 {
			weight = ""
		}
		items += fmt.Sprintf("s%d,%s,%s\n", i, weight, []string{"red", "green", "blue"}[i%3])
	}
	var b strings.Builder
	for i := range rows {
		item, price, gift := r.IntN(40), fmt.Sprintf("%.2f", 9*r.Float64()), ""
		if i%3 == 0 {
			gift = fmt.Sprintf("s%d", r.IntN(40))
		}
		if i%11 == 4 {
			price = ""
		}
		fmt.Fprintf(&b, "s%d,%s,%s,%d,%s,%.3f\n", item, gift, []string{"north", "south", "east", "west"}[r.IntN(4)],
			1+r.IntN(12), price, float64(item%5)+3*r.Float64())
	}
	text := strings.NewReplacer("BATCH", fmt.Sprint(batch), "EPOCHS", fmt.Sprint(epochs)).Replace(shop)
	return Program{Name: "shop", Text: text, Files: map[string]string{"items.csv": items, "orders.csv": orders + b.String()}}
}

// Swing is a training without a table: the gradient flows through a loop, and
// what is seen is disturbed anew each step.
func Swing(steps int) Program {
	return Program{Name: "swing", Text: fmt.Sprintf(`precision f64
import ode
fn pull(th: f64[2], s: f64[2]) -> f64[2] = [s[1], -th[0] * sin(s[0]) - th[1] * s[1]]
fn motion(th: f64[2]) -> f64[60, 2] =
  scan(s => ode.rk4(s => pull(th, s), s, 0.02), [1, 0], 60)
let truth: f64[2] = [9.81, 0.25]
let seen = motion(truth)
model orbit() -> f64[60, 2] {
  param th: f64[2] = [5, 0.1]
  motion(th) + 0.01 * random.normal()
}
train swing of orbit {
  loss      mean(square(orbit() - seen))
  optimizer adam(0.05)
  steps     %d
  metric    off = abs(swing.params.th[0] - truth[0])
  keep      best(off)
  log       csv("log.csv") = { step, loss, th: swing.params.th }
}
print "found", swing.params.th
write json("swing.json") = { found: swing.params.th, truth }
`, steps)}
}

// Rated learns numbers of many users and films of which a step names few: only
// the rows of these move.
func Rated(ratings int) Program {
	r := rand.New(rand.NewPCG(5, 6))
	users, films, rows := "user\n", "film\n", "user,film,stars\n"
	for i := range 700 {
		users += fmt.Sprintf("u%d\n", i)
	}
	for i := range 400 {
		films += fmt.Sprintf("f%d\n", i)
	}
	for range ratings {
		rows += fmt.Sprintf("u%d,f%d,%d\n", r.IntN(700)/(1+r.IntN(60)), r.IntN(400)/(1+r.IntN(60)), 1+r.IntN(5))
	}
	return Program{Name: "rated", Files: map[string]string{"users.csv": users, "films.csv": films, "ratings.csv": rows}, Text: `
table Users from csv("users.csv") { user: key }
table Films from csv("films.csv") { film: key }
table Ratings from csv("ratings.csv") { user: Users, film: Films, stars: f32 }
table (Train, Valid) = Ratings |> split(0.8, 0.2, seed: 3)
let middle = mean(r.stars for r in Train)
model stars(r: Ratings) -> f32 {
  param taste: f32[Users, 5] ~ normal(0, 0.3)
  param kind: f32[Films, 5] ~ normal(0, 0.3)
  param level: f32[Films] ~ zeros()
  middle + level[r.film] + dot(taste[r.user], kind[r.film])
}
train fit of stars on Train {
  loss      r => squared(stars(r), r.stars)
  optimizer adam(0.05) lazily
  batch     32
  epochs    4
  metric    rmse = sqrt(mean(square(stars(r) - r.stars) for r in Valid))
  keep      best(rmse)
}
print "rmse", sqrt(mean(square(fit(r) - r.stars) for r in Valid))
write json("level.json") = fit.params.level
`}
}

// Wide is a table that is kept on disk, decoded: its batches come from a
// temporary file, through the same shuffle as those from memory.
func Wide(rows int) Program {
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("y,kind,a,b,c,d\n")
	for i := range rows {
		x := [4]float64{r.Float64(), r.Float64(), r.Float64(), r.Float64()}
		c := fmt.Sprintf("%.4f", x[2])
		if i%17 == 5 {
			c = ""
		}
		fmt.Fprintf(&b, "%.4f,k%d,%.4f,%.4f,%s,%.4f\n", x[0]*x[1]+float64(i%5), i%5, x[0], x[1], c, x[3])
	}
	return Program{Name: "wide", Spill: true, Args: []string{"--memory", "4MB"}, Files: map[string]string{"wide.csv": b.String()}, Text: `import nn
table Rows from csv("wide.csv") { y: f32, kind: category, a: f32, b: f32, c: f32?, d: f32 }
table (Train, Test) = Rows |> split(0.9, 0.1, seed: 2)
let middle = mean(r.c for r in Train if present(r.c))
model guess(r: Rows) -> f32 {
  param place: f32[Rows.kind, 4] ~ normal(0, 0.1)
  concat([r.a, r.b, r.c ?? middle, r.d], place[r.kind])
    |> hidden = nn.dense(32) |> relu |> second = nn.dense(16) |> tanh |> out = nn.dense(1) |> scalar
}
train fit of guess on Train {
  loss      r => squared(guess(r), r.y)
  optimizer adamw(3e-3, 0.01)
  batch     1000
  epochs    2
}
print "rmse", sqrt(mean(square(fit(r) - r.y) for r in Test))
write csv("fitted.csv.gz") = [{ kind: r.kind, y: r.y, fitted: fit(r) } for r in Test]
`}
}
