" Syntax of dfc programs; made by editors/editors.go.
if exists("b:current_syntax")
  finish
endif
syn keyword dfcKeyword let fn if then else for in and or not as with state assert each every lazily of on from key skip other
syn match dfcDeclaration "^\(let\|fn\|precision\|import\|setting\|category\|table\|stream\|dim\|model\|optimizer\|type\|param\|adjoint\|train\|read\|write\|print\|test\)\>"
syn match dfcClause "^\s\+\(loss\|penalty\|optimizer\|batch\|order\|last\|steps\|epochs\|metric\|stop\|keep\|clip\|gradient\|private\|log\|save\|emit\)\>\ze\s"
syn keyword dfcType f32 f64 i32 i64 u8 i8 u16 i16 bool real str time index dim category key
syn keyword dfcConstant true false pi training
syn match dfcFunction "\<\(abs\|absolute\|accuracy\|adagrad\|adam\|adamw\|all\|any\|argmax\|argmin\|atan2\|clamp\|concat\|cos\|cosine\|count\|cross_entropy\|diag\|diagonal\|digamma\|div\|dot\|enumerate\|erf\|exp\|expm1\|exponential_decay\|eye\|flat\|flatten\|floor\|fold\|full\|gelu\|glorot\|grad\|he\|hessian\|hit\|huber\|hvp\|jacobian\|jvp\|leaky_relu\|lecun\|length\|lgamma\|linear_decay\|log\|log1p\|log_softmax\|logistic\|logsumexp\|lower\|map\|matches\|max\|mean\|median\|min\|mod\|norm\|normal\|one_hot\|ones\|outer\|pinball\|poisson\|pow\|present\|quantile\|relative_error\|relu\|reshape\|rmsprop\|round\|rows\|sample\|scalar\|scan\|sgd\|sigmoid\|sign\|sin\|softmax\|softplus\|sort\|split\|sqrt\|square\|squared\|stack\|std\|stop\|sum\|tan\|tanh\|trace\|transpose\|unflat\|uniform\|value_and_grad\|var\|vjp\|where\|zeros\|zeros_like\|zip\)\ze("
syn match dfcNumber "\<\d[0-9_]*\(\.\d[0-9_]*\)\?\([eE][+-]\?\d\+\)\?\(ms\|min\|s\|h\|d\)\?\>"
syn match dfcOperator "|>\|=>\|->\|<-\|??\|\.\.\|[-+*/@^~=<>?]"
syn match dfcField "\.\@<=\h\w*"
syn match dfcEscape "\\[ntr\"\\]\|\\u{\x\+}\|{{\|}}" contained
syn match dfcSetting "{\h\w*}" contained
syn region dfcString start=+"+ skip=+\\"+ end=+"+ end=+$+ contains=dfcEscape,dfcSetting
syn match dfcComment "//.*$" contains=@Spell
hi def link dfcKeyword Keyword
hi def link dfcDeclaration Statement
hi def link dfcClause Label
hi def link dfcType Type
hi def link dfcConstant Constant
hi def link dfcFunction Function
hi def link dfcNumber Number
hi def link dfcOperator Operator
hi def link dfcField Identifier
hi def link dfcEscape SpecialChar
hi def link dfcSetting Special
hi def link dfcString String
hi def link dfcComment Comment
let b:current_syntax = "dfc"
