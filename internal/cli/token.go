package cli

import (
	"cmp"
	"time"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make an API token and print it, this once."`
	List   tokenListCmd   `cmd:"" help:"List API tokens."`
	Delete tokenDeleteCmd `cmd:"" help:"Delete an API token."`
}

type tokenCreateCmd struct {
	Name    string `arg:"" help:"What to call it."`
	Expires string `help:"How long it works: 90d, 12h; left out: for ever." placeholder:"TIME"`
	remote
}

// Help is shown by --help.
func (*tokenCreateCmd) Help() string {
	return `Example: halert token create backup-script --expires 90d`
}

// Run makes a token.
func (c *tokenCreateCmd) Run(s *session) error {
	made, err := c.client(s).CreateToken(s.ctx, c.Name, c.Expires)
	if err != nil {
		return err
	}
	if err := s.print(made.Secret + "\n"); err != nil {
		return err
	}
	s.remark("keep it safe: it is not shown again")
	return nil
}

type tokenListCmd struct {
	JSON bool `name:"json" help:"Print the API's items as a JSON array."`
	remote
}

// Help is shown by --help.
func (*tokenListCmd) Help() string {
	return `The tokens themselves are not shown. The one in the server's HALERT_API_TOKEN is not listed.

Example: halert token list`
}

// Run lists the tokens.
func (c *tokenListCmd) Run(s *session) error {
	tokens, err := c.client(s).Tokens(s.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(tokens)
	}
	if len(tokens) == 0 {
		s.remark("nothing to show")
		return nil
	}
	t := table{columns: []column{{head: "NAME"}, {head: "AGE"}, {head: "EXPIRES"}}}
	for _, token := range tokens {
		expires := ""
		if token.ExpiresAt != nil {
			expires = token.ExpiresAt.Format(time.RFC3339)
		}
		t.add(token.Name, age(s.now(), token.CreatedAt), cmp.Or(expires, "never"))
	}
	return s.print(t.render(s.style()))
}

type tokenDeleteCmd struct {
	Name string `arg:"" help:"Which."`
	remote
}

// Help is shown by --help.
func (*tokenDeleteCmd) Help() string {
	return `The token ceases to work at once.

Example: halert token delete backup-script`
}

// Run deletes a token.
func (c *tokenDeleteCmd) Run(s *session) error {
	return c.client(s).DeleteToken(s.ctx, c.Name)
}
