package master

// The master waits for all of its children in one thread, and signals them from there, so a command has to
// be run in one that really works.
