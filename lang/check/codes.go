package check

import "github.com/dfc-lang/dfc/lang/source"

// moduleCodes is the catalogue of errors about names and modules that are
// found before anything is evaluated: ID, title, explanation, a program that
// raises it, the same corrected.
var moduleCodes = [][5]string{
	{"E0201", "a name declared twice", "Every name stands for one thing in a file. The other declaration is shown.",
		"let a = 1\nlet a = 2\n", "let a = 1\nlet b = 2\n"},
	{"E0202", "a module and a declaration of one name", "An imported module is used by its name (`nn.dense`), which a declaration of the file must not have as well.",
		"import nn\nlet nn = 1\n", "import nn as layers\nlet nn = 1\n"},
	{"E0203", "two modules of one name", "Each imported module needs a name of its own.",
		"import nn\nimport ode as nn\n", "import nn\nimport ode\n"},
	{"E0204", "no such module", "Without quotes a module of the standard library is imported, with quotes a file beside the program.",
		"import nm\n", "import nn\n"},
	{"E0205", "an import that depends on a setting", "Which files make up a program is known before its settings are.",
		"setting v: str = \"a\"\nimport \"lib_{v}\"\n", "import nn\n"},
	{"E0206", "an import with its extension", "The extension `.df` is left away.",
		"import \"layers.df\"\n", "import nn\n"},
	{"E0207", "an import from outside", "A program and what it imports lie in one folder, so that the folder can be moved.",
		"import \"../layers\"\n", "import nn\n"},
	{"E0208", "modules that import each other", "What both need goes into a third file.", "", ""},
	{"E0209", "a file to import that is not there", "Paths of imports are relative to the file of the program.",
		"import \"nowhere\"\n", "import nn\n"},
	{"E0210", "a program that is imported", "Modules hold `fn model type optimizer category test`. A file with `table`, `read`, `train` or `write` is a program.", "", ""},
	{"E0211", "a function that calls itself", "Functions are gone before the program runs, so none can need itself, directly or through others. The message shows the cycle. What is repeated is a loop: `fold`, `scan`.",
		"fn f(x: f32) -> f32 = g(x)\nfn g(x: f32) -> f32 = f(x)\n", "fn f(x: f32) -> f32 = g(x)\nfn g(x: f32) -> f32 = x\n"},
	{"E0212", "a value that needs itself", "The order of declarations is free, but a value cannot be made from itself.",
		"let a = b + 1\nlet b = a\n", "let a = b + 1\nlet b = 1\n"},
}

func init() {
	for _, c := range moduleCodes {
		source.Register(source.Code{ID: c[0], Title: c[1], Explain: c[2], Wrong: c[3], Right: c[4]})
	}
}
