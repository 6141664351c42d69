package tests

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/dfc-lang/dfc"
)

// written is a program with every form of result, and what the files must hold.
const written = `precision f64
setting on: bool = false
table N from csv("n.csv") { name: str, x: f64, y: f64?, k: i64, g: category }
let xs = [{ a: x, b: { c: 2 * x, d: [x, x] }, t: (x, x > 1) } for x in [1.0, 2.5]]
let grid = [{ i: i, inner: [{ s: i64(i) + i64(j) } for j in 2] } for i in 2]
write json("list.json") = xs
write jsonl("list.jsonl") = xs
write csv("list.csv") = xs
write json("value.json") = { grid: grid, name: "text", pair: (1, [2, 3]), some: [{ y: n.y } for n in N] }
write json("table.json") = N
write csv("table.csv") = N
write jsonl("rows.jsonl") = [{ low: lower(n.name), pair: (n.x, n.k), in: { y: n.y, z: [n.x, 1] } } for n in N if n.x > 0]
write csv("rows.csv") = [{ low: lower(n.name), pair: (n.x, n.k), in: { y: n.y, z: [n.x, 1] } } for n in N if n.x > 0]
write csv("matrix.csv") = [[n.x, f64(n.k)] for n in N] as f64[3, 2]
write csv("category.csv") = [{ g: g, n: count(n for n in N if n.g == g) } for g in N.g]
write json("vector.json") = [2 * n.x for n in N]
write json("no.json") if on = 1
write json("yes.json") if sum(N.x) > 0 = not on
write json("neither.json") if sum(N.x) < 0 = 1
`

var files = map[string]string{
	"list.json":    "[\n  {\"a\":1,\"b\":{\"c\":2,\"d\":[1,1]},\"t\":[1,false]},\n  {\"a\":2.5,\"b\":{\"c\":5,\"d\":[2.5,2.5]},\"t\":[2.5,true]}\n]\n",
	"list.jsonl":   "{\"a\":1,\"b\":{\"c\":2,\"d\":[1,1]},\"t\":[1,false]}\n{\"a\":2.5,\"b\":{\"c\":5,\"d\":[2.5,2.5]},\"t\":[2.5,true]}\n",
	"list.csv":     "a,b.c,b.d.0,b.d.1,t.0,t.1\n1,2,1,1,1,false\n2.5,5,2.5,2.5,2.5,true\n",
	"value.json":   `{"grid":[{"i":0,"inner":[{"s":0},{"s":1}]},{"i":1,"inner":[{"s":1},{"s":2}]}],"name":"text","pair":[1,[2,3]],"some":[{"y":2},{"y":null},{"y":7}]}` + "\n",
	"table.json":   "[\n  {\"name\":\"Ann\",\"x\":1,\"y\":2,\"k\":3,\"g\":\"a\"},\n  {\"name\":\"BOB, jr\",\"x\":-1,\"y\":null,\"k\":4,\"g\":\"b\"},\n  {\"name\":\"Cy\",\"x\":2.5,\"y\":7,\"k\":5,\"g\":\"a\"}\n]\n",
	"table.csv":    "name,x,y,k,g\nAnn,1,2,3,a\n\"BOB, jr\",-1,,4,b\nCy,2.5,7,5,a\n",
	"rows.jsonl":   "{\"low\":\"ann\",\"pair\":[1,3],\"in\":{\"y\":2,\"z\":[1,1]}}\n{\"low\":\"cy\",\"pair\":[2.5,5],\"in\":{\"y\":7,\"z\":[2.5,1]}}\n",
	"rows.csv":     "low,pair.0,pair.1,in.y,in.z.0,in.z.1\nann,1,3,2,1,1\ncy,2.5,5,7,2.5,1\n",
	"matrix.csv":   "1,3\n-1,4\n2.5,5\n",
	"category.csv": "g,n\na,2\nb,1\n",
	"vector.json":  "[2,-2,5]\n",
	"yes.json":     "true\n",
	"no.json":      "",
	"neither.json": "",
}

// TestWriters compares every form of result with the text that it must be.
func TestWriters(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{"main.df": written, "n.csv": "name,x,y,k,g\nAnn,1,2,3,a\n\"BOB, jr\",-1,,4,b\nCy,2.5,7,5,a\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := dfc.Compile(filepath.Join(dir, "main.df"), dfc.Options{Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bind(dfc.DataOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Run(context.Background(), dfc.RunOptions{Out: out}); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, _ := os.ReadFile(filepath.Join(out, name))
		if string(got) != want {
			t.Errorf("%s holds\n%s\nnot\n%s", name, got, want)
		}
	}
}
