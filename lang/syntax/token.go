package syntax

import "github.com/dfc-lang/dfc/lang/source"

// This file holds the tokens. They keep no line numbers: a token is a piece of
// the text, and what the grammar asks about its surroundings is in its flags.

type kind uint8

const (
	kEOF      kind = iota
	kEnd           // end of a statement: a written `;`, or a newline (then text is empty)
	kName          // also the words that are words only in their place
	kReserved      // let fn if …
	kNumber
	kDuration
	kText
	kSym
)

type flags uint8

const (
	newlineBefore flags = 1 << iota
	blankBefore         // a space, a newline, a comment or the start of the file
	blankAfter          // a space, a newline or the end of the file
	column1             // first on its line, without indentation
)

type token struct {
	text  string
	start int32
	kind  kind
	flags flags
}

func (t *token) end() int         { return int(t.start) + len(t.text) }
func (t *token) has(f flags) bool { return t.flags&f != 0 }

// is reports whether t is this symbol or word.
func (t *token) is(text string) bool {
	return t.text == text && t.kind != kText && t.kind != kEOF
}

// word reports whether t may name a field or an argument.
func (t *token) word() bool { return t.kind == kName || t.kind == kReserved }

// tokens is what the lexer makes of a file.
type tokens struct {
	toks     []token // ends in kEOF
	comments []*Comment
	errs     source.List
	dead     bool // the file is not worth parsing
}
