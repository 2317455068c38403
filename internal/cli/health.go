package cli

import (
	"fmt"
	"runtime/debug"
)

type healthCmd struct {
	Ready bool `help:"Ask too whether it can store alerts and deliver them."`
	remote
}

// Help is shown by --help.
func (*healthCmd) Help() string {
	return `Exit status 0 and "ok", or 1 with the reason. It needs no token; use it as a container's health
check.

Example: halert healthcheck --ready`
}

// Run asks.
func (c *healthCmd) Run(s *session) error {
	hc := c.client(s)
	if err := hc.Health(s.ctx); err != nil {
		return err
	}
	if c.Ready {
		if err := hc.Ready(s.ctx); err != nil {
			return err
		}
	}
	return s.print("ok\n")
}

type versionCmd struct{}

// Help is shown by --help.
func (*versionCmd) Help() string { return `Example: halert version` }

// Run prints the version that the Go tool wrote into the program.
func (*versionCmd) Run(s *session) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return s.print("halert, built without a version\n")
	}
	return s.print(versionLine(info))
}

// Version is the program's version as the Go tool wrote it into the program.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func versionLine(info *debug.BuildInfo) string {
	version, revision, modified := info.Main.Version, "", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = ", commit " + setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			modified = ", modified"
		}
	}
	if version == "" {
		version = "(devel)"
	}
	return fmt.Sprintf("halert %s (%s%s%s)\n", version, info.GoVersion, revision, modified)
}
