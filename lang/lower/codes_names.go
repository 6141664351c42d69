package lower

import "github.com/dfc-lang/dfc/lang/source"

// The catalogue of what can be wrong with calls.
func init() {
	source.Register(
		source.Code{ID: "E0213", Title: "a word of training outside of it",
			Explain: "`step`, `epoch` and `batch` have a value only while a model is trained: in the clauses of `train`, and in an optimizer."},
		source.Code{ID: "E0214", Title: "a name that means nothing",
			Explain: "Nothing of this name is declared in the file, in what it imports, or in the prelude. Names are compared exactly, letter by letter."},
		source.Code{ID: "E0215", Title: "functions that call each other without an end",
			Explain: "Functions are worked out when the program is compiled, and this went deeper than any sensible program goes. Usually a function is handed to itself."},
		source.Code{ID: "E0216", Title: "a name that the module does not have",
			Explain: "The module has been imported, and nothing of this name is declared in it."},
		source.Code{ID: "E0217", Title: "no such function of `random` or `batch`",
			Explain: "`random` has `normal`, `uniform` and `bernoulli`; `batch` has `sum`, `mean` and `max`."},
		source.Code{ID: "E0218", Title: "a program with too many versions of its functions",
			Explain: "A function is compiled once for each combination of argument types that it is called with. So many point to a function that calls another one with ever larger sizes. ----"},
		source.Code{ID: "E0220", Title: "a call of something that is no function",
			Explain: "Only functions, models, layers and types of numbers are called."},
		source.Code{ID: "E0221", Title: "a named argument of a function without names",
			Explain: "A function written as `x => …` may be called in many places under many names, so its arguments have places only."},
		source.Code{ID: "E0222", Title: "a function called with too many or too few arguments",
			Explain: "A function written as `(x, y) => …` takes just as many arguments as it names."},
		source.Code{ID: "E0223", Title: "a conversion of more than one value",
			Explain: "`f32(x)` converts one value, which may be a tensor."},
		source.Code{ID: "E0224", Title: "two arguments of one name",
			Explain: "Each argument of a function has a name of its own."},
		source.Code{ID: "E0225", Title: "too many arguments",
			Explain: "The function has fewer arguments than are given; the second place shows them."},
		source.Code{ID: "E0226", Title: "an argument that the function does not have",
			Explain: "The function has no argument of this name; the second place shows what it has."},
		source.Code{ID: "E0227", Title: "an argument given twice",
			Explain: "The argument has a value by its place, and another one by its name."},
		source.Code{ID: "E0228", Title: "an argument that is missing",
			Explain: "Only arguments with a default can be left away."},
	)
}
