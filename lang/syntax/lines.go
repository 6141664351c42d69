package syntax

// This file puts the ends of statements in, where the rule of the language
// finds them: it looks at the last token before a newline and the first after.

// endLines returns toks with an END wherever a newline or a `;` ends a
// statement; no END stands after `{` or END, or before `}`.
func endLines(toks []token) []token {
	out := make([]token, 0, len(toks)+len(toks)/8)
	var open []byte
	for i := range toks {
		t := &toks[i]
		if i > 0 && t.has(newlineBefore) {
			if startsDecl(toks, i) || t.is("let") && !toks[i+1].is(":") {
				open = dropOpen(open)
			}
			if (len(open) == 0 || open[len(open)-1] == '{') && lineEnds(toks, i) {
				p := &toks[i-1]
				out = appendEnd(out, token{start: int32(p.end()), kind: kEnd})
			}
		}
		switch {
		case t.kind == kEnd:
			n := len(out)
			if out = appendEnd(out, *t); len(out) == n {
				toks[i+1].flags |= t.flags & newlineBefore // it is dropped, its newline is not
			}
			continue
		case t.kind == kEOF:
			if i > 0 {
				out = appendEnd(out, token{start: int32(toks[i-1].end()), kind: kEnd})
			}
		case t.kind == kSym:
			open = track(open, t.text)
			if t.text == "}" {
				out = trimEnd(out)
			}
		}
		out = append(out, *t)
	}
	return out
}

func appendEnd(out []token, end token) []token {
	if n := len(out); n == 0 || out[n-1].kind == kEnd || out[n-1].is("{") {
		return out
	}
	return append(out, end)
}

func trimEnd(out []token) []token {
	if n := len(out); n > 0 && out[n-1].kind == kEnd {
		return out[:n-1]
	}
	return out
}

// lineEnds reports whether a newline between toks[i-1] and toks[i] ends a
// statement, brackets apart.
func lineEnds(toks []token, i int) bool {
	return !goesOnAfter(toks, i-1) && !goesOnBefore(toks, i)
}

// dropOpen forgets `(` and `[` up to the last `{`, so that a bracket never
// closed does not swallow the rest of the file.
func dropOpen(open []byte) []byte {
	n := len(open)
	for n > 0 && open[n-1] != '{' {
		n--
	}
	return open[:n]
}

func track(open []byte, sym string) []byte {
	switch sym {
	case "(", "[", "{":
		return append(open, sym[0])
	case ")", "]", "}":
		partner := byte('(')
		if sym != ")" {
			partner = sym[0] - 2 // in ASCII `[` and `{` stand two before their partners
		}
		for n := len(open) - 1; n >= 0; n-- {
			if open[n] == partner {
				return open[:n]
			}
		}
	}
	return open
}

// goesOnAfter reports whether the statement goes on after toks[i], whatever
// the next line holds.
func goesOnAfter(toks []token, i int) bool {
	t := &toks[i]
	if t.kind == kSym || t.kind == kEnd {
		return !(t.text == ")" || t.text == "]" || t.text == "}" || t.text == "?")
	}
	if t.kind != kReserved || i > 0 && toks[i-1].is(".") {
		return false
	}
	switch t.text {
	case "then", "else", "in", "and", "or", "not", "as", "with", "if":
		return true
	}
	return false
}

// goesOnBefore reports whether toks[i], first on its line, goes on with the
// statement before it.
func goesOnBefore(toks []token, i int) bool {
	t := &toks[i]
	switch t.kind {
	case kReserved:
		switch t.text {
		case "then", "else", "and", "or", "as", "with", "in":
			return true
		}
	case kSym:
		switch t.text {
		case "|>":
			return true
		case ".":
			return !t.has(blankAfter) && i+1 < len(toks) && toks[i+1].word()
		case "+", "-", "*", "/", "@", "^", "??", "..", "==", "!=", "<", "<=", ">", ">=":
			return t.has(blankAfter)
		}
	}
	return false
}

// startsDecl reports whether toks[i] begins a declaration beyond doubt: in
// column 1, with a name or a text behind it. Such a pair never occurs inside
// an expression.
func startsDecl(toks []token, i int) bool {
	t := &toks[i]
	if !t.has(column1) || t.kind == kText || !declarations[t.text] || t.text == "read" {
		return false
	}
	if t.kind == kReserved {
		return true
	}
	next := &toks[i+1] // a word is never the last token
	return (next.kind == kName || next.kind == kText) && !next.has(newlineBefore)
}

// mayStartDecl reports whether t is `table`, `print` or `read` in column 1:
// good enough to go on with after an error.
func mayStartDecl(t *token) bool {
	return t.has(column1) && (t.is("table") || t.is("print") || t.is("read"))
}

// recoversAt reports whether parsing goes on at toks[i] after an error.
func recoversAt(toks []token, i int) bool {
	return startsDecl(toks, i) || mayStartDecl(&toks[i])
}
