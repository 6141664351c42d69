package syntax

import (
	"sort"
	"strings"
)

// This file finds the `///` lines that belong to a declaration, an argument,
// a field or a parameter.

// doc is the documentation directly above the token at i, without slashes.
func (p *parser) doc(i int) string {
	t := &p.toks[i]
	if len(p.comments) == 0 || t.flags&blankBefore == 0 {
		return ""
	}
	end := int(t.start)
	n := sort.Search(len(p.comments), func(k int) bool { return p.comments[k].At.Start >= end })
	var lines []string
	for n--; n >= 0; n-- {
		c := p.comments[n]
		if !c.Doc || !adjoin(p.src[c.At.End:end]) || !p.alone(c) {
			break
		}
		lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(c.Text, "///"), " "))
		end = c.At.Start
	}
	for a, b := 0, len(lines)-1; a < b; a, b = a+1, b-1 {
		lines[a], lines[b] = lines[b], lines[a]
	}
	return strings.Join(lines, "\n")
}

// adjoin reports whether a gap is one newline with blanks.
func adjoin(gap string) bool {
	return strings.Count(gap, "\n") == 1 && strings.TrimSpace(gap) == ""
}

// alone reports whether nothing stands before the comment on its line.
func (p *parser) alone(c *Comment) bool {
	line := p.src[:c.At.Start]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	return strings.TrimSpace(line) == "" || line == "\uFEFF"
}

// fileDoc is the block of `///` lines at the very start of a file, if a blank
// line or nothing follows it.
func (p *parser) fileDoc() string {
	var lines []string
	end := len(p.src) - len(strings.TrimPrefix(p.src, "\uFEFF"))
	for _, c := range p.comments {
		gap := p.src[end:c.At.Start]
		if !c.Doc || strings.TrimSpace(gap) != "" || len(lines) > 0 && !adjoin(gap) {
			break
		}
		lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(c.Text, "///"), " "))
		end = c.At.End
	}
	rest := p.src[end:]
	text := strings.TrimLeft(rest, " \t\r\n")
	if text != "" && strings.Count(rest[:len(rest)-len(text)], "\n") < 2 {
		return ""
	}
	return strings.Join(lines, "\n")
}
