package ir

import "github.com/dfc-lang/dfc/lang/source"

// Codes of faults in IR text and in modules. E0900 to E0919 belong to this
// package.
const (
	codeSyntax   = "E0900"
	codeType     = "E0901"
	codeRow      = "E0902"
	codeAttr     = "E0903"
	codeUnknown  = "E0904"
	codeTwice    = "E0905"
	codeResults  = "E0906"
	codeNode     = "E0907"
	codeSpan     = "E0908"
	codeVerify   = "E0910"
	codeDonation = "E0911"
)

func init() {
	source.Register(
		source.Code{ID: codeSyntax, Title: "IR text: something else was expected",
			Explain: "A compiled program in text form (`.ir`) is written by `dfc compile --emit ir`. The text at this place does not have that form. A file begins with `module \"NAME\" numerics N`; files, dimensions, functions and nodes follow."},
		source.Code{ID: codeType, Title: "IR text: not a type or dimension",
			Explain: "Types are written `f32[n,784]` or `index<Region>[B]`, without spaces; dimensions are polynomials such as `2*n+1`, `div(n,2)` or `quo(n,2)`."},
		source.Code{ID: codeRow, Title: "IR text: no such operation",
			Explain: "The name before the operands must be one of the table of operations, in the spelling that `dfc compile --emit ir` writes."},
		source.Code{ID: codeAttr, Title: "IR text: wrong attribute",
			Explain: "Attributes are written `{name value, …}` with the names that belong to the operation, each once. Lists are `[a, b]`, lists of bools `0b101`."},
		source.Code{ID: codeUnknown, Title: "IR text: a value that is not defined",
			Explain: "A value is defined before it is used: as a parameter or as the result of an operation above."},
		source.Code{ID: codeTwice, Title: "IR text: defined twice",
			Explain: "Values have a number of their own within a function; functions, dimensions and nodes a name of their own within a module."},
		source.Code{ID: codeResults, Title: "IR text: results and types do not match",
			Explain: "An operation states one type for each result, and a function the types of what it returns."},
		source.Code{ID: codeNode, Title: "IR text: wrong node",
			Explain: "A node is written `node NAME KIND {json}` on one line; the fields of the JSON are those of the kind."},
		source.Code{ID: codeSpan, Title: "IR text: wrong source position",
			Explain: "A position in a source text is written `FILE@START+LENGTH`, where FILE is the number of one of the `file` lines at the top."},
		source.Code{ID: codeVerify, Title: "a compiled program that is not well formed",
			Explain: "Every compiled program is checked against the rules of its form: values are defined before they are used, types follow from the operations, regions are closed, and so on. Where dfc itself made the program this is a fault of dfc; where a `.ir` file was written or changed by hand, the message says what is wrong with it."},
		source.Code{ID: codeDonation, Title: "an old value is read after it was overwritten",
			Explain: "Parameters are updated in place, so everything that reads the old value must come before the operation that writes the new one."},
	)
}
