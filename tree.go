package dfc

import "strings"

// treeWidth is how wide a line of a tree may be before it is broken.
const treeWidth = 96

// layTree breaks the text of a tree, `(+ a (* b c))`, into lines: a form that
// is too wide has its parts below each other.
func layTree(text string) string {
	var b strings.Builder
	for _, form := range splitTree(text) {
		if form != ";" {
			writeTree(&b, form, 0)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func writeTree(b *strings.Builder, form string, indent int) {
	pad := strings.Repeat("  ", indent)
	if len(pad)+len(form) <= treeWidth || !strings.HasPrefix(form, "(") {
		b.WriteString(pad + form)
		return
	}
	parts := splitTree(form[1 : len(form)-1])
	head := pad + "(" + parts[0]
	parts = parts[1:]
	for len(parts) > 0 && !strings.HasPrefix(parts[0], "(") && len(head)+len(parts[0]) < treeWidth {
		head += " " + parts[0]
		parts = parts[1:]
	}
	b.WriteString(head)
	for _, p := range parts {
		if p == ";" {
			continue
		}
		b.WriteByte('\n')
		writeTree(b, p, indent+1)
	}
	b.WriteByte(')')
}

// splitTree cuts a text into its forms, words and quoted texts.
func splitTree(text string) []string {
	var out []string
	for i := 0; i < len(text); {
		if text[i] == ' ' || text[i] == '\n' {
			i++
			continue
		}
		end := formEnd(text, i)
		out = append(out, text[i:end])
		i = end
	}
	return out
}

// formEnd is where the form that begins at i ends.
func formEnd(text string, i int) int {
	depth := 0
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case c == '(':
			depth++
		case c == ')':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
		if next := i + 1; depth == 0 && (next >= len(text) || text[next] == ' ') {
			return min(next, len(text))
		}
	}
	return len(text)
}
