//go:build !amd64

package kernel

import "testing"

func smallProgram(t *testing.T) string {
	t.Skip("the machine code is for amd64")
	return ""
}
