package app

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/haloname"
)

// askHalo bounds the look at Halo's lists while a configuration is applied.
const askHalo = 15 * time.Second

// checkNames compares what the routes name with what Halo has. Where Halo
// cannot be asked, the names are taken on trust and looked up when a ticket
// needs them: a configuration can be applied while Halo is down.
func (s *settings) checkNames(ctx context.Context, name string, data []byte, c *config.Config) error {
	wanted := wantedNames(c)
	if len(wanted) == 0 {
		return nil
	}
	stored, err := s.open(ctx, settingHaloSecret)
	if err != nil {
		return err
	}
	secret := cmp.Or(c.Halo.ClientSecret.Reveal(), stored)
	ctx, cancel := context.WithTimeout(ctx, askHalo)
	defer cancel()
	client := newHalo(c.Halo, secret)
	client.Wait = s.deliver.Wait
	found, err := haloname.Check(ctx, client, wanted)
	if err != nil {
		s.log.Warn("the names in the routes could not be compared with Halo's; they are looked up when a ticket needs them", "error", err)
		return nil
	}
	var problems config.Problems
	for _, p := range found {
		if one := config.At(name, data, inFile(p.Path), p.Text); !slices.Contains(problems, one) {
			problems = append(problems, one)
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// wantedNames lists what each route puts on its tickets: one entry for a
// route, and one more for each severity that has its own priority.
func wantedNames(c *config.Config) []haloname.Wanted {
	var all []haloname.Wanted
	for i, r := range c.Routes {
		path := fmt.Sprintf("routes[%d].ticket", i)
		if !reflect.ValueOf(r.Fields).IsZero() {
			all = append(all, haloname.Wanted{Path: path, Fields: r.Fields, TicketType: c.Halo.TicketType})
		}
		for _, severity := range []alert.Severity{alert.Critical, alert.Error, alert.Warning, alert.Info} {
			if ref, ok := r.PriorityBy[severity]; ok {
				all = append(all, haloname.Wanted{Path: path + "@" + severity.String(), Fields: alert.Fields{TicketType: r.Fields.TicketType, Priority: &ref}, TicketType: c.Halo.TicketType})
			}
		}
	}
	return all
}

// inFile turns the path of a field into that of its key in the file.
func inFile(path string) string {
	ticket, key, _ := strings.Cut(path, ".ticket")
	severity := ""
	if rest, ok := strings.CutPrefix(key, "@"); ok {
		severity, key, _ = strings.Cut(rest, ".")
		if key == "ticket_type" {
			severity = ""
		}
	}
	key = strings.TrimPrefix(key, ".")
	switch {
	case key == "ticket_type":
		key = "type"
	case strings.HasPrefix(key, "category_"):
		key = "category"
	case strings.HasPrefix(key, "custom."):
		key = "fields." + strings.TrimPrefix(key, "custom.")
	}
	if severity != "" {
		key += "." + severity
	}
	return ticket + ".ticket." + key
}
