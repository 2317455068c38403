package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
)

type sendCmd struct {
	Source     string        `required:"" help:"Name of the source that takes the payload." placeholder:"NAME"`
	SecretFile string        `help:"File with the source's secret, if it is not in HALERT_SOURCE_SECRET." placeholder:"FILE"`
	Wait       bool          `help:"Wait until Halo has a ticket, or it is known why not; this needs an API token."`
	Timeout    time.Duration `help:"How long to wait for each." default:"2m" placeholder:"DUR"`
	File       []string      `arg:"" help:"Payload files; - is stdin."`
	remote
}

// Help is shown by --help.
func (*sendCmd) Help() string {
	return `Prints the id of each event, and with --wait what became of it.

Example: HALERT_SOURCE_SECRET=… halert send --source cipp --wait payload.json`
}

// Run sends the files.
func (c *sendCmd) Run(s *session) error {
	secret := s.env("HALERT_SOURCE_SECRET")
	if c.SecretFile != "" {
		b, err := os.ReadFile(c.SecretFile)
		if err != nil {
			return fmt.Errorf("read the secret: %w", err)
		}
		secret = strings.TrimRight(string(b), "\r\n")
	}
	if secret == "" {
		return fmt.Errorf("the secret of source %s is missing: put it into HALERT_SOURCE_SECRET, or into a file for --secret-file", c.Source)
	}
	hc := c.client(s)
	for _, file := range c.File {
		body, err := s.fileOrStdin(file)
		if err != nil {
			return err
		}
		id, err := hc.Send(s.ctx, c.Source, secret, body)
		if err != nil {
			return fmt.Errorf("send %s: %w", file, withEvent(err))
		}
		line := id
		if c.Wait {
			outcome, err := c.follow(s, hc, id)
			if err != nil {
				return fmt.Errorf("event %s (%s): %w", id, file, err)
			}
			line += " " + outcome
		}
		if err := s.print(line + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// withEvent adds the id under which a refused body is kept.
func withEvent(err error) error {
	if e, ok := errors.AsType[*client.Error](err); ok && e.ID != "" {
		return fmt.Errorf("%w; the body is kept as event %s", err, e.ID)
	}
	return err
}

// pollEvery is the pause between two looks at an event.
const pollEvery = 200 * time.Millisecond

// follow waits until an event has come to its end, and says which.
func (c *sendCmd) follow(s *session, hc *client.Client, id string) (string, error) {
	ctx, cancel := context.WithTimeout(s.ctx, c.Timeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	waitsFor := "it is not read yet"
	for {
		e, err := hc.Event(ctx, id)
		if err != nil && ctx.Err() == nil {
			return "", err
		}
		if err == nil {
			outcome, waits, err := eventOutcome(e)
			if waits == "" {
				return outcome, err
			}
			waitsFor = waits
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if s.ctx.Err() != nil {
				return "", s.ctx.Err()
			}
			return "", fmt.Errorf("no ticket within %s: %s; halert explain %s says more", c.Timeout, waitsFor, id)
		}
	}
}

// eventOutcome says what became of an event, or what it waits for.
func eventOutcome(e api.Event) (outcome, waits string, err error) {
	switch e.Status {
	case "pending":
		return "", "it is not read yet", nil
	case "quarantined":
		return "", "", fmt.Errorf("in quarantine: %s", oneLine(e.Error))
	}
	var parts []string
	for _, d := range e.Deliveries {
		switch {
		case d.State == "discarded":
			return "", "", fmt.Errorf("ticket %s was refused: %s; mend the cause, then: halert deliveries replay %s", d.Reference, oneLine(d.Error), d.ID)
		case d.HaloID == nil:
			return "", cmp.Or(oneLine(d.Error), "Halo does not have ticket "+d.Reference+" yet"), nil
		}
		parts = append(parts, fmt.Sprintf("ticket %d", *d.HaloID))
	}
	for _, a := range e.Alerts {
		if a.Held {
			parts = append(parts, "held: "+oneLine(a.HeldReason))
		}
	}
	if len(parts) == 0 {
		return strings.TrimSuffix("no ticket: "+oneLine(e.Note), ": "), "", nil
	}
	return strings.Join(parts, ", "), "", nil
}
