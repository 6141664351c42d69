package syntax

// This file decides where blanks stand inside a line.

// space reports whether a blank stands between token k and the next. An
// operator that is first on its line has one behind it always: without it the
// line before would end.
func (f *formatter) space(k int, first bool) bool {
	a, b := f.tok(k), f.tok(k+1)
	if s, ok := f.aroundBrackets(k, a, b); ok {
		return s
	}
	switch {
	case f.role(k) == rolePrefix:
		// After `print` or a clause word on the line before, it goes on with that
		// line only because of its blank.
		return first && f.top().body && !f.beginsItem(k) && !goesOnAfter(f.p.toks, f.shown[k]-1)
	case first && a.kind == kSym && goesOnBefore(f.p.toks, f.shown[k]):
		return !a.is(".")
	case a.is("."), b.is("."), a.is("..."):
		return false
	case a.is("?") && b.is("?"):
		return true
	case b.is("?"):
		return false
	case f.tight(k), f.tight(k + 1):
		return false
	case a.is(":"):
		return f.role(k) != roleTight
	case b.is(":"):
		return f.role(k+1) == roleWide
	}
	return true
}

// aroundBrackets decides beside brackets, commas and semicolons.
func (f *formatter) aroundBrackets(k int, a, b *token) (space, ok bool) {
	switch {
	case b.is(","), b.is(";"), b.is(")"), b.is("]"), a.is("("), a.is("["):
		return false, true
	case a.is("{"):
		return !b.is("}"), true
	case a.is(","), a.is(";"), b.is("}"):
		return true, true
	case b.is("("), b.is("["):
		if r := f.role(k + 1); r == roleCall || r == roleDims {
			return false, true
		}
	}
	return false, false
}

// tight reports whether the operator at k has no blanks: powers and ranges
// always, products where the author wrote none.
func (f *formatter) tight(k int) bool {
	t := f.tok(k)
	if t.kind != kSym {
		return false
	}
	switch t.text {
	case "^", "..":
		return true
	case "*", "/":
		return !t.has(blankBefore) && !t.has(blankAfter)
	}
	return false
}
