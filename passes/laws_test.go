package passes

import (
	"math"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// lawExamples has a function for each law: parameters first, then a body in
// which the law must match. x and y are f64[3], p is bool[3].
var lawExamples = map[string]string{
	"fold":                  "%3 = const {t f64[3], f [2]} : f64[3]\n%4 = exp %3 : f64[3]\n%5 = mul %0, %4 : f64[3]\nreturn %5",
	"move-splat":            "%3 = const {t f64[6], f [-0]} : f64[6]\n%4 = slice %3 {starts [1], sizes [3], steps [1]} : f64[3]\n%5 = mul %0, %4 : f64[3]\nreturn %5",
	"size-known":            "%3 = size {n 3, k f64} : f64\n%4 = broadcast %3 {dims [3], axes []} : f64[3]\n%5 = mul %0, %4 : f64[3]\nreturn %5",
	"neg-neg":               "%3 = neg %0 : f64[3]\n%4 = neg %3 : f64[3]\nreturn %4",
	"not-not":               "%3 = not %2 : bool[3]\n%4 = not %3 : bool[3]\n%5 = select %4, %0, %1 : f64[3]\nreturn %5",
	"mul-one":               "%3 = const {t f64[3], f [1]} : f64[3]\n%4 = mul %0, %3 : f64[3]\nreturn %4",
	"mul-minus-one":         "%3 = const {t f64[3], f [-1]} : f64[3]\n%4 = mul %3, %0 : f64[3]\nreturn %4",
	"div-one":               "%3 = const {t f64[3], f [1]} : f64[3]\n%4 = div %0, %3 : f64[3]\nreturn %4",
	"sub-zero":              "%3 = const {t f64[3], f [0]} : f64[3]\n%4 = sub %0, %3 : f64[3]\nreturn %4",
	"add-minus-zero":        "%3 = const {t f64[3], f [-0]} : f64[3]\n%4 = add %0, %3 : f64[3]\nreturn %4",
	"add-neg":               "%3 = neg %1 : f64[3]\n%4 = add %3, %0 : f64[3]\nreturn %4",
	"sub-neg":               "%3 = neg %1 : f64[3]\n%4 = sub %0, %3 : f64[3]\nreturn %4",
	"mul-neg-neg":           "%3 = neg %1 : f64[3]\n%4 = neg %0 : f64[3]\n%5 = mul %3, %4 : f64[3]\nreturn %5",
	"powi-one":              "%3 = powi %0 {n 1} : f64[3]\nreturn %3",
	"and-true":              "%3 = const {t bool[3], i [1]} : bool[3]\n%4 = and %2, %3 : bool[3]\n%5 = select %4, %0, %1 : f64[3]\nreturn %5",
	"or-false":              "%3 = const {t bool[3], i [0]} : bool[3]\n%4 = or %3, %2 : bool[3]\n%5 = select %4, %0, %1 : f64[3]\nreturn %5",
	"select-known":          "%3 = const {t bool[3], i [0]} : bool[3]\n%4 = select %3, %0, %1 : f64[3]\nreturn %4",
	"select-same":           "%3 = select %2, %1, %1 : f64[3]\nreturn %3",
	"select-not":            "%3 = not %2 : bool[3]\n%4 = select %3, %0, %1 : f64[3]\nreturn %4",
	"select-select":         "%3 = exp %0 : f64[3]\n%4 = select %2, %0, %1 : f64[3]\n%5 = select %2, %4, %3 : f64[3]\n%6 = select %2, %1, %5 : f64[3]\n%7 = sub %5, %6 : f64[3]\nreturn %7",
	"convert-same":          "%3 = convert %0 {k f64} : f64[3]\nreturn %3",
	"convert-convert":       "%3 = convert %2 {k f32} : f32[3]\n%4 = convert %3 {k f64} : f64[3]\nreturn %4",
	"move-nothing":          "%3 = transpose %0 {perm [0]} : f64[3]\n%4 = reshape %3 {dims [3]} : f64[3]\nreturn %4",
	"broadcast-broadcast":   "%3 = broadcast %0 {dims [3,2], axes [0]} : f64[3,2]\n%4 = broadcast %3 {dims [4,3,2], axes [1,2]} : f64[4,3,2]\nreturn %4",
	"broadcast-ones":        "%3 = broadcast %0 {dims [1,3], axes [1]} : f64[1,3]\nreturn %3",
	"reshape-reshape":       "%3 = reshape %0 {dims [3,1]} : f64[3,1]\n%4 = reshape %3 {dims [1,3]} : f64[1,3]\nreturn %4",
	"transpose-transpose":   "%3 = einsum %0, %1 {spec \"i,j->ij\"} : f64[3,3]\n%4 = exp %3 : f64[3,3]\n%5 = transpose %4 {perm [1,0]} : f64[3,3]\n%6 = transpose %5 {perm [1,0]} : f64[3,3]\nreturn %6",
	"transpose-broadcast":   "%3 = broadcast %0 {dims [3,2], axes [0]} : f64[3,2]\n%4 = transpose %3 {perm [1,0]} : f64[2,3]\nreturn %4",
	"slice-slice":           "%3 = slice %0 {starts [1], sizes [2], steps [1]} : f64[2]\n%4 = slice %3 {starts [1], sizes [1], steps [1]} : f64[1]\nreturn %4",
	"slice-concat":          "%3 = concat %0, %1 {axis 0} : f64[6]\n%4 = slice %3 {starts [3], sizes [2], steps [2]} : f64[2]\nreturn %4",
	"parts-concat":          "%3 = const {t f64[6], f [0]} : f64[6]\n%4 = slice_add %3, %0 {starts [3]} : f64[6]\n%5 = slice_add %4, %1 {starts [0]} : f64[6]\nreturn %5",
	"slice-broadcast":       "%3 = broadcast %0 {dims [4,3], axes [1]} : f64[4,3]\n%4 = slice %3 {starts [1,1], sizes [2,2], steps [1,1]} : f64[2,2]\nreturn %4",
	"reverse-reverse":       "%3 = reverse %0 {axis 0} : f64[3]\n%4 = reverse %3 {axis 0} : f64[3]\nreturn %4",
	"elementwise-broadcast": "%3 = broadcast %0 {dims [4,3], axes [1]} : f64[4,3]\n%4 = broadcast %1 {dims [4,3], axes [1]} : f64[4,3]\n%5 = div %3, %4 : f64[4,3]\nreturn %5",
	"gather-all":            "%3 = iota {n 3} : index<3>[3]\n%4 = gather %0, %3 {axis 0, batch_dims 0} : f64[3]\nreturn %4",
	"gather-known":          "%3 = const {t index<3>, i [2]} : index<3>\n%4 = gather %0, %3 {axis 0, batch_dims 0} : f64\nreturn %4",
	"reduce-ones":           "%3 = reshape %0 {dims [3,1]} : f64[3,1]\n%4 = exp %3 : f64[3,1]\n%5 = reduce_max %4 {axes [1]} : f64[3]\nreturn %5",
	"sum-sum":               "%3 = einsum %0, %1 {spec \"i,j->ij\"} : f64[3,3]\n%4 = exp %3 : f64[3,3]\n%5 = reduce_sum %4 {axes [1]} : f64[3]\n%6 = reduce_sum %5 {axes [0]} : f64\nreturn %6",
	"max-repeated":          "%3 = broadcast %0 {dims [4,3], axes [1]} : f64[4,3]\n%4 = reduce_max %3 {axes [0]} : f64[3]\nreturn %4",
	"sum-repeated":          "%3 = broadcast %0 {dims [4,3], axes [1]} : f64[4,3]\n%4 = reduce_sum %3 {axes [0]} : f64[3]\nreturn %4",
	"recognise-contraction": "%3 = broadcast %0 {dims [4,3], axes [1]} : f64[4,3]\n%4 = broadcast %1 {dims [4,3], axes [1]} : f64[4,3]\n%5 = mul %0, %1 : f64[3]\n%6 = reduce_sum %5 {axes [0]} : f64\nreturn %6",
	"einsum-broadcast":      "%3 = broadcast %0 {dims [4,3], axes [1]} : f64[4,3]\n%4 = einsum %3, %1 {spec \"bi,i->b\"} : f64[4]\n%5 = broadcast %1 {dims [3,3], axes [0]} : f64[3,3]\n%6 = einsum %0, %5 {spec \"i,ji->j\"} : f64[3]\nreturn %4, %6",
	"einsum-transpose":      "%3 = broadcast %0 {dims [3,4], axes [0]} : f64[3,4]\n%4 = exp %3 : f64[3,4]\n%5 = reshape %4 {dims [4,3]} : f64[4,3]\n%6 = transpose %5 {perm [1,0]} : f64[3,4]\n%7 = einsum %6, %1 {spec \"ij,i->j\"} : f64[4]\nreturn %7",
	"transpose-einsum":      "%3 = einsum %0, %1 {spec \"i,j->ij\"} : f64[3,3]\n%4 = transpose %3 {perm [1,0]} : f64[3,3]\nreturn %4",
	"slice-einsum":          "%3 = einsum %0, %1 {spec \"i,j->ji\"} : f64[3,3]\n%4 = slice %3 {starts [1, 0], sizes [2, 2], steps [1, 2]} : f64[2,2]\nreturn %4",
	"einsum-one":            "%3 = reshape %0 {dims [3,1]} : f64[3,1]\n%4 = einsum %3 {spec \"ij->ji\"} : f64[1,3]\nreturn %4",
	"einsum-product":        "%3 = einsum %0, %1 {spec \"i,i->i\"} : f64[3]\nreturn %3",
	"capture-constant":      "%3 = const {t f64[3], f [0.1]} : f64[3]\n%4 = scan %3, %0 {count 2, captures 1, carries 1, xs 0} (%5: f64[3], %6: f64[3]) {\n%7 = add %5, %6 : f64[3]\nyield %7\n} : f64[3]\nreturn %4",
	"cond-known":            "%3 = const {t bool, i [0]} : bool\n%4 = cond %3, %0 (%5: f64[3]) {\n%6 = exp %5 : f64[3]\nyield %6\n} (%7: f64[3]) {\n%8 = neg %7 : f64[3]\nyield %8\n} : f64[3]\nreturn %4",
	"cond-same":             "%4 = cond %2, %0 (%5: f64[3]) {\n%6 = exp %5 : f64[3]\nyield %6\n} (%7: f64[3]) {\n%8 = exp %7 : f64[3]\nyield %8\n} : f64[3]\nreturn %4",
	"cond-capture":          "%4, %9 = cond %2, %0 (%5: f64[3]) {\n%6 = exp %5 : f64[3]\nyield %6, %5\n} (%7: f64[3]) {\n%8 = neg %7 : f64[3]\nyield %8, %7\n} : f64[3], f64[3]\nreturn %4, %9",
	"scan-carry":            "%4, %9 = scan %0, %1 {count 2, captures 0, carries 2, xs 0} (%5: f64[3], %6: f64[3]) {\n%7 = mul %5, %6 : f64[3]\nyield %7, %6\n} : f64[3], f64[3]\nreturn %4, %9",
	"add-zero":              "%3 = const {t f64[3], f [0]} : f64[3]\n%4 = add %0, %3 : f64[3]\nreturn %4",
	"log-exp":               "%3 = exp %0 : f64[3]\n%4 = log %3 : f64[3]\nreturn %4",
	"log-ratio":             "%3 = exp %0 : f64[3]\n%4 = exp %1 : f64[3]\n%5 = div %3, %4 : f64[3]\n%6 = log %5 : f64[3]\nreturn %6",
	"log-one-plus-exp":      "%3 = const {t f64[3], f [1]} : f64[3]\n%4 = exp %0 : f64[3]\n%5 = add %3, %4 : f64[3]\n%6 = log %5 : f64[3]\nreturn %6",
	"log-sum-exp":           "%3 = exp %0 : f64[3]\n%4 = reduce_sum %3 {axes [0]} : f64\n%5 = log %4 : f64\nreturn %5",
	"norm-square":           "%4 = einsum %0, %0 {spec \"i,i->\"} : f64\n%5 = const {t f64, f [0]} : f64\n%6 = cmp %4, %5 {pred \"gt\"} : bool\n%7 = cmp %4, %4 {pred \"ne\"} : bool\n%8 = or %6, %7 : bool\n%9 = cond %8, %4 (%10: f64) {\n%11 = sqrt %10 : f64\nyield %11\n} (%12: f64) {\n%13 = const {t f64, f [0]} : f64\nyield %13\n} : f64\n%14 = mul %9, %9 : f64\nreturn %14",
	"log-logistic":          "%3 = logistic %0 : f64[3]\n%4 = log %3 : f64[3]\nreturn %4",
	"log-one-plus":          "%3 = const {t f64[3], f [1]} : f64[3]\n%4 = mul %0, %0 : f64[3]\n%5 = add %3, %4 : f64[3]\n%6 = log %5 : f64[3]\nreturn %6",
	"exp-minus-one":         "%3 = const {t f64[3], f [1]} : f64[3]\n%4 = exp %0 : f64[3]\n%5 = sub %4, %3 : f64[3]\nreturn %5",
	"zero-product":          "%3 = const {t f64[3], f [0]} : f64[3]\n%4 = mul %3, %0 : f64[3]\nreturn %4",
	"zero-quotient":         "%3 = const {t f64[3], f [0]} : f64[3]\n%4 = div %3, %0 : f64[3]\nreturn %4",
	"zero-term":             "%3 = const {t f64[3], f [0]} : f64[3]\n%4 = add %3, %0 : f64[3]\n%5 = sub %4, %3 : f64[3]\nreturn %5",
	"zero-contraction":      "%3 = const {t f64[3], f [0]} : f64[3]\n%4 = einsum %3, %0 {spec \"i,i->\"} : f64\nreturn %4",
	"zero-reduction":        "%3 = const {t f64[3], f [0]} : f64[3]\n%4 = reduce_max %3 {axes [0]} : f64\nreturn %4",
	"elementwise-transpose": "%3 = einsum %0, %1 {spec \"i,j->ij\"} : f64[3,3]\n%4 = exp %3 : f64[3,3]\n%5 = transpose %4 {perm [1,0]} : f64[3,3]\n%6 = neg %5 : f64[3,3]\nreturn %6",
	"concat-transpose":      "%3 = einsum %0, %1 {spec \"i,j->ij\"} : f64[3,3]\n%4 = exp %3 : f64[3,3]\n%5 = transpose %4 {perm [1,0]} : f64[3,3]\n%6 = reshape %0 {dims [3,1]} : f64[3,1]\n%7 = concat %5, %6 {axis 1} : f64[3,4]\nreturn %7",
	"reduce-transpose":      "%3 = einsum %0, %1 {spec \"i,j->ij\"} : f64[3,3]\n%4 = exp %3 : f64[3,3]\n%5 = transpose %4 {perm [1,0]} : f64[3,3]\n%6 = reduce_sum %5 {axes [0]} : f64[3]\nreturn %6",
}

// TestLaws: each law matches its example; exact ones keep every bit for
// special numbers, the others agree on ordinary ones.
func TestLaws(t *testing.T) {
	special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, 1, -1.5, 1e300, 5e-324}
	for _, l := range Laws() {
		t.Run(l.Name, func(t *testing.T) {
			text := lawExamples[l.Name]
			if text == "" || l.Says == "" {
				t.Fatal("no example, or nothing said")
			}
			m := parse(t, "func @f(%0: f64[3], %1: f64[3], %2: bool[3]) -> "+resultTypes(text)+" {\n"+text+"\n}")
			c := clone(m)
			fired := newDeriver(c).rewrite(c.Func("f"), l.Class, l.late)
			ir.Renumber(c.Func("f"))
			if fired[l.Name] == 0 {
				t.Fatalf("does not match; %v\n%s", fired, c)
			}
			if err := ir.Verify(c, ir.StageRaw); err != nil {
				t.Fatal(err)
			}
			exact := l.Class == Exact
			for name := range fired {
				exact = exact && classOf(name) == Exact
			}
			for k := range special {
				args := draw(t, m.Func("f"), nil, nil, int64(k))
				for j := range 3 {
					args[2].I[j] = int64(k+j) & 1
					if exact {
						args[0].F[j], args[1].F[j] = special[(k+j)%len(special)], special[(k*3+j*2)%len(special)]
					}
				}
				got, want := run(t, c, nil, c.Func("f"), args), run(t, m, nil, m.Func("f"), args)
				for i := range want {
					for j := range want[i].F {
						a, b := got[i].F[j], want[i].F[j]
						if exact && math.Float64bits(a) != math.Float64bits(b) && !(math.IsNaN(a) && math.IsNaN(b)) || !exact && !close(a, b, 1e-13) {
							t.Fatalf("result %d element %d: %v, was %v for %v %v\n%s", i, j, a, b, args[0].F, args[1].F, c)
						}
					}
				}
			}
		})
	}
}

func classOf(name string) Class {
	for _, l := range Laws() {
		if l.Name == name {
			return l.Class
		}
	}
	return Exact
}

// resultTypes finds the types of what the text returns.
func resultTypes(text string) string {
	types := map[string]string{"%0": "f64[3]", "%1": "f64[3]", "%2": "bool[3]"}
	var out, open []string
	for _, line := range strings.Split(text, "\n") {
		left, _, _ := strings.Cut(line, " = ")
		_, right, typed := strings.Cut(line, " : ")
		rest, isReturn := strings.CutPrefix(line, "return ")
		switch {
		case isReturn:
			for _, v := range strings.Split(rest, ", ") {
				out = append(out, types[v])
			}
		case strings.HasPrefix(line, "} : "):
			for i, ty := range strings.Split(right, ", ") {
				types[open[i]] = ty
			}
		case strings.HasPrefix(line, "%") && strings.HasSuffix(line, "{"):
			open = strings.Split(left, ", ")
		case typed && !strings.HasPrefix(line, "}"):
			types[left] = right
		}
	}
	return strings.Join(out, ", ")
}
