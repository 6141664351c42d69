package runtime

import "github.com/dfc-lang/dfc/lang/source"

// Codes of what goes wrong while a function runs; D0300 to D0339 are ours.
const (
	CodeInteger   = "D0300"
	CodeConvert   = "D0301"
	CodeIndex     = "D0302"
	CodeAssert    = "D0303"
	CodeNonFinite = "D0304"
	CodeMemory    = "D0305"
	CodeEmpty     = "D0306"
	CodeDoubt     = "D0307"
)

func init() {
	source.Register(
		source.Code{ID: CodeInteger, Title: "integer arithmetic went wrong",
			Explain: "An integer operation had a result that its kind does not hold, or divided by zero. Integers never wrap around. Convert to a wider kind or to a float before the operation, or exclude the rows that lead there."},
		source.Code{ID: CodeConvert, Title: "a number does not fit in the kind it is converted to",
			Explain: "A float that is NaN or too large, or an integer that is too large, was converted to an integer kind or to an index. Check the value before the conversion."},
		source.Code{ID: CodeIndex, Title: "an index is outside its range",
			Explain: "Something was looked up by a position that does not exist. Data that dfc reads is checked when it is read, so such an index was computed."},
		source.Code{ID: CodeAssert, Title: "an assertion is false",
			Explain: "The program states that something holds, and it does not. The message is the one written in the program."},
		source.Code{ID: CodeNonFinite, Title: "a number is infinite or not a number",
			Explain: "The place shown is the first operation that made an infinite value or NaN from finite operands, on the way to a loss, gradient, parameter or output. Look at the operands: a logarithm of zero, a division by zero, or an exponential of something large are the usual causes; a lower learning rate helps where they grew in training."},
		source.Code{ID: CodeMemory, Title: "the memory that a step needs is more than allowed",
			Explain: "Before anything runs, dfc plans the memory of each step. What it keeps (rows that do not go to disk, batches made ahead, parameters with their copies) and the plan together are larger than the limit given with `--memory`. The message says what takes most. A smaller batch needs less."},
		source.Code{ID: CodeDoubt, Title: "a result is infinite or not a number",
			Explain: "A number that is printed or written is infinite or not a number. The place shown is the first operation that made one from finite operands on the way to it. This is a warning: the result is as it was computed. What a missing value or a branch not taken hides is no result."},
		source.Code{ID: CodeEmpty, Title: "the greatest of nothing",
			Explain: "A maximum, or the place of one, was asked for over no elements, where the kind has no value to stand for it."},
	)
}
