//go:build !(amd64 || arm64 || riscv64 || loong64)

package kernel

// waitingCalls is empty: of these architectures it is not known how they count their system calls.
var waitingCalls map[int64]waitingCall
