package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/rehearse"
)

const (
	maxRehearsed  = 200_000 // bodies that are played
	rehearsedPage = 50      // of them in memory at a time
)

// rehearse plays the bodies of the latest time through a draft, beside the
// configuration in force.
func (s *settings) rehearse(ctx context.Context, file string, yaml []byte, since time.Duration) (rehearse.Rehearsal, error) {
	draft, err := config.Parse(file, yaml, config.Lookup{})
	if problems, is := errors.AsType[config.Problems](err); is {
		return rehearse.Rehearsal{}, fileProblems(problems)
	}
	current, err := s.current(ctx)
	switch {
	case errors.Is(err, errNoConfig):
		return rehearse.Rehearsal{}, httpserver.Errorf(http.StatusConflict, "nothing_configured", "there is nothing to compare with: %v", err)
	case err != nil:
		return rehearse.Rehearsal{}, err
	case since > current.Retention.Bodies:
		return rehearse.Rehearsal{}, httpserver.Errorf(http.StatusUnprocessableEntity, "since_too_long",
			"bodies are kept for %d days: rehearse at most those, or keep them for longer (retention.bodies)", current.Retention.Bodies/(24*time.Hour))
	}
	if !s.rehearsing.TryLock() {
		return rehearse.Rehearsal{}, httpserver.Errorf(http.StatusConflict, "rehearsal_running", "another rehearsal is running: try again when it is done")
	}
	defer s.rehearsing.Unlock()
	until := s.now()
	player, err := s.player(ctx, current, draft, until.Add(-since))
	if err != nil {
		return rehearse.Rehearsal{}, err
	}
	return s.play(ctx, player, until.Add(-since), until, maxRehearsed)
}

// player joins the two configurations to what is known besides them.
func (s *settings) player(ctx context.Context, current, draft *config.Config, since time.Time) (*rehearse.Player, error) {
	inForce, err := rulesOf(current)
	if err != nil {
		return nil, err
	}
	theirs, err := rulesOf(draft)
	if err != nil {
		return nil, err
	}
	for _, src := range draft.Sources { // a source that is alike reads each body once
		same := func(o config.Source) bool {
			return o.Name == src.Name && o.Kind == src.Kind && o.URL == src.URL && o.Fields == src.Fields
		}
		if slices.ContainsFunc(current.Sources, same) {
			theirs.Parsers[src.Name] = inForce.Parsers[src.Name]
		}
	}
	known, err := s.store.Aliases(ctx)
	if err != nil {
		return nil, err
	}
	silences, err := s.store.SilencesSince(ctx, since)
	if err != nil {
		return nil, err
	}
	return rehearse.New(inForce, theirs, known, silences), nil
}

// play reads the bodies page by page.
func (s *settings) play(ctx context.Context, p *rehearse.Player, since, until time.Time, limit int) (rehearse.Rehearsal, error) {
	at, after, played := since, "", 0
	for {
		page, err := s.store.Recorded(ctx, at, after, min(rehearsedPage, limit-played+1))
		if err != nil {
			return rehearse.Rehearsal{}, err
		}
		for _, e := range page {
			switch {
			case ctx.Err() != nil:
				return rehearse.Rehearsal{}, fmt.Errorf("rehearse a draft: %w", ctx.Err())
			case e.ReceivedAt.After(until):
				return p.Result(since, until, true), nil
			case played == limit:
				return p.Result(since, at, false), nil
			}
			p.Take(e)
			at, after = e.ReceivedAt, e.ID
			played++
		}
		if len(page) == 0 {
			return p.Result(since, until, true), nil
		}
	}
}

// rulesOf are the rules of a configuration.
func rulesOf(c *config.Config) (rehearse.Rules, error) {
	p, err := decisions(c)
	return rehearse.Rules{Settings: p, TicketType: c.Halo.TicketType, Priority: c.Halo.Priority}, err
}

// tryRoutes is TryRoutes with the configuration in force.
func (s *settings) tryRoutes(ctx context.Context, source string, payload []byte, at time.Time) (rehearse.Trial, error) {
	current, err := s.current(ctx)
	if errors.Is(err, errNoConfig) {
		return rehearse.Trial{}, httpserver.Errorf(http.StatusConflict, "nothing_configured", "there are no rules to try: %v", err)
	}
	if err != nil {
		return rehearse.Trial{}, err
	}
	return TryRoutes(current, source, payload, at)
}

// TryRoutes decides about one payload by a configuration, without a server.
// An empty source is the one whose kind understands the payload.
func TryRoutes(c *config.Config, source string, payload []byte, at time.Time) (rehearse.Trial, error) {
	rules, err := rulesOf(c)
	if err != nil {
		return rehearse.Trial{}, err
	}
	if source == "" {
		if source, err = sourceFor(c, rules, payload); err != nil {
			return rehearse.Trial{}, err
		}
	}
	return rehearse.Try(rules, source, payload, at)
}

// sourceFor chooses the source of a payload: of the kinds that understand it,
// the one that is least easily pleased.
func sourceFor(c *config.Config, rules rehearse.Rules, payload []byte) (string, error) {
	if len(c.Sources) == 1 {
		return c.Sources[0].Name, nil // whatever is wrong with the payload is told then
	}
	for _, kind := range []string{config.KindAlertmanager, config.KindCIPP, config.KindGeneric} {
		var names []string
		understood := false
		for _, src := range c.Sources {
			if src.Kind != kind {
				continue
			}
			names = append(names, src.Name)
			if body, err := rules.Parsers[src.Name].Prepare(payload); err == nil {
				_, err = rules.Parsers[src.Name].Parse(body)
				understood = understood || err == nil
			}
		}
		switch {
		case understood && len(names) == 1:
			return names[0], nil
		case understood:
			return "", fmt.Errorf("several sources of the file could have sent the payload: name one with --source (%s)", strings.Join(names, ", "))
		}
	}
	return "", errors.New("no source of the file understands the payload: give a body as a sender posts it, or name its source with --source to learn what is wrong")
}
