package macro

import "sync"

type function struct {
	args int
	make func(b *builder, x []v) v
}

// functions are the rows of the table of operations that have a program.
var functions = map[string]function{
	"abs": {1, abs}, "neg": {1, neg}, "sqrt": {1, sqrt}, "floor": {1, floor}, "round": {1, round}, "sign": {1, sign},
	"add": {2, add}, "sub": {2, sub}, "mul": {2, mul}, "div": {2, div}, "max": {2, greater},
	"fma": {3, fma}, "select": {3, choice},
	"exp": {1, exp}, "expm1": {1, expm1}, "logistic": {1, logistic}, "tanh": {1, tanh}, "erf": {1, erf}, "lgamma": {1, lgamma},
	"log": {1, log}, "log1p": {1, log1p}, "sin": {1, sin}, "cos": {1, cos},
	"pow": {2, pow}, "atan2": {2, atan2}, "rem": {2, rem},
}

// Rows are the names that For knows.
func Rows() []string {
	var out []string
	for r := range functions {
		out = append(out, r)
	}
	return out
}

type key struct {
	row  string
	lane Lane
	n    int64
}

var programs sync.Map // key → *Code

// For is the program of a row on floats; n is the attribute of powi and
// polygamma. The program is shared and not to be changed. The first operand of
// select is a mask.
func For(row string, l Lane, n int64) (*Code, bool) {
	f, ok := functions[row]
	if row == "powi" && n != 0 && n != 1 && n >= leastPower && n <= greatestPower {
		f, ok = function{1, powi(n)}, true
	}
	if row == "polygamma" && n >= 0 && n < int64(len(polygammaPrograms)) {
		f, ok = function{1, polygammaPrograms[n]}, true
	}
	if !ok {
		return nil, false
	}
	return once(key{row, l, n}, func() *Code { return build(l, f.args, f.make) }), true
}

var predicates = map[string]struct {
	pred Pred
	swap bool
}{"eq": {Eq, false}, "ne": {Ne, false}, "lt": {Lt, false}, "le": {Le, false}, "gt": {Lt, true}, "ge": {Le, true}}

// Compare is the program of a comparison (eq ne lt le gt ge); its result is a mask.
func Compare(pred string, l Lane) (*Code, bool) {
	p, ok := predicates[pred]
	if !ok {
		return nil, false
	}
	return once(key{"cmp " + pred, l, 0}, func() *Code {
		return build(l, 2, func(b *builder, x []v) v {
			if p.swap {
				return b.cmp(x[1], p.pred, x[0])
			}
			return b.cmp(x[0], p.pred, x[1])
		})
	}), true
}

func once(k key, f func() *Code) *Code {
	c, ok := programs.Load(k)
	if !ok {
		c, _ = programs.LoadOrStore(k, f())
	}
	return c.(*Code)
}
