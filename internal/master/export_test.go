package master

// What the tests need that stand beside the package, because what they join to it imports it.

// Equip gives a round what only a running master has.
func (m *Master) Equip(r Round) Round {
	r.Holders, r.Command = m.holders, m.runCommand
	return r
}
