package settings

// forPrograms is the place of a default that differs for users' programs.
const forPrograms = "default for programs"

// presetForPrograms sets those defaults if there is a command.
func (m merged) presetForPrograms() {
	if len(m.values.Strings(commandKey)) == 0 {
		return
	}
	s := source{place: func(string, int) string { return forPrograms }, inFile: true}
	for _, k := range keys {
		if k.programs == "" || m.from[k.name].place() != byDefault {
			continue
		}
		e := entry{name: k.name, node: text(k.programs)}
		if value, problems := k.parse(e.node); len(problems) == 0 {
			_ = m.values.Set(k.name, value) // fails only for a map
			m.from[k.name] = origin{s, e}
		}
	}
}
