package relog

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
)

// What the common loggers call the level, the message and the time; the first that is there holds.
var (
	levelNames   = []string{"level", "lvl", "severity", "levelname"}
	messageNames = []string{"message", "msg"}
	timeNames    = []string{"time", "timestamp", "ts"}
)

// levels are the words for them, in lower case. Those that zerolog lacks are the nearest that it has.
var levels = map[string]zerolog.Level{
	"trace": zerolog.TraceLevel, "silly": zerolog.TraceLevel,
	"debug": zerolog.DebugLevel, "verbose": zerolog.DebugLevel,
	"info": zerolog.InfoLevel, "information": zerolog.InfoLevel, "notice": zerolog.InfoLevel, "http": zerolog.InfoLevel,
	"default": zerolog.InfoLevel,
	"warn":    zerolog.WarnLevel, "warning": zerolog.WarnLevel,
	"error": zerolog.ErrorLevel, "err": zerolog.ErrorLevel,
	"fatal": zerolog.FatalLevel, "critical": zerolog.FatalLevel, "crit": zerolog.FatalLevel, "alert": zerolog.FatalLevel,
	"panic": zerolog.PanicLevel, "dpanic": zerolog.PanicLevel, "emergency": zerolog.PanicLevel, "emerg": zerolog.PanicLevel,
}

// tens are the levels of pino and bunyan, by tens; what lies between two is the lower one.
var tens = []zerolog.Level{
	1: zerolog.TraceLevel, zerolog.DebugLevel, zerolog.InfoLevel, zerolog.WarnLevel, zerolog.ErrorLevel, zerolog.FatalLevel,
}

// takeLevel removes the level and returns it. What is not known as one stays a field.
func (e entry) takeLevel() zerolog.Level {
	for _, name := range levelNames {
		if level, known := levelOf(e[name]); known {
			delete(e, name)
			return level
		}
	}
	return zerolog.InfoLevel
}

func levelOf(value any) (level zerolog.Level, known bool) {
	switch value := value.(type) {
	case string:
		if between := strings.IndexAny(value, "+-"); between > 0 { // slog says INFO+2 for what lies between two
			value = value[:between]
		}
		level, known = levels[strings.ToLower(value)]
	case json.Number:
		n, err := strconv.Atoi(value.String())
		if known = err == nil && n >= 10 && n < 10*len(tens); known {
			level = tens[n/10]
		}
	}
	return level, known
}

// takeMessage removes the message and returns it.
func (e entry) takeMessage() string {
	for _, name := range messageNames {
		if text, ok := e[name].(string); ok {
			delete(e, name)
			return text
		}
	}
	return ""
}

// moveTime gives the time another name: the line gets one of its own.
func (e entry) moveTime() {
	for _, name := range timeNames {
		switch e[name].(type) {
		case string, json.Number:
			e.rename(name, "logged_at")
			return
		}
	}
}
