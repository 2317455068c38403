package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/render"
)

// templates are those of the configuration in force.
func (s *settings) templates(ctx context.Context) (map[string]*render.Templates, error) {
	c, err := s.current(ctx)
	if errors.Is(err, errNoConfig) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseTemplates(c.Templates)
}

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
