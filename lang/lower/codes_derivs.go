package lower

import "github.com/dfc-lang/dfc/lang/source"

// The catalogue of what can be wrong with derivatives, loops and random numbers.
func init() {
	source.Register(
		source.Code{ID: "E0620", Title: "a derivative of something that is no function",
			Explain: "`grad(f)` is a function; the point comes afterwards: `grad(f)(x)`."},
		source.Code{ID: "E0621", Title: "a mode that does not exist",
			Explain: "`mode: forward` or `mode: reverse`; without it the better one is chosen."},
		source.Code{ID: "E0622", Title: "a derivative without its point",
			Explain: "`grad(f)(x)` takes the point, `vjp(f)(x, v)` and `jvp(f)(x, v)` also a direction."},
		source.Code{ID: "E0623", Title: "a derivative with respect to something that is no number",
			Explain: "The argument is a number, a tensor, or a record or tuple of these."},
		source.Code{ID: "E0624", Title: "a derivative with respect to whole numbers",
			Explain: "Only numbers with fractions change by little. What the derivative is not for stays outside: a function may use what is around it."},
		source.Code{ID: "E0625", Title: "a derivative of a function whose result has no number",
			Explain: "There is nothing whose change could be told."},
		source.Code{ID: "E0626", Title: "a gradient of a function with many results",
			Explain: "`grad` is of one number. `jacobian(f)` gives all derivatives."},
		source.Code{ID: "E0627", Title: "a derivative of a function whose result has none",
			Explain: "Whole numbers and bools do not change by little."},
		source.Code{ID: "E0630", Title: "a loop without its parts",
			Explain: "`fold(f, s0, xs)` and `scan(f, s0, xs)` take a function, the first state and what to go over."},
		source.Code{ID: "E0631", Title: "a loop whose first argument is no function",
			Explain: "`f` takes the state and an element, and gives the next state."},
		source.Code{ID: "E0632", Title: "a loop that ends early",
			Explain: "`until` is not part of this version."},
		source.Code{ID: "E0633", Title: "`out` that is no function",
			Explain: "`out: (s, x) => y` says what is kept of each step."},
		source.Code{ID: "E0634", Title: "a loop with a state that is no number",
			Explain: "The state is a number, a tensor, or a record or tuple of these."},
		source.Code{ID: "E0635", Title: "a random number with wrong arguments",
			Explain: "`random.normal()`, `random.uniform()` and `random.bernoulli(p)`."},
		source.Code{ID: "E0636", Title: "a probability that is no number",
			Explain: "`random.bernoulli(p)` takes one number between 0 and 1."},
		source.Code{ID: "E0637", Title: "`rows` without a function",
			Explain: "`x |> rows(f)` applies f to each row of a matrix."},
		source.Code{ID: "E0699", Title: "a derivative written by hand",
			Explain: "`adjoint` is not part of this version."},
	)
}
