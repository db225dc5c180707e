package settings

// Some defaults differ for programs of users: of the built-in worker more is known.

// forPrograms is the place of such a default.
const forPrograms = "default for programs"

// presetForPrograms puts them in the place of the other defaults, if a command was given.
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
			_ = m.values.Set(k.name, value) // which fails for a map alone
			m.from[k.name] = origin{s, e}
		}
	}
}
