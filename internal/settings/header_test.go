package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHeaderIsChecked(t *testing.T) {
	for _, line := range []string{"Host: app.example", "host:app.example:8080", "Host: [::1]:80", "X-Forwarded-Proto: https", "Accept:", "X-A: b, c", "X-A: a:b\tc"} {
		s, err := load(t, "", nil, "--probe-header", line)
		require.NoError(t, err, line)
		require.Equal(t, []string{line}, s.ProbeHeader)
	}
	for line, why := range map[string]string{
		"Host": "not a header", ": x": "not the name", "X A: b": "not the name", "X-\u00e4: b": "not the name", "Host : x": "not the name",
		"X-A: secret\r\nX-B: c": "control character", "X-A: secret\x01": "control character", "Host:": "name is missing", "Host: http://secret/": "not a host name",
		"Content-Length: 5": "belongs to the connection", "transfer-encoding: chunked": "belongs to the connection", "Connection: close": "belongs to the connection",
	} {
		_, err := load(t, "", nil, "--probe-header", line)
		require.ErrorContains(t, err, why, line)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestValuesOfHeadersAreNotShown(t *testing.T) {
	require.Equal(t, []string{"Host: app.example", "Authorization: (hidden)"}, withoutValues([]string{"Host: app.example", "Authorization: Bearer x"}))
}
