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
)

func init() {
	source.Register(
		source.Code{ID: codeOpaque, Title: "a derivative through something that has none",
			Explain: "The derivative of this expression was asked for, by training or by `grad`, and it is declared to have none. If no gradient is meant to flow here, say so with `stop(x)`.",
			Wrong:   "let g = grad(x => opaque(x))(2.0)", Right: "let g = grad(x => stop(opaque(x)) * x)(2.0)"},
		source.Code{ID: codeAbsent, Title: "a parameter that does not reach the loss",
			Explain: "Training moves a parameter by the gradient of the loss. This one is never used on the way to the loss, so it would keep its initial value for ever. Use it, or remove it.",
			Wrong:   "model m(h: Houses) -> f32 {\n  param w: f32\n  param b: f32\n  w * h.rooms\n}", Right: "model m(h: Houses) -> f32 {\n  param w: f32\n  param b: f32\n  w * h.rooms + b\n}"},
		source.Code{ID: codeCut, Title: "no gradient reaches a parameter",
			Explain: "The parameter is used, but on every path from it to the loss something has derivative zero: rounding, a conversion to a whole number, the number of the greatest element, or a `stop`. It would keep its initial value for ever. Comparisons that only choose between two values do not cut.",
			Wrong:   "loss = square(round(w * h.rooms) - h.price)", Right: "loss = square(w * h.rooms - h.price)"},
		source.Code{ID: codePartly, Title: "some paths from a parameter carry no gradient",
			Explain: "The parameter reaches the loss on several paths, and on some of them the gradient is cut. The others still train it. This is a note for `check --pedantic`; `stop(x)` says that a cut is meant.",
			Wrong:   "loss = square(w * x - y) + round(w)", Right: "loss = square(w * x - y) + stop(round(w))"},
		source.Code{ID: codeNothing, Title: "a loss that nothing moves",
			Explain: "No parameter of the model reaches this loss, so there is nothing to train.",
			Wrong:   "train m on Houses { loss: square(h.price) }", Right: "train m on Houses { loss: square(m(h) - h.price) }"},
	)
}

// opaqueError is the error of a derivative through an opaque operation.
func opaqueError(op *ir.Op) *source.Diagnostic {
	return source.Errorf(codeOpaque, op.Span, "the derivative of this is asked for, but %s has none", op.Row.Name).
		WithHint("if no gradient is meant to flow here, write stop(…) around it")
}
