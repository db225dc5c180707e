package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/settings"
)

func TestTheBuiltInWorkerIsRecognised(t *testing.T) {
	argv := builtInWorker(settings.Settings{LogLevel: "info", DrainTimeout: time.Second})
	require.True(t, isBuiltInWorker(argv))
	require.False(t, isBuiltInWorker(argv[:2]))
	require.False(t, isBuiltInWorker([]string{"queue", "worker", "--log-level", "info", "--queues", "mail"}))
	require.False(t, isBuiltInWorker(nil))
}
