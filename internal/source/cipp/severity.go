package cipp

import (
	"strconv"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// rowSeverity is the severity that a row itself states, or 0. [A]
func rowSeverity(v jsontree.Value) alert.Severity {
	for _, place := range []jsontree.Value{v, v.Get("Details").Unwrap()} {
		for _, name := range []string{"Severity", "MalwareSeverity", "Risk", "RiskLevel"} {
			if s := alert.ParseSeverity(place.Str(name)); s != 0 {
				return s
			}
		}
	}
	score, err := strconv.ParseFloat(v.Str("CVSSScore"), 64)
	switch {
	case err != nil:
		return 0
	case score >= 9:
		return alert.Critical
	case score >= 7:
		return alert.Error
	case score >= 4:
		return alert.Warning
	}
	return alert.Info
}

func orSeverity(s, fallback alert.Severity) alert.Severity {
	if s != 0 {
		return s
	}
	return fallback
}
