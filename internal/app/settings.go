package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/heard"
	"github.com/halert/halert/internal/ingest"
	"github.com/halert/halert/internal/notify"
	"github.com/halert/halert/internal/pipeline"
	"github.com/halert/halert/internal/secret"
	"github.com/halert/halert/internal/snooze"
	"github.com/halert/halert/internal/source"
	"github.com/halert/halert/internal/source/generic"
	"github.com/halert/halert/internal/store"
)

// Names of settings in the store.
const (
	settingConfig     = "config"      // YAML without secrets
	settingHaloSecret = "secret/halo" // sealed
	settingWebhook    = "secret/webhook"
	settingSource     = "secret/source/"
	settingMailSecret = "secret/notify/email"   // sealed
	settingHookSecret = "secret/notify/webhook" // sealed
	settingVersion    = "config/version"        // changes with each configuration that is applied
)

// settings keeps the applied configuration and hands it to the parts.
type settings struct {
	store *store.Store
	key   secret.Key
	now   func() time.Time
	log   *slog.Logger

	publicURL string // without a slash at its end; may be empty

	ingest   *ingest.Receiver
	pipeline *pipeline.Pipeline
	deliver  *deliver.Deliverer
	notify   *notify.Notifier
	heard    *heard.Watch
	keep     atomic.Pointer[store.Retention]

	rehearsing sync.Mutex // one rehearsal at a time: it takes a processor

	mu   sync.Mutex // one configuration at a time is put to work
	used []byte     // the version that is at work
}

// watchEvery is how often a process looks whether another one on the same
// database has applied a configuration.
const watchEvery = 3 * time.Second

// watch puts configurations to work that other processes applied.
func (s *settings) watch(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := s.load(ctx); err != nil && ctx.Err() == nil {
			log.Error("the stored configuration could not be taken up; the former one stays at work", "error", err)
		}
	}
}

// load puts the stored configuration to work, if there is one and it is not
// at work already.
func (s *settings) load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, err := s.store.Setting(ctx, settingVersion)
	if err != nil || version == nil || bytes.Equal(version, s.used) {
		return err
	}
	stored, err := s.store.Setting(ctx, settingConfig)
	if err != nil {
		return err
	}
	c, err := config.Parse("stored configuration", stored, config.Lookup{})
	if err != nil {
		return fmt.Errorf("read the stored configuration; apply it anew with `halert apply -f FILE`: %w", err)
	}
	if err := s.use(ctx, c); err != nil {
		return err
	}
	s.used = version
	return nil
}

// apply stores a configuration and puts it to work. It returns what changes.
// A dry run only tells. With ask the names in the routes are compared with
// Halo's. The error may be config.Problems.
func (s *settings) apply(ctx context.Context, name string, data []byte, lookup config.Lookup, dryRun, ask bool) (string, error) {
	c, err := config.Parse(name, data, lookup)
	if err != nil {
		return "", err
	}
	old, err := s.store.Setting(ctx, settingConfig)
	if err != nil {
		return "", err
	}
	values, changed, err := s.secrets(ctx, name, c)
	if err != nil {
		return "", err
	}
	fresh := c.YAML()
	change := string(diff.Diff("applied", old, name, fresh))
	for _, path := range changed {
		change += "~ " + path + ": a new secret\n"
	}
	if ask && change != "" {
		if err := s.checkNames(ctx, name, data, c); err != nil {
			return "", err
		}
	}
	if dryRun || change == "" {
		return change, nil
	}
	values[settingConfig], values[settingVersion] = fresh, []byte(store.NewID())
	if err := s.store.PutSettings(ctx, values, s.now()); err != nil {
		return "", fmt.Errorf("store the configuration: %w", err)
	}
	return change, s.load(ctx)
}

// secrets returns what is to be stored of the secrets that the file gives,
// and the paths of those that change. One that is neither given nor stored is
// a problem.
func (s *settings) secrets(ctx context.Context, name string, c *config.Config) (map[string][]byte, []string, error) {
	values := make(map[string][]byte)
	var changed []string
	var problems config.Problems
	missing := func(path string) {
		problems = append(problems, config.Problem{File: name, Line: 1, Column: 1, Path: path, Text: "no secret is given, and none is stored yet"})
	}
	stored, err := s.open(ctx, settingHaloSecret)
	if err != nil {
		return nil, nil, err
	}
	switch given := c.Halo.ClientSecret.Reveal(); {
	case given == "" && stored == "":
		missing("halo.client_secret")
	case given != "" && given != stored:
		values[settingHaloSecret] = s.key.Seal([]byte(given), settingHaloSecret)
		changed = append(changed, "halo.client_secret")
	}
	hash, err := s.store.Setting(ctx, settingWebhook)
	if err != nil {
		return nil, nil, err
	}
	if given := c.Halo.WebhookSecret.Reveal(); given != "" && !secret.Equal(hash, given) {
		values[settingWebhook] = secret.HashToken(given)
		changed = append(changed, "halo.webhook_secret")
	}
	for _, src := range c.Sources {
		hash, err := s.store.Setting(ctx, settingSource+src.Name)
		if err != nil {
			return nil, nil, err
		}
		path := "sources." + src.Name + ".secret"
		switch given := src.Secret.Reveal(); {
		case given == "" && hash == nil:
			missing(path)
		case given != "" && !secret.Equal(hash, given):
			values[settingSource+src.Name] = secret.HashToken(given)
			changed = append(changed, path)
		}
	}
	told, err := s.notifySecrets(ctx, c.Notify, values, missing)
	if err != nil {
		return nil, nil, err
	}
	if len(problems) > 0 {
		return nil, nil, problems
	}
	return values, append(changed, told...), nil
}

// open returns a sealed secret; it is empty if there is none.
func (s *settings) open(ctx context.Context, name string) (string, error) {
	sealed, err := s.store.Setting(ctx, name)
	if err != nil || len(sealed) == 0 {
		return "", err
	}
	plain, err := s.key.Open(sealed, name)
	if err != nil {
		return "", err
	}
	return string(plain), nil
}

// use hands a configuration to the parts.
func (s *settings) use(ctx context.Context, c *config.Config) error {
	p, err := decisions(c)
	if err != nil {
		return err
	}
	var sources []ingest.Source
	var limits []heard.Limit
	for _, src := range c.Sources {
		hash, err := s.store.Setting(ctx, settingSource+src.Name)
		if err != nil {
			return err
		}
		limits = append(limits, heard.Limit{Source: src.Name, After: src.SilentAfter, Tenants: src.SilentTenantsAfter})
		sources = append(sources, ingest.Source{Name: src.Name, Kind: src.Kind, SecretHash: hash, Parser: p.Parsers[src.Name]})
	}
	client, err := s.client(ctx, c)
	if err != nil {
		return err
	}
	webhook, err := s.store.Setting(ctx, settingWebhook)
	if err != nil {
		return err
	}
	ways, err := s.notifySettings(ctx, c.Notify)
	if err != nil {
		return err
	}
	templates, err := parseTemplates(c.Templates)
	if err != nil {
		return err
	}
	s.notify.Configure(ways)
	s.heard.Configure(limits)
	s.keep.Store(&store.Retention{Bodies: c.Retention.Bodies, History: c.Retention.History})
	s.ingest.Configure(sources, webhook)
	s.pipeline.Configure(p)
	return s.deliver.Configure(ctx, client, deliver.Settings{
		TicketType: c.Halo.TicketType, Priority: c.Halo.Priority, RequestSource: c.Halo.RequestSource,
		NoteOutcome: c.Halo.NoteOutcome, ClosedStatus: c.Halo.ClosedStatus,
		Templates: templates, LinkAssets: c.Halo.LinkAssets, AdoptCIPP: c.Halo.AdoptCIPP, SnoozeLink: s.snoozeLink(c.Halo.SnoozeLinks),
		RateLimit: c.Halo.RateLimit.Calls, RateWindow: c.Halo.RateLimit.Per,
	})
}

// decisions are what a configuration says about alerts.
func decisions(c *config.Config) (pipeline.Settings, error) {
	directory, err := c.Directory()
	if err != nil {
		return pipeline.Settings{}, err
	}
	p := pipeline.Settings{Customers: directory, Triage: c.Triage(), Consolidate: c.Halo.Consolidate, LinkUsers: c.Halo.LinkUsers,
		Parsers: make(map[string]source.Parser), Routes: c.Routes, Quiet: c.Quiet()}
	if c.Storm != nil {
		p.Storm = store.Brake{Tickets: c.Storm.Tickets, Within: c.Storm.Within}
	}
	for _, src := range c.Sources {
		p.Parsers[src.Name], err = source.New(src.Kind, source.Options{CIPPURL: src.URL, Generic: mapping(src.Fields)})
		if err != nil {
			return pipeline.Settings{}, fmt.Errorf("source %s: %w", src.Name, err)
		}
	}
	return p, nil
}

// mapping is the form in which a generic source wants its fields. Several
// words for "over" are parted by commas.
func mapping(f config.Fields) generic.Mapping {
	m := generic.Mapping{List: f.List, Tenant: f.Tenant, Title: f.Title, Severity: f.Severity, Kind: f.Kind, ID: f.ID,
		Status: f.Status, User: f.User, Device: f.Device, URL: f.URL, Message: f.Message}
	for word := range strings.SplitSeq(f.Resolved, ",") {
		if word = strings.TrimSpace(word); word != "" {
			m.Resolved = append(m.Resolved, word)
		}
	}
	return m
}

// snoozeLink makes the addresses of snooze pages, where they are asked for.
func (s *settings) snoozeLink(wanted bool) func(string) string {
	if !wanted {
		return nil
	}
	if s.publicURL == "" {
		s.log.Warn("halo.snooze_links is set, but tickets have no such links: start the server with --public-url, the address under which technicians reach it")
		return nil
	}
	return func(ticketID string) string { return snooze.Link(s.key, s.publicURL, ticketID) }
}

// client makes a new client for the configured Halo, with the stored secret.
func (s *settings) client(ctx context.Context, c *config.Config) (*halo.Client, error) {
	clientSecret, err := s.open(ctx, settingHaloSecret)
	if err != nil {
		return nil, err
	}
	return newHalo(c.Halo, clientSecret), nil
}

func newHalo(h config.Halo, clientSecret string) *halo.Client {
	return &halo.Client{ResourceURL: h.ResourceURL, AuthURL: h.AuthURL, Tenant: h.Tenant, ClientID: h.ClientID, ClientSecret: clientSecret}
}

// current returns the stored configuration.
func (s *settings) current(ctx context.Context) (*config.Config, error) {
	stored, err := s.store.Setting(ctx, settingConfig)
	if err != nil {
		return nil, err
	}
	if stored == nil {
		return nil, errNoConfig
	}
	return config.Parse("stored configuration", stored, config.Lookup{})
}

var errNoConfig = errors.New("nothing is configured yet: apply a configuration with `halert apply -f FILE`")
