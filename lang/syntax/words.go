package syntax

// This file holds the words of the language, for the parser and for editors.

var reservedWords = []string{"let", "fn", "if", "then", "else", "for", "in", "and", "or", "not", "as", "with", "true", "false"}

var declarationWords = []string{
	"let", "fn", "precision", "import", "setting", "category", "table", "stream", "dim", "model",
	"optimizer", "type", "param", "adjoint", "train", "read", "write", "print", "test",
}

var placeWords = []string{"state", "assert", "each", "every", "lazily", "of", "on", "from", "key", "skip", "other"}

// The checker knows what each clause means; the parser takes any name.
var clauseWords = []string{
	"loss", "penalty", "optimizer", "batch", "order", "last", "steps", "epochs", "metric", "stop", "keep",
	"clip", "gradient", "private", "log", "save", "emit",
}

var aggregateWords = []string{
	"sum", "mean", "max", "min", "count", "any", "all", "softmax", "logsumexp", "std", "var", "median", "quantile",
}

var (
	reserved     = set(reservedWords)
	declarations = set(declarationWords)
	aggregates   = set(aggregateWords)
)

func set(words []string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

func clone(words ...[]string) []string {
	var out []string
	for _, w := range words {
		out = append(out, w...)
	}
	return out
}

// Keywords returns the words that are never names by themselves, and those
// that are words only in their place inside a declaration.
func Keywords() []string { return clone(reservedWords, placeWords) }

// Reserved returns only the words that are never names by themselves.
func Reserved() []string { return clone(reservedWords) }

// DeclarationWords returns the words that begin a declaration.
func DeclarationWords() []string { return clone(declarationWords) }

// ClauseWords returns the words that begin a clause of `train` and that the
// language defines; the grammar accepts any name there.
func ClauseWords() []string { return clone(clauseWords) }

// Aggregates returns the functions that take a comprehension as argument.
func Aggregates() []string { return clone(aggregateWords) }
