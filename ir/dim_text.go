package ir

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseDim reads the canonical text of a dimension; it returns what follows.
func ParseDim(s string) (d Dim, rest string, err error) {
	p := dimParser{s: s}
	d, err = p.sum()
	return d, p.s, err
}

type dimParser struct{ s string }

func (p *dimParser) sum() (Dim, error) {
	total, sign := N(0), int64(1)
	if strings.HasPrefix(p.s, "-") {
		p.s, sign = p.s[1:], -1
	}
	for {
		t, err := p.product()
		if err != nil {
			return Dim{}, err
		}
		total = total.Add(N(sign).Mul(t))
		switch {
		case strings.HasPrefix(p.s, "+"):
			sign = 1
		case strings.HasPrefix(p.s, "-") && !strings.HasPrefix(p.s, "->"):
			sign = -1
		default:
			return total, nil
		}
		p.s = p.s[1:]
	}
}

func (p *dimParser) product() (Dim, error) {
	total, err := p.atom()
	for err == nil && p.s != "" && (p.s[0] == '*' || p.s[0] == '/') {
		op := p.s[0]
		p.s = p.s[1:]
		var x Dim
		if x, err = p.atom(); err == nil {
			if op == '*' {
				total = total.Mul(x)
			} else {
				total = total.Quo(x)
			}
		}
	}
	return total, err
}

func (p *dimParser) atom() (Dim, error) {
	n := 0
	for n < len(p.s) && isNameByte(p.s[n]) {
		n++
	}
	word := p.s[:n]
	if word == "" {
		return Dim{}, fmt.Errorf("a dimension expected at %.20q", p.s)
	}
	p.s = p.s[n:]
	if word[0] >= '0' && word[0] <= '9' {
		v, err := strconv.ParseInt(word, 10, 64)
		return N(v), err
	}
	if (word == "div" || word == "quo") && strings.HasPrefix(p.s, "(") {
		p.s = p.s[1:]
		a, err := p.sum()
		if err != nil || !strings.HasPrefix(p.s, ",") {
			return Dim{}, fmt.Errorf("`%s(a,b)` expected", word)
		}
		p.s = p.s[1:]
		b, err := p.sum()
		if err != nil || !strings.HasPrefix(p.s, ")") {
			return Dim{}, fmt.Errorf("`%s(a,b)` expected", word)
		}
		p.s = p.s[1:]
		if word == "div" {
			return a.Div(b), nil
		}
		return a.Quo(b), nil
	}
	return Sym(word), nil
}

// isNameByte covers the names of symbols, values and functions in IR text;
// bytes of multi-byte letters count.
func isNameByte(c byte) bool {
	return c == '_' || c == '.' || c == '$' || c >= 0x80 ||
		c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
