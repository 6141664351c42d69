// Package editors makes the syntax files for editors from the words that the
// parser and the standard library know, so that they cannot grow stale: a test
// compares what stands in the folder with what Files makes.
package editors

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/lang/syntax"
	"github.com/dfc-lang/dfc/stdlib"
)

// Words are the words an editor colours, by what they are.
type Words struct {
	Declarations []string // first word of a declaration
	Keywords     []string // let if then … and words of a place
	Clauses      []string // first word of a line in train { }
	Types        []string
	Constants    []string
	Functions    []string // what every file can call without import
}

// Collect gathers the words; intrinsics are the names of the functions that
// the compiler knows itself.
func Collect(intrinsics []string) Words {
	w := Words{
		Declarations: syntax.DeclarationWords(),
		Keywords:     without(syntax.Keywords(), "true", "false"),
		Clauses:      syntax.ClauseWords(),
		Types:        []string{"f32", "f64", "i32", "i64", "u8", "i8", "u16", "i16", "bool", "real", "str", "time", "index", "dim", "category", "key"},
		Constants:    []string{"true", "false", "pi", "training"},
	}
	seen := map[string]bool{}
	for _, n := range append(append([]string{}, intrinsics...), openFunctions()...) {
		if !seen[n] && !strings.Contains(n, ".") {
			seen[n] = true
			w.Functions = append(w.Functions, n)
		}
	}
	sort.Strings(w.Functions)
	return w
}

var declared = regexp.MustCompile(`(?m)^(?:fn|optimizer) (\w+)\(`)

// openFunctions are the functions and optimisers of the open modules.
func openFunctions() []string {
	var out []string
	for _, m := range stdlib.Open {
		text, err := stdlib.FS.ReadFile(m + ".df")
		if err != nil {
			continue
		}
		for _, f := range declared.FindAllSubmatch(text, -1) {
			out = append(out, string(f[1]))
		}
	}
	return out
}

func without(words []string, drop ...string) []string {
	var out []string
next:
	for _, w := range words {
		for _, d := range drop {
			if w == d {
				continue next
			}
		}
		out = append(out, w)
	}
	return out
}

// Files are the generated files by path relative to this folder.
func Files(w Words) map[string]string {
	grammar := textMate(w)
	return map[string]string{
		"textmate/dfc.tmLanguage.json":        grammar,
		"vscode/syntaxes/dfc.tmLanguage.json": grammar,
		"vim/syntax/dfc.vim":                  vim(w),
	}
}

type rule map[string]any

func words(ws []string) string { return strings.Join(ws, "|") }

// textMate is the grammar that VS Code, Sublime Text, TextMate and others read.
func textMate(w Words) string {
	match := func(scope, re string) rule { return rule{"name": scope, "match": re} }
	include := func(name string) rule { return rule{"include": "#" + name} }
	g := rule{
		"$schema":   "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
		"name":      "dfc",
		"scopeName": "source.dfc",
		"fileTypes": []string{"df"},
		"patterns":  []rule{include("comments"), include("strings"), include("numbers"), include("declarations"), include("clauses"), include("keywords"), include("types"), include("constants"), include("fields"), include("calls"), include("operators")},
		"repository": rule{
			"comments": rule{"patterns": []rule{
				match("comment.line.documentation.dfc", `///.*$`),
				match("comment.line.double-slash.dfc", `//.*$`),
			}},
			"strings": rule{"patterns": []rule{{
				"name": "string.quoted.double.dfc", "begin": `"`, "end": `"|$`,
				"patterns": []rule{
					match("constant.character.escape.dfc", `\\(?:[ntr"\\]|u\{[0-9A-Fa-f]+\})|\{\{|\}\}`),
					match("variable.other.interpolated.dfc", `\{[A-Za-z_]\w*\}`),
				},
			}}},
			"numbers": rule{"patterns": []rule{
				match("constant.numeric.duration.dfc", `\b\d[\d_]*(?:\.\d+)?(?:ms|min|s|h|d)\b`),
				match("constant.numeric.dfc", `\b\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?\b`),
			}},
			"declarations": rule{"patterns": []rule{
				{
					"match":    `^\s*(fn|model|optimizer|train|type|category|table|stream|setting|dim|param|state|adjoint)\s+([A-Za-z_][\w.]*)`,
					"captures": rule{"1": rule{"name": "keyword.declaration.dfc"}, "2": rule{"name": "entity.name.function.dfc"}},
				},
				match("keyword.declaration.dfc", `^(?:`+words(w.Declarations)+`)\b`),
			}},
			"clauses": rule{"patterns": []rule{match("keyword.other.clause.dfc", `^\s+(?:`+words(w.Clauses)+`)\b(?=\s)`)}},
			"keywords": rule{"patterns": []rule{
				match("keyword.control.dfc", `(?<!\.)\b(?:`+words(w.Keywords)+`)\b(?!\s*:)`),
			}},
			"types":     rule{"patterns": []rule{match("storage.type.dfc", `(?<!\.)\b(?:`+words(w.Types)+`)\b(?!\s*:)`)}},
			"constants": rule{"patterns": []rule{match("constant.language.dfc", `(?<!\.)\b(?:`+words(w.Constants)+`)\b`)}},
			"fields":    rule{"patterns": []rule{match("variable.other.property.dfc", `(?<=\.)[A-Za-z_]\w*\b(?!\()`)}},
			"calls": rule{"patterns": []rule{
				match("support.function.dfc", `(?<!\.)\b(?:`+words(w.Functions)+`)(?=\()`),
				match("entity.name.function.call.dfc", `\b[A-Za-z_]\w*(?=\()`),
			}},
			"operators": rule{"patterns": []rule{match("keyword.operator.dfc", `\|>|=>|->|<-|\?\?|\.\.\.?|==|!=|<=|>=|[-+*/@^~=<>?]`)}},
		},
	}
	text, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		panic(err) // a grammar of strings cannot fail to print
	}
	return string(text) + "\n"
}

// vim is the syntax file for Vim and Neovim.
func vim(w Words) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`" Syntax of dfc programs; made by editors/editors.go.`)
	line(`if exists("b:current_syntax")`)
	line(`  finish`)
	line(`endif`)
	line(`syn keyword dfcKeyword %s`, strings.Join(w.Keywords, " "))
	line(`syn match dfcDeclaration "^\(%s\)\>"`, strings.Join(w.Declarations, `\|`))
	line(`syn match dfcClause "^\s\+\(%s\)\>\ze\s"`, strings.Join(w.Clauses, `\|`))
	line(`syn keyword dfcType %s`, strings.Join(w.Types, " "))
	line(`syn keyword dfcConstant %s`, strings.Join(w.Constants, " "))
	line(`syn match dfcFunction "\<\(%s\)\ze("`, strings.Join(w.Functions, `\|`))
	line(`syn match dfcNumber "\<\d[0-9_]*\(\.\d[0-9_]*\)\?\([eE][+-]\?\d\+\)\?\(ms\|min\|s\|h\|d\)\?\>"`)
	line(`syn match dfcOperator "|>\|=>\|->\|<-\|??\|\.\.\|[-+*/@^~=<>?]"`)
	line(`syn match dfcField "\.\@<=\h\w*"`)
	line(`syn match dfcEscape "\\[ntr\"\\]\|\\u{\x\+}\|{{\|}}" contained`)
	line(`syn match dfcSetting "{\h\w*}" contained`)
	line(`syn region dfcString start=+"+ skip=+\\"+ end=+"+ end=+$+ contains=dfcEscape,dfcSetting`)
	line(`syn match dfcComment "//.*$" contains=@Spell`)
	for _, l := range [][2]string{{"Keyword", "Keyword"}, {"Declaration", "Statement"}, {"Clause", "Label"}, {"Type", "Type"},
		{"Constant", "Constant"}, {"Function", "Function"}, {"Number", "Number"}, {"Operator", "Operator"}, {"Field", "Identifier"},
		{"Escape", "SpecialChar"}, {"Setting", "Special"}, {"String", "String"}, {"Comment", "Comment"}} {
		line(`hi def link dfc%s %s`, l[0], l[1])
	}
	line(`let b:current_syntax = "dfc"`)
	return b.String()
}
