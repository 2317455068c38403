package cli

type notifyCmd struct {
	Test notifyTestCmd `cmd:"" help:"Send a test message by each way that is configured."`
}

type notifyTestCmd struct {
	remote
}

// Help is shown by --help.
func (*notifyTestCmd) Help() string {
	return `The ways are those of the section notify in the configuration: mail, a webhook. Exit status 1 if
one of them does not take the message.

Example: halert notify test`
}

// Run sends the messages.
func (c *notifyTestCmd) Run(s *session) error {
	res, err := c.client(s).TestNotify(s.ctx)
	if err != nil {
		return err
	}
	out := &testOutput{session: s, style: s.style()}
	for _, step := range res.Steps {
		out.step(step)
	}
	return out.verdict()
}
