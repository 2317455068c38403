package app

import (
	"context"
	"net/http"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/notify"
)

// notifyEvery is how often it is looked whether people are to be told.
const notifyEvery = 10 * time.Second

// notifySecrets puts what is to be stored of the secrets of notifications
// into values, and returns the paths of those that change. A secret whose use
// is not configured any more is forgotten.
func (s *settings) notifySecrets(ctx context.Context, n *config.Notify, values map[string][]byte, missing func(path string)) ([]string, error) {
	var password, signing config.Secret
	var signsIn, posts bool
	if n != nil && n.Email != nil {
		password, signsIn = n.Email.Password, n.Email.Username != ""
	}
	if n != nil && n.Webhook != nil {
		signing, posts = n.Webhook.Secret, true
	}
	var changed []string
	for _, w := range []struct {
		name, path   string
		given        string
		used, needed bool
	}{
		{settingMailSecret, "notify.email.password", password.Reveal(), signsIn, signsIn},
		{settingHookSecret, "notify.webhook.secret", signing.Reveal(), posts, false},
	} {
		stored, err := s.open(ctx, w.name)
		if err != nil && w.given == "" && w.used { // one that is given anew, or not used, need not be opened
			return nil, err
		}
		switch {
		case !w.used:
			if stored != "" || err != nil {
				values[w.name] = []byte{}
			}
		case w.given == "" && stored == "" && w.needed:
			missing(w.path)
		case w.given != "" && w.given != stored:
			values[w.name] = s.key.Seal([]byte(w.given), w.name)
			changed = append(changed, w.path)
		}
	}
	return changed, nil
}

// notifySettings are the ways to tell people, with their stored secrets.
func (s *settings) notifySettings(ctx context.Context, n *config.Notify) (notify.Settings, error) {
	if n == nil {
		return notify.Settings{}, nil
	}
	out := notify.Settings{StuckAfter: n.StuckAfter}
	if e := n.Email; e != nil {
		password, err := s.open(ctx, settingMailSecret)
		if err != nil {
			return out, err
		}
		out.Email = &notify.Email{Server: e.Server, From: e.From, To: e.To, Username: e.Username, Password: password, TLS: notify.TLSMode(e.TLS)}
	}
	if w := n.Webhook; w != nil {
		signing, err := s.open(ctx, settingHookSecret)
		if err != nil {
			return out, err
		}
		out.Webhook = &notify.Webhook{URL: w.URL, Secret: signing}
	}
	return out, nil
}

// testNotify sends a test message by each way.
func (a *App) testNotify(ctx context.Context) ([]api.TestStep, error) {
	results := a.settings.notify.Test(ctx)
	if len(results) == 0 {
		return nil, httpserver.Errorf(http.StatusConflict, "nothing_configured", "no way to tell people is configured: add the section notify to the configuration, and apply it")
	}
	steps := make([]api.TestStep, len(results))
	for i, r := range results {
		steps[i] = api.TestStep{Name: r.Channel, OK: r.Err == nil, Detail: "a test message was taken for " + r.To + "; look whether it arrives"}
		if r.Err != nil {
			steps[i].Detail = r.Err.Error()
			steps[i].Remedy = "Put notify." + r.Channel + " right in the configuration, or whatever lies between this server and " + r.To + "."
		}
	}
	return steps, nil
}
