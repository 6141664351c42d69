package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

const columns = 20

// holed are the columns in which numbers are missing.
var holed = map[int]bool{3: true, 11: true}

// names are the values of the column of texts.
var names = []string{"amber", "birch", "cedar", "drift", "ember", "flint", "grove", "haven", "inlet", "jetty", "knoll", "ledge",
	"marsh", "north", "ocean", "prior", "quarry", "ridge", "slate", "timber", "upland", "valley", "willow", "yonder"}

// program learns from all columns: a category with learned numbers, optional
// values with their means, a statistic over the whole table.
func program() string {
	var fields, facts []string
	for i := range columns {
		kind, fact := "f32", fmt.Sprintf("r.x%d", i)
		if holed[i] {
			kind, fact = "f32?", fact+" ?? middle"
		}
		fields, facts = append(fields, fmt.Sprintf("x%d: %s", i, kind)), append(facts, fact)
	}
	return `import nn
table Rows from csv("rows.csv") {
  y: f32, kind: category, ` + strings.Join(fields, ", ") + `,
}
let middle = mean(r.x3 for r in Rows if present(r.x3))

model guess(r: Rows) -> f32 {
  param place: f32[Rows.kind, 4] ~ normal(0, 0.1)
  concat([` + strings.Join(facts, ", ") + `], place[r.kind])
    |> hidden = nn.dense(16) |> relu |> out = nn.dense(1) |> scalar
}
train fit of guess on Rows {
  loss      r => squared(guess(r), r.y)
  optimizer adam(1e-3)
  batch     1024
  epochs    1
}
print "rmse", sqrt(mean(square(fit(r) - r.y) for r in Rows))
`
}

// generate writes rows until the file has the size, the same on every machine.
func generate(path string, size int64) (rows int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	line := []byte("y,kind")
	for i := range columns {
		line = fmt.Appendf(line, ",x%d", i)
	}
	line = append(line, '\n')
	for at, g := int64(0), uint64(1); at < size; rows++ {
		n, err := w.Write(line)
		if err != nil {
			return rows, err
		}
		at += int64(n)
		line, g = row(line[:0], g)
	}
	if err := w.Flush(); err != nil {
		return rows, err
	}
	return rows, f.Close()
}

// row appends a row; its y is a sum of its numbers and one of its kind. The
// numbers have five digits behind the point.
func row(line []byte, g uint64) ([]byte, uint64) {
	var x [columns]uint64
	sum := uint64(0)
	for i := range x {
		g ^= g << 13
		g ^= g >> 7
		g ^= g << 17
		x[i] = g % 100000
		if i%2 == 0 {
			sum += x[i]
		}
	}
	kind := g >> 20 % uint64(len(names))
	line = digits(line, sum/columns+kind*1000)
	line = append(append(line, ','), names[kind]...)
	for i, v := range x {
		line = append(line, ',')
		if !holed[i] || v%16 != 0 {
			line = digits(line, v)
		}
	}
	return append(line, '\n'), g
}

// digits appends v·1e-5.
func digits(b []byte, v uint64) []byte {
	b = append(b, byte('0'+v/100000%10), '.')
	for d := uint64(10000); d > 0; d /= 10 {
		b = append(b, byte('0'+v/d%10))
	}
	return b
}
