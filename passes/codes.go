package passes

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// The gradient contract: E0600 to E0619.
const (
	codeOpaque  = "E0600"
	codeAbsent  = "E0601"
	codeCut     = "E0602"
	codePartly  = "E0603"
	codeNothing = "E0604"
	codeLazily  = "E0605"
)

func init() {
	source.Register(
		source.Code{ID: codeOpaque, Title: "a derivative through something that has none",
			Explain: "The derivative of this expression was asked for, by training or by `grad`, and it is declared to have none. If no gradient is meant to flow here, say so with `stop(x)`."},
		source.Code{ID: codeAbsent, Title: "a parameter that does not reach the loss",
			Explain: "Training moves a parameter by the gradient of the loss. This one is not used on the way to the loss, or only in a condition or as an index, so it would keep its initial value for ever. Use it, or remove it.",
			Wrong:   program("w * r.x", "m(r)"), Right: program("w * r.x + b", "m(r)")},
		source.Code{ID: codeCut, Title: "no gradient reaches a parameter",
			Explain: "The parameter is used, but on every path from it to the loss something has derivative zero: rounding, a conversion to a whole number, the number of the greatest element. It would keep its initial value for ever. Comparisons that only choose between two values do not cut; `stop(x)` says that a cut is meant.",
			Wrong:   program("round(w * r.x) + b", "m(r)"), Right: program("w * r.x + b", "m(r)")},
		source.Code{ID: codePartly, Title: "some paths from a parameter carry no gradient",
			Explain: "The parameter reaches the loss on several paths, and on some of them the gradient is cut. The others still train it. `stop(x)` says that a cut is meant.",
			Wrong:   program("w * r.x + round(w) + b", "m(r)"), Right: program("w * r.x + stop(round(w)) + b", "m(r)")},
		source.Code{ID: codeNothing, Title: "a loss that nothing moves",
			Explain: "Every path from the parameters to this loss goes through `stop`, so there is nothing to train.",
			Wrong:   program("w * r.x + b", "stop(m(r))"), Right: program("w * r.x + b", "m(r)")},
		source.Code{ID: codeLazily, Title: "an optimizer that cannot work lazily",
			Explain: "`lazily` moves only the rows of a parameter that a gradient reaches. An optimizer that computes something from all rows at once, such as the norm of the parameter, would have to go over them all.",
			Wrong:   lazily(" / sum(square(p))"), Right: lazily("")},
	)
}

// lazily is an example: an optimizer of a term more, asked to work lazily.
func lazily(term string) string {
	return "optimizer scaled(rate: real) for p, g {\n  p <- p - rate * g" + term + "\n}\n" +
		"table T from csv(\"t.csv\") { k: category, y: f32 }\nmodel m(r: T) -> f32 {\n  param w: f32[T.k] = 1\n  w[r.k]\n}\n" +
		"train fit of m on T {\n  loss r => square(m(r) - r.y)\n  optimizer scaled(0.1) lazily\n  batch 32\n  epochs 1\n}\n"
}

// program is an example: a model with two parameters and this body, trained
// on the square of the error of the prediction.
func program(body, prediction string) string {
	return "table T from csv(\"t.csv\") { x: f32, y: f32 }\n" +
		"model m(r: T) -> f32 {\n  param w: f32 ~ normal(0, 1)\n  param b: f32 ~ normal(0, 1)\n  " + body + "\n}\n" +
		"train fit of m on T {\n  loss r => square(" + prediction + " - r.y)\n  optimizer sgd(0.1)\n  batch 32\n  epochs 1\n}\n"
}

// opaqueError is the error of a derivative through an opaque operation.
func opaqueError(op *ir.Op) *source.Diagnostic {
	return source.Errorf(codeOpaque, op.Span, "the derivative of this is asked for, but %s has none", op.Row.Name).
		WithHint("if no gradient is meant to flow here, write stop(…) around it")
}
