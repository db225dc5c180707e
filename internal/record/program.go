package record

// Program is what the world is told of a plan.
type Program struct {
	Path        string   // of the file, without symbolic links
	Directory   string   // working directory, likewise
	Args        []string // the command's, without the program
	Environment []string // names, sorted; values are nobody's business
	SHA256      string   // of the file, in hexadecimal; "" when rota may not read it
}
