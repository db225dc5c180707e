package doctor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// What runtimes print when they crash, as they print it.
func TestTheLastWordsOfACrashSayWhy(t *testing.T) {
	for name, c := range map[string]struct{ printed, want string }{
		"nothing":      {"", ""},
		"empty lines":  {"\n\n", ""},
		"one line":     {"no database", `(it last printed "no database")`},
		"a blank last": {"no database\n\n", `(it last printed "no database")`},
		"node, a module": {`node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module '/srv/app/server.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)
    at node:internal/main/run_main_module:28:49 {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v20.20.2
`, `Error: Cannot find module '/srv/app/server.js'`},
		"node, thrown": {`/srv/app/server.js:1
throw new TypeError("no port")
^

TypeError: no port
    at Object.<anonymous> (/srv/app/server.js:1:7)

Node.js v20.20.2
`, `"TypeError: no port")`},
		"python": {`Traceback (most recent call last):
  File "/srv/app.py", line 1, in <module>
    import flask
ModuleNotFoundError: No module named 'flask'
`, `"ModuleNotFoundError: No module named 'flask'")`},
		"go": {`panic: open /etc/app.conf: no such file or directory

goroutine 1 [running]:
main.main()
	/srv/main.go:4 +0x2c
exit status 2
`, `(it last printed "panic: open /etc/app.conf: no such file or directory")`},
		"java": {`Exception in thread "main" java.net.BindException: Address already in use
	at java.base/sun.nio.ch.Net.bind0(Native Method)
	at Main.main(Main.java:3)
`, `(it last printed "Exception in thread \"main\" java.net.BindException: Address already in use")`},
		"ruby": {`server.rb:1:in 'require': cannot load such file -- puma (LoadError)
	from server.rb:1:in '<main>'
`, `cannot load such file -- puma (LoadError)")`},
		"rust": {`thread 'main' panicked at src/main.rs:2:5:
no port
note: run with ` + "`RUST_BACKTRACE=1`" + ` environment variable to display a backtrace
`, `"thread 'main' panicked at src/main.rs:2:5:", "no port")`},
		"erlang": {`{"init terminating in do_boot",{undef,[{app,start,[],[]}]}}

Crash dump is being written to: erl_crash.dump...done
`, `init terminating in do_boot`},
		"only noise": {"Node.js v20.20.2\n", `(it last printed "Node.js v20.20.2")`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := lastWords(&record.Exit{Output: strings.Split(c.printed, "\n")})
			require.Contains(t, words, c.want)
			require.NotContains(t, words, `""`)
			if c.want == "" {
				require.Empty(t, words)
			}
			if name != "only noise" {
				require.NotContains(t, words, "Node.js v")
			}
		})
	}
}
