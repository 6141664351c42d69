package macro

func abs(b *builder, x []v) v   { return b.abs(x[0]) }
func neg(b *builder, x []v) v   { return b.neg(x[0]) }
func sqrt(b *builder, x []v) v  { return b.sqrt(x[0]) }
func floor(b *builder, x []v) v { return b.floor(x[0]) }
func round(b *builder, x []v) v { return b.round(x[0]) }
func add(b *builder, x []v) v   { return b.add(x[0], x[1]) }
func sub(b *builder, x []v) v   { return b.sub(x[0], x[1]) }
func mul(b *builder, x []v) v   { return b.mul(x[0], x[1]) }
func div(b *builder, x []v) v   { return b.div(x[0], x[1]) }
func fma(b *builder, x []v) v   { return b.fma(x[0], x[1], x[2]) }

// sign keeps zeros and NaN as they are.
func sign(b *builder, x []v) v {
	return b.blend(b.cmp(x[0], Apart, b.k(0)), b.or(b.signOf(x[0]), b.k(1)), x[0])
}

// greater is the greater of two, NaN where either is; of two zeros the positive
// one. Max in both orders gives the two zeros, whose common bits are it.
func greater(b *builder, x []v) v {
	m := b.and(b.max(x[0], x[1]), b.max(x[1], x[0]))
	return b.or(m, b.cmp(x[0], Unord, x[1]))
}

// choice is x[1] where the mask x[0] is set, x[2] elsewhere.
func choice(b *builder, x []v) v { return b.blend(x[0], x[1], x[2]) }
