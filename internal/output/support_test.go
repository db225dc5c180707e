package output

import "time"

// patience is how long a test waits for what has to happen.
const patience = time.Minute
