package main

// workload is one line of the table: a program of bench/ and what of it is timed.
type workload struct {
	name  string
	what  string // for people
	file  string // the program, in bench/
	kind  kind
	value string // of a computation: the `let` that is timed
	base  string // of a gradient: the `let` of its objective, "" for none
	data  func(dir string) error
	f64   bool
	// region: its work is one region of machine code, so that the numbers of the
	// instructions bound it.
	region bool
}

// kind is what is timed.
type kind uint8

const (
	steps   kind = iota // the steps of the program's training
	compute             // one value, again and again
	whole               // the process from its start to its end
)

var workloads = []workload{
	{name: "logistic", what: "logistic regression, 20 features, batch 256, SGD: a step", file: "logistic.df", data: writePoints},
	{name: "network", what: "12-64-64-1, batch 256, Adam: a step", file: "network.df", data: writeRows},
	{name: "digits64", what: "784-128-10, batch 64, SGD: a step", file: "digits64.df"},
	{name: "digits256", what: "784-128-10, batch 256, Adam: a step", file: "digits256.df"},
	{name: "windows", what: "convolutions 8×5×5 and 16×3×3 on 28×28, batch 64, Adam: a step", file: "windows.df"},
	{name: "factorisation", what: "100,000 × 20,000 × 16, batch 1024, SGD on touched rows: a step", file: "factorisation.df", data: writeRatings},
	{name: "recurrent", what: "GRU of 128 over 64 embedded characters, batch 64, Adam: a step", file: "recurrent.df", data: writeLines},
	{name: "pendulum", what: "200 steps of RK4, parameter gradient, f64", file: "pendulum.df", kind: compute, value: "gradient", base: "objective", f64: true},
	{name: "mixture", what: "Gaussian mixture, 1000 × 32, 25 parts, gradient, f64", file: "mixture.df", kind: compute, value: "gradient", base: "objective", f64: true},
	{name: "options32", what: "Black-Scholes, 1,000,000 options, five greeks, f32", file: "black_scholes.df", kind: compute, value: "greeks32", base: "prices32", region: true},
	{name: "options64", what: "Black-Scholes, 1,000,000 options, five greeks, f64", file: "black_scholes.df", kind: compute, value: "greeks64", base: "prices64", f64: true, region: true},
	{name: "csv", what: "CSV of 1,000,000 × 20 to predictions, one epoch: the process", file: "csv.df", kind: whole, data: writeTable},
	{name: "start", what: "process start to the first gradient, logistic regression", file: "start.df", kind: whole, data: writePoints},
}
