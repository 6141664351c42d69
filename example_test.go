package dfc_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/dfc-lang/dfc"
)

// A program is compiled, bound to its data and run; with the state that it
// leaves, one flower is told from its measures, and then those of a file.
func Example() {
	dir, err := os.MkdirTemp("", "dfc-example-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	p, err := dfc.Compile("examples/iris.df", dfc.Options{})
	if err != nil {
		log.Fatal(err)
	}
	b, err := p.Bind(dfc.DataOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	state := filepath.Join(dir, "state")
	r, err := b.Run(ctx, dfc.RunOptions{Out: dir, Save: state})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Trainings[0].Name, "took", r.Trainings[0].Steps, "steps, ended by", r.Trainings[0].Why)

	m, err := p.Load(state)
	if err != nil {
		log.Fatal(err)
	}
	one, err := m.PredictRecord(ctx, "Flowers", []byte(`{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", one)

	rows := filepath.Join(dir, "new.csv")
	if err := os.WriteFile(rows, []byte("sepal_length,sepal_width,petal_length,petal_width\n6.5,3,5.5,1.8\n5.7,2.8,4.1,1.3\n"), 0o666); err != nil {
		log.Fatal(err)
	}
	out := filepath.Join(dir, "told.csv")
	if _, err := m.Predict(ctx, dfc.PredictOptions{Table: "Flowers", File: rows, Output: out}); err != nil {
		log.Fatal(err)
	}
	told, err := os.ReadFile(out)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", told)
	// Output:
	// fit took 420 steps, ended by epochs
	// {"predicted":"setosa"}
	// predicted
	// virginica
	// versicolor
}
