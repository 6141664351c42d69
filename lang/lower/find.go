package lower

// lookForParams finds out which parameters the model at hand has where its
// loss speaks of them before it uses the model. The loss is evaluated for
// nothing, with the model at parameters of nobody.
func (c *cx) lookForParams() {
	info := c.tr.info
	if info.looked || c.tr.what != "loss" {
		return
	}
	info.looked = true
	root := &paramRoot{model: info.model.Name, mode: rootFind, train: info, found: newRegistry()}
	c.el.muted++
	failed, nesting, depth, calls := c.el.failed, c.el.nesting, c.el.depth, len(c.el.callsAt)
	defer func() {
		recover() // what is wrong shows when the loss is evaluated in earnest
		c.el.muted--
		c.el.failed, c.el.nesting, c.el.depth = failed, nesting, depth
		c.el.callsAt = c.el.callsAt[:calls]
		r := c.tr.root.found
		for _, p := range root.found.params {
			if r.byPath[p.path] == nil {
				r.byPath[p.path] = p
				r.params = append(r.params, p)
			}
		}
	}()
	d := c.trainFn(info, root, "loss", true)
	d.tr.find = true
	d.lossValue(info, info.loss)
}
