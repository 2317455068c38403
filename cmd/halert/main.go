// Command halert turns alerts into HaloPSA tickets.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/halert/halert/internal/cli"
)

func main() {
	os.Exit(run())
}

// run gives the signals their meaning: the first asks to end in order, a
// second one ends at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr, commands())
}
