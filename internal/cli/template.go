package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/config"
)

type templateCmd struct {
	Try templateTryCmd `cmd:"" help:"Write a stored ticket by a template, without Halo."`
}

type templateTryCmd struct {
	File   string `short:"f" help:"Configuration file with the template; - is stdin; left out: the server's own configuration." placeholder:"FILE"`
	Name   string `required:"" help:"Name of the template." placeholder:"NAME"`
	Ticket string `required:"" help:"Id of the ticket, its reference, or Halo's ticket id." placeholder:"ID"`
	JSON   bool   `name:"json" help:"Print the API's answer."`
	remote
}

// Help is shown by --help.
func (*templateTryCmd) Help() string {
	return `Prints the subject, the body and a note on the ticket's last report, as Halo would get them. Exit
status 1 if the template fails for this ticket; what is printed then is halert's own text.

Example: halert template try -f halert.yaml --name security --ticket 2818`
}

// Run tries the template.
func (c *templateTryCmd) Run(s *session) error {
	hc := c.client(s)
	r := api.PreviewRequest{Name: c.Name, TicketID: c.Ticket}
	if c.File != "" {
		t, err := c.fromFile(s)
		if err != nil {
			return err
		}
		r.Name, r.Summary, r.Body, r.Note = "", t.Texts.Summary, t.Texts.Body, t.Texts.Note
	}
	if f, isTicket := ticketFilter(c.Ticket); isTicket {
		found, err := findTickets(s, hc, c.Ticket, f)
		if err != nil {
			return err
		}
		r.TicketID = found[0].ID
	}
	p, err := hc.PreviewTemplates(s.ctx, r)
	if err != nil {
		return err
	}
	if c.JSON {
		err = s.printJSON(p)
	} else {
		err = s.print(fmt.Sprintf("SUMMARY\n%s\n\nBODY\n%s\n\nNOTE\n%s\n", p.Summary, p.Body, p.Note))
	}
	if err != nil {
		return err
	}
	if p.Error != "" {
		return errors.New("halert's own text is shown where the template fails: " + oneLine(p.Error))
	}
	return nil
}

// fromFile finds the template in a configuration file.
func (c *templateTryCmd) fromFile(s *session) (config.Template, error) {
	cfg, err := s.readConfig(c.File)
	if err != nil {
		return config.Template{}, err
	}
	i := slices.IndexFunc(cfg.Templates, func(t config.Template) bool { return t.Name == c.Name })
	if i < 0 {
		return config.Template{}, fmt.Errorf("%s has no template %q; give the name of one in its section templates", c.File, c.Name)
	}
	return cfg.Templates[i], nil
}
