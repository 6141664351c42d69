package syntax

import "github.com/dfc-lang/dfc/lang/source"

// This file is the catalogue of syntax errors, E0101 to E0151.

func init() {
	source.Register(textCodes...)
	source.Register(formCodes...)
	source.Register(exprCodes...)
	source.Register(bodyCodes...)
}

var textCodes = []source.Code{
	{ID: "E0101", Title: "the file is not UTF-8",
		Explain: "Programs are UTF-8 text. An editor that saves another encoding, or a file that is no text at all, has bytes that mean nothing there; the offset of the first one is given."},
	{ID: "E0102", Title: "a character without meaning",
		Explain: "Outside texts and comments only names, numbers and the operators of the language may stand. The usual cause is an operator of another language, or a quote or a minus that a word processor has replaced.",
		Wrong:   "let a = 7 % 2\n", Right: "let a = mod(7, 2)\n"},
	{ID: "E0103", Title: "a text without its closing quote",
		Explain: "A text begins and ends with `\"` on the same line. For a new line inside a text write `\\n`, for a quote `\\\"`.",
		Wrong:   "print \"loss\n", Right: "print \"loss\"\n"},
	{ID: "E0104", Title: "something in a text that it cannot hold",
		Explain: "In a text `{name}` puts in the value of a setting, and nothing else may stand in the braces; a brace itself is written twice. After a backslash stands one of `n t r \" \\` or `u{…}` with the number of a character.",
		Wrong:   "print \"a{2}\"\n", Right: "print \"a{{2}}\"\n"},
	{ID: "E0105", Title: "letters right after a number",
		Explain: "A name cannot begin with a digit, and there is no multiplication without `*`. The units of durations are `ms s min h d`.",
		Wrong:   "let y = 2x\nlet x = 1\n", Right: "let y = 2*x\nlet x = 1\n"},
	{ID: "E0106", Title: "a line or a file too long to be a program",
		Explain: "A line has at most a megabyte, a file 256 of them. Data of that size belongs into a file of its own, which the program reads with `table … from csv(…)` or `read npy(…)`."},
}

var formCodes = []source.Code{
	{ID: "E0110", Title: "something else was expected here",
		Explain: "The message says what could have stood here and what was found. A newline ends a statement unless the line ends in an operator, a comma or an open bracket, or the next one begins with `|>`, `.name`, `then`, `else`, or an operator with a blank behind it.",
		Wrong:   "setting rate = 1e-3\n", Right: "setting rate: f32 = 1e-3\n"},
	{ID: "E0111", Title: "a bracket that is not closed",
		Explain: "Every `(` and `[` needs its partner. The message shows where the closing one was expected and where the bracket was opened.",
		Wrong:   "let a = max(1, 2\nlet b = 3\n", Right: "let a = max(1, 2)\nlet b = 3\n"},
	{ID: "E0112", Title: "a brace that is not closed",
		Explain: "The braces of a body, of fields or of the clauses of `train` are closed before the next declaration in the first column begins.",
		Wrong:   "fn f(x: f32) -> f32 {\n  x + 1\nfn g(x: f32) -> f32 = x\n", Right: "fn f(x: f32) -> f32 {\n  x + 1\n}\nfn g(x: f32) -> f32 = x\n"},
	{ID: "E0113", Title: "a line that begins no declaration",
		Explain: "At the top level of a file stand declarations; there are no expressions and no assignments. A value gets a name with `let` and is shown with `print`.",
		Wrong:   "a = 1\n", Right: "let a = 1\n"},
	{ID: "E0114", Title: "something behind the end",
		Explain: "What stands before is complete, and this does not continue it. Two values need an operator or a comma between them, two statements a new line or `;`, and the fields of a record or a table a comma, also at the end of a line.",
		Wrong:   "let a = 1 2\n", Right: "let a = [1, 2]\n"},
}

var exprCodes = []source.Code{
	{ID: "E0120", Title: "an operator after a pipe",
		Explain: "`x |> f + 1` could mean `(x |> f) + 1`, since the pipe comes first, or `x |> (f + 1)`, since `+` binds tighter. The parentheses have to be written.",
		Wrong:   "let a = x |> f + 1\n", Right: "let a = (x |> f) + 1\n"},
	{ID: "E0121", Title: "no function after a pipe",
		Explain: "Right of `|>` stands a name, a path, a call, or a function in parentheses.",
		Wrong:   "let a = x |> fs[0]\n", Right: "let a = x |> (fs[0])\n"},
	{ID: "E0122", Title: "comparisons or ranges in a row",
		Explain: "`a < b < c` would compare a truth value with c. Say both comparisons. A range has two ends.",
		Wrong:   "let ok = 0 < a < 1\n", Right: "let ok = 0 < a and a < 1\n"},
	{ID: "E0123", Title: "an `if` without `else`",
		Explain: "`if` is an expression and has a value in both cases. Where nothing is to be added, the other value is often 0.",
		Wrong:   "let a = if b then 1\n", Right: "let a = if b then 1 else 0\n"},
	{ID: "E0124", Title: "parentheses needed around an operand",
		Explain: "`if` reaches as far right as it can and `not` binds more loosely than a comparison; as an operand of something tighter they stand in parentheses, so that no reader has to guess.",
		Wrong:   "let a = 1 + if b then 1 else 0\n", Right: "let a = 1 + (if b then 1 else 0)\n"},
	{ID: "E0125", Title: "a `for` where none may stand",
		Explain: "`for` stands directly inside `[ ]` or as the first argument of an aggregate (sum, mean, max, min, count, any, all, softmax, logsumexp, std, var, median, quantile); only named arguments follow it.",
		Wrong:   "let a = f(x for x in xs)\n", Right: "let a = f([x for x in xs])\n"},
	{ID: "E0126", Title: "not a pattern, or a pattern that is not a value",
		Explain: "Before `=>`, after `let` and after `for` stand patterns: names, `_`, and these in `( )`, `[ ]` and `{ }`. `_` binds nothing and has no value.",
		Wrong:   "let f = x + 1 => x\n", Right: "let f = x => x + 1\n"},
	{ID: "E0127", Title: "parentheses around too little",
		Explain: "A tuple has two parts or more; `()` stands only before `=>`, and `(a)` is `a`.",
		Wrong:   "let a = ()\n", Right: "let a = () => 1\n"},
	{ID: "E0128", Title: "`<-` inside an expression",
		Explain: "`m <- e` gives a `state` its new value and is a statement. A comparison with a negative number needs a blank: `a < -1`.",
		Wrong:   "let a = b <-1\n", Right: "let a = b < -1\n"},
	{ID: "E0129", Title: "a positional argument after a named one",
		Explain: "Named arguments stand last, so that the places of the others are certain.",
		Wrong:   "let a = f(b: 1, 2)\n", Right: "let a = f(2, b: 1)\n"},
	{ID: "E0130", Title: "braces that hold no record",
		Explain: "In an expression `{ let …` is a block, and every other `{` a record: `name: value`, a path such as `r.time`, or `...other`, with commas between, also at the end of a line.",
		Wrong:   "let a = { b + 1 }\n", Right: "let a = { c: b + 1 }\n"},
	{ID: "E0131", Title: "a duration outside `train`",
		Explain: "Durations such as `10s` are values only of the clauses of `train`: `save every(10s)`.",
		Wrong:   "let a = 10s\n", Right: "let seconds = 10\n"},
	{ID: "E0132", Title: "`index` with more than one bound",
		Explain: "`index[n]` is an integer in 0..n. The second bracket says how many there are: `index[n][k]`.",
		Wrong:   "setting a: index[2, 3]\n", Right: "setting a: index[2][3]\n"},
}

var bodyCodes = []source.Code{
	{ID: "E0140", Title: "a body without a value",
		Explain: "The body of a function or model, and a block, end in the expression that is their value.",
		Wrong:   "fn f(x: f32) -> f32 {\n  let y = x\n}\n", Right: "fn f(x: f32) -> f32 {\n  let y = x\n  y\n}\n"},
	{ID: "E0141", Title: "a value that nothing uses",
		Explain: "An expression in the middle of a body, or in an optimizer or a test, has no effect: values do not change, and functions do nothing but compute.",
		Wrong:   "fn f(x: f32) -> f32 {\n  x + 1\n  x\n}\n", Right: "fn f(x: f32) -> f32 {\n  let y = x + 1\n  y\n}\n"},
	{ID: "E0142", Title: "a statement in the wrong kind of body",
		Explain: "`param` stands in a model, `state` and `<-` in a model or an optimizer, `assert` in a test.",
		Wrong:   "fn f(x: f32) -> f32 {\n  param a: f32\n  a * x\n}\n", Right: "model f(x: f32) -> f32 {\n  param a: f32\n  a * x\n}\n"},
	{ID: "E0143", Title: "a function declared inside a body",
		Explain: "`fn` stands at the top of a file. Inside a body a function is a value: `let f = x => x + 1`.",
		Wrong:   "fn f(x: f32) -> f32 {\n  fn g(y: f32) -> f32 = y\n  g(x)\n}\n", Right: "fn f(x: f32) -> f32 {\n  let g = y => y\n  g(x)\n}\n"},
	{ID: "E0144", Title: "`precision` that is not first",
		Explain: "`precision` holds for the whole file and is its first declaration; only comments may stand before it.",
		Wrong:   "let a = 1\nprecision f64\n", Right: "precision f64\nlet a = 1\n"},
	{ID: "E0150", Title: "nested too deeply",
		Explain: "Expressions, types, patterns and blocks nest at most 500 levels deep. Name the inner parts with `let`."},
	{ID: "E0151", Title: "too many operators in a row",
		Explain: "At most 10,000 operators or calls stand in a row on one level, 200,000 in one declaration. Data belongs into a file; sums over it are written `sum(e for x in xs)`."},
}
