package app

import (
	"fmt"

	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/render"
)

// parseTemplates makes the configured templates ready, by their names.
func parseTemplates(all []config.Template) (map[string]*render.Templates, error) {
	out := make(map[string]*render.Templates, len(all))
	for _, t := range all {
		made, err := render.ParseTemplates(t.Texts)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", t.Name, err)
		}
		out[t.Name] = made
	}
	return out, nil
}
