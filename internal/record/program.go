package record

// Program is what the workers of a generation run.
type Program struct {
	Path        string   // of the file, without symbolic links
	Directory   string   // working directory, likewise
	Args        []string // the command's, without the program
	Environment []string // names, sorted; values may be secret
	SHA256      string   // of the file, in hexadecimal; "" when rota may not read it
}
